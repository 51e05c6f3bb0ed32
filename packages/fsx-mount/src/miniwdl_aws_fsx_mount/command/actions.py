"""What the subcommands of ``miniwdl-aws fsx`` do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, say
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_fsx_mount.aws.associations import PathMap
from miniwdl_aws_fsx_mount.aws.file_system import check_id
from miniwdl_aws_fsx_mount.aws.fsx_service import FsxService
from miniwdl_aws_fsx_mount.aws.objects import Objects
from miniwdl_aws_fsx_mount.aws.tasks import PATHS_LIMIT, TaskType, run_task
from miniwdl_aws_fsx_mount.checks.preflight import check_mount_path
from miniwdl_aws_fsx_mount.checks.survey import take_survey
from miniwdl_aws_fsx_mount.command.release import compare, describe, local_sizes, target_of
from miniwdl_aws_fsx_mount.command.show import survey_lines
from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_fsx_mount.hosts.compute import Hosts
from miniwdl_aws_fsx_mount.hosts.launch_template import LaunchTemplates
from miniwdl_aws_fsx_mount.hosts.user_data import HostOptions, encode, user_data
from miniwdl_aws_fsx_mount.mounts import sentinel_name
from miniwdl_aws_hooks import CheckState, ConfigurationError, EnvironSettings, ExitCode

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

__all__ = ["import_metadata", "release", "show", "write_user_data"]


def show(options: Namespace) -> int:
    """Print one screen about the file system."""
    fsid, settings = _fsid(options), EnvironSettings()
    aws = AwsOptions(settings)
    queues = [
        options.workflow_queue or aws.workflow_queue,
        options.task_queue or aws.task_queue,
    ]
    survey = take_survey(
        FsxService.connect(options.region),
        Hosts.connect(options.region),
        fsid,
        [queue for queue in queues if queue],
        settings,
    )
    emit(*survey_lines(survey))
    return ExitCode.FAILED if any(check.state is CheckState.FAILED for check in survey.checks) else ExitCode.OK


def import_metadata(options: Namespace) -> int:
    """Start import tasks for what associations link, and watch them."""
    fsid, service = _fsid(options), FsxService.connect(options.region)
    mapping = PathMap(service.associations(fsid))
    for uri in options.uris:
        S3Uri.parse(uri, what="what is to be imported")
        if mapping.locate_folder(uri) is None:
            raise FsxError(
                f"no data repository association of {fsid} covers {uri}",
                hint="`miniwdl-aws fsx show` lists the associations",
            )
    return _run_tasks(service, fsid, TaskType.IMPORT, options.uris, wait=not options.no_wait)


def write_user_data(options: Namespace) -> int:
    """Write user data to standard output, a file, or a launch template."""
    path_check = check_mount_path(options.mount)
    if path_check.state is not CheckState.OK:
        raise ConfigurationError(f"{path_check.subject} {path_check.message}", hint=path_check.hint)
    for name, given in (("--launch-template", options.launch_template), ("--out", options.out)):
        if given == "":
            raise ConfigurationError(f"{name} is empty", hint="name what to write to, or leave it out to see the text")
    fsid = _fsid(options)
    if options.amazon_linux == "2":
        # https://docs.aws.amazon.com/batch/latest/APIReference/API_Ec2Configuration.html
        say(
            "warning: AWS Batch's images of Amazon Linux 2 ended on 2026-06-30, and new compute environments with them "
            "are refused; use Amazon Linux 2023 (ECS_AL2023), without --amazon-linux"
        )
    system = FsxService.connect(options.region).file_system(fsid)
    text = user_data(
        HostOptions(
            dns_name=system.dns_name,
            mount_name=system.mount_name,
            mount_point=options.mount,
            sentinel=sentinel_name(EnvironSettings()),
            layout=options.layout,
            amazon_linux=options.amazon_linux,
            scratch=options.scratch,
        )
    )
    if options.launch_template is not None:
        put = LaunchTemplates.connect(options.region).put_user_data(options.launch_template, encode(text))
        verb = "created" if put.created else "updated"
        emit(f"{verb} launch template {put.name} ({put.id}), version {put.version} is its default")
        say("compute environments take up a new version when their infrastructure is updated")
    elif options.out is not None:
        try:
            Path(options.out).write_text(encode(text) if options.base64 else text, encoding="ascii")
        except OSError as exc:
            raise ConfigurationError(f"--out {options.out} can't be written: {exc.strerror}") from exc
    else:
        emit(*([encode(text)] if options.base64 else text.splitlines()))
    return ExitCode.OK


def release(options: Namespace) -> int:
    """Say what S3 holds of some folders, and let FSx free their space."""
    if options.unused_days < 0:
        raise ConfigurationError(f"--unused-days must be 0 or more, not {options.unused_days}")
    fsid, service = _fsid(options), FsxService.connect(options.region)
    mapping, objects = PathMap(service.associations(fsid)), Objects.connect(options.region)
    targets = [target_of(target, mapping, options.mount) for target in options.targets]
    held = 0
    for relative, uri in targets:
        path = Path(options.mount, relative)
        linked = S3Uri.parse(uri)
        there = objects.sizes(linked.bucket, linked.key)
        holdings = compare(local_sizes(path) if path.exists() else None, there, uri)
        held += holdings.count
        emit(*describe(relative, uri, holdings))
    if options.dry_run:
        return ExitCode.OK
    if not held:
        raise FsxError("S3 holds nothing of it, so there is nothing to release")
    paths = [relative for relative, _uri in targets]
    return _run_tasks(service, fsid, TaskType.RELEASE, paths, unused_days=options.unused_days)


def _run_tasks(
    service: FsxService, fsid: str, kind: TaskType, paths: Sequence[str], *, wait: bool = True, unused_days: int = 0
) -> int:
    code = ExitCode.OK
    for start in range(0, len(paths), PATHS_LIMIT):
        chunk = paths[start : start + PATHS_LIMIT]
        if not wait:
            emit(service.start_task(fsid, kind, chunk, unused_days=unused_days))
            continue
        task = run_task(service, fsid, kind, chunk, emit, unused_days=unused_days)
        if task.lifecycle != "SUCCEEDED" or task.failed:
            emit(f"{task.id} did not succeed: {task.message or task.progress}")
            code = ExitCode.FAILED
    return code


def _fsid(options: Namespace) -> str:
    fsid = options.fsid or AwsOptions(EnvironSettings()).fs
    if not fsid:
        raise ConfigurationError("no file system is given", hint=f"give --fsid, or set {AwsOptions.fs.variable}")
    return check_id(fsid)
