"""What is there when the cloud is up: queues, a file system, buckets."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.batch.attempts import LOG_GROUP
from miniwdl_aws_local_cloud.fsx.associations import split_repository
from miniwdl_aws_local_cloud.variables import TASK_QUEUE, WORKFLOW_QUEUE, file_system_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from moto.batch.models import BatchBackend, ComputeEnvironment
    from moto.ec2.models import EC2Backend
    from moto.fsx.models import FileSystem
    from moto.logs.models import LogsBackend

    from miniwdl_aws_local_cloud.cloud_settings import CloudSettings
    from miniwdl_aws_local_cloud.fsx import LustreBackend
    from miniwdl_aws_local_cloud.s3.store import FileBackedS3

__all__ = [
    "BUCKETS",
    "FALLBACK_QUEUE",
    "SERVICE_ROLE",
    "STAGING",
    "create_resources",
    "link",
    "pool_size",
]

FALLBACK_QUEUE = "task-fallback"
BUCKETS = ("demo", "staging")
STAGING = "s3://staging/"
STORAGE_GIB = 1200
SERVICE_ROLE = "AWSServiceRoleForBatch"
"""Role of compute environments that name none."""

_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "batch.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def create_resources(
    settings: CloudSettings,
    state: Path,
    batch: BatchBackend,
    fsx: LustreBackend,
    s3: FileBackedS3,
    logs: LogsBackend,
) -> str:
    """
    Make everything that a submission with ``--local`` relies on.

    :return: id of the file system.
    """
    subnet, group = _network(batch.ec2_backend)
    system = _create_file_system(fsx, state, subnet, group)
    template = _create_launch_template(batch.ec2_backend, system)
    _create_queues(
        settings, batch, {"subnets": [subnet], "securityGroupIds": [group], **template}, system.file_system_id
    )
    for bucket in BUCKETS:
        if bucket not in s3.buckets:
            s3.create_bucket(bucket, settings.region)
    logs.ensure_log_group(LOG_GROUP)
    return str(system.file_system_id)


def _create_queues(settings: CloudSettings, batch: BatchBackend, hosts: Mapping[str, Any], system_id: str) -> None:
    """
    Make each job queue with a compute environment of its own; the workflow queue's tags name the rest.

    :param hosts: what computeResources says of their network and launch template.
    """
    role = batch.iam_backend.create_role(
        role_name=SERVICE_ROLE,
        assume_role_policy_document=_TRUST,
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    profile = batch.iam_backend.create_instance_profile("ecsInstanceRole", "/", [])

    def environment(name: str, vcpus: int, kind: str) -> ComputeEnvironment:
        return batch.create_compute_environment(
            name,
            "MANAGED",
            "ENABLED",
            {
                "type": kind,
                "minvCpus": 0,
                "maxvCpus": vcpus,
                "instanceTypes": ["optimal"],
                "instanceRole": profile.arn,
                **hosts,
            },
            role.arn,
        )

    tags = {
        "DefaultTaskQueue": TASK_QUEUE,
        "DefaultTaskQueueFallback": FALLBACK_QUEUE,
        "DefaultFsId": system_id,
        "DefaultStaging": STAGING,
    }
    for name, vcpus, kind in (
        (WORKFLOW_QUEUE, settings.workflow_slots, "EC2"),
        (TASK_QUEUE, settings.task_slots, "SPOT"),
        (FALLBACK_QUEUE, settings.task_slots, "EC2"),
    ):
        order: list[dict[str, Any]] = [{"order": 1, "computeEnvironment": environment(name, vcpus, kind).arn}]
        batch.create_job_queue(name, "1", None, "ENABLED", order, tags if name == WORKFLOW_QUEUE else None)


def _network(ec2: EC2Backend) -> tuple[str, str]:
    """Take a subnet and a security group of the default VPC that moto makes."""
    subnet: Any = ec2.describe_subnets()[0]
    group: Any = next(group for group in ec2.describe_security_groups() if group.vpc_id == subnet.vpc_id)
    return subnet.id, group.id


def _create_launch_template(ec2: EC2Backend, system: FileSystem) -> dict[str, Any]:
    """Make what stands for the mount in a compute environment, as whoever checks a setup looks for it there."""
    mount = (system.lustre_configuration or {})["MountName"]
    script = f"#!/bin/sh\n# {system.file_system_id}, {mount}, is a folder of this machine: there is nothing to mount.\n"
    data = {"UserData": base64.b64encode(script.encode()).decode()}
    template = ec2.create_launch_template("miniwdl-aws-local", "", data, {})
    return {"launchTemplate": {"launchTemplateId": template.id, "version": "$Latest"}}


def _create_file_system(fsx: LustreBackend, state: Path, subnet: str, group: str) -> FileSystem:
    return fsx.create_file_system(
        client_request_token="",
        file_system_type="LUSTRE",
        storage_capacity=STORAGE_GIB,
        storage_type="SSD",
        subnet_ids=[subnet],
        security_group_ids=[group],
        tags=[{"Key": "Name", "Value": str(state / "fsx")[:256]}],
        kms_key_id=None,
        windows_configuration=None,
        lustre_configuration=None,
        ontap_configuration=None,
        file_system_type_version="2.15",
        open_zfs_configuration=None,
        file_system_id=file_system_id(state),
    )


def link(fsx: LustreBackend, s3: FileBackedS3, system_id: str, links: Mapping[str, str], region: str) -> None:
    """Link folders of a file system with prefixes of S3, whose buckets are made when they are missing."""
    for repository, path in links.items():
        bucket, _ = split_repository(repository)
        if bucket not in s3.buckets:
            s3.create_bucket(bucket, region)
        fsx.create_data_repository_association(
            {
                "FileSystemId": system_id,
                "FileSystemPath": path,
                "DataRepositoryPath": repository,
                "BatchImportMetaDataOnCreate": True,
                "S3": {"AutoImportPolicy": {"Events": ["NEW", "CHANGED", "DELETED"]}},
            }
        )


def pool_size(batch: BatchBackend, environment_name: str, default: int) -> float:
    """Tell how many vCPUs a compute environment has: its ``maxvCpus`` where it is managed."""
    environment = batch.get_compute_environment_by_name(environment_name)
    resources = (environment.compute_resources if environment else None) or {}
    return float(resources.get("maxvCpus") or default)
