"""All that can be found out about a file system, and what is wrong with it for this project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.shared import EXPORT, AwsOptions
from miniwdl_aws_fsx_mount.checks.cost import check_cost
from miniwdl_aws_fsx_mount.checks.preflight import (
    check_associations,
    check_export,
    check_file_system,
    check_root_squash,
    check_version,
)
from miniwdl_aws_fsx_mount.hosts.network import check_kind, check_mounting, check_ports, check_zone
from miniwdl_aws_hooks import Check, CheckState, MiniwdlAwsError
from miniwdl_aws_hooks.findings import not_checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_core.hosts.environments import ComputeEnvironment
    from miniwdl_aws_fsx_mount.aws.associations import Association
    from miniwdl_aws_fsx_mount.aws.file_system import FileSystem
    from miniwdl_aws_fsx_mount.aws.fsx_service import FsxService
    from miniwdl_aws_fsx_mount.hosts.compute import Hosts, Subnet
    from miniwdl_aws_hooks import Settings

__all__ = ["Survey", "take_survey"]


@dataclass
class Survey:
    """What was found. Parts that could not be looked at are empty, and a check says so."""

    system: FileSystem
    associations: tuple[Association, ...] = ()
    home: Subnet | None = None
    groups: tuple[str, ...] = ()
    checks: list[Check] = field(default_factory=list)


def take_survey(service: FsxService, hosts: Hosts, fsid: str, queues: Sequence[str], settings: Settings) -> Survey:
    """
    Look at a file system, its links to S3, and the hosts behind some job queues.

    :param queues: names or ARNs; none to look at the file system alone.
    :param settings: say whether results are to be exported, and where to.
    :raises MiniwdlAwsError: when the file system can't be looked up at all.
    """
    survey = Survey(service.file_system(fsid))
    survey.checks += check_file_system(survey.system)
    survey.checks.append(check_version(survey.system))
    survey.checks += check_root_squash(survey.system)
    survey.checks += check_cost(survey.system)
    try:
        survey.associations = service.associations(fsid)
        survey.checks += check_associations(survey.associations)
        if AwsOptions(settings).publish == EXPORT:
            survey.checks.append(check_export(survey.associations, AwsOptions(settings).s3_upload_folder))
    except MiniwdlAwsError as exc:
        survey.checks.append(not_checked("links to S3", exc, CheckState.WARNING))
    try:
        _survey_network(survey, hosts, queues)
    except MiniwdlAwsError as exc:
        survey.checks.append(not_checked("network", exc, CheckState.WARNING))
    return survey


def _survey_network(survey: Survey, hosts: Hosts, queues: Sequence[str]) -> None:
    system = survey.system
    if system.subnets:
        survey.home = hosts.subnets(system.subnets[:1])[0]
    if system.interfaces:
        survey.groups = hosts.groups_of(system.interfaces)
    for environment in hosts.environments(queues) if queues else ():
        problem = list(check_kind(environment))
        survey.checks += problem
        # The hosts of an unmanaged environment are whatever somebody attached to it.
        if problem or not environment.managed:
            continue
        _survey_environment(survey, hosts, environment)


def _survey_environment(survey: Survey, hosts: Hosts, environment: ComputeEnvironment) -> None:
    template = hosts.template(environment.template) if environment.template else None
    survey.checks.append(check_mounting(survey.system, environment, template.user_data if template else None))
    if survey.home is None or not environment.subnets:
        return
    subnets = hosts.subnets(environment.subnets)
    survey.checks.append(check_zone(survey.system, survey.home, environment, subnets))
    host_groups = environment.security_groups or (template.security_groups if template else ())
    if survey.groups and host_groups:
        survey.checks += check_ports(
            environment,
            system_rules=hosts.ingress(survey.groups),
            system_groups=survey.groups,
            system_block=survey.home.block,
            host_rules=hosts.ingress(host_groups),
            host_groups=host_groups,
            host_blocks=[subnet.block for subnet in subnets],
        )
