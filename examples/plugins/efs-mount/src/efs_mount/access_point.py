"""An EFS access point as a volume of a Batch job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from miniwdl_aws_hooks import ConfigurationError, MiniwdlAwsError, Mount

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_hooks import MountContext


class EfsError(MiniwdlAwsError):
    """The access point does not exist, can't be used, or may not be looked up."""


def find_file_system(access_point: str, region: str | None) -> str:
    """Id of the file system of an access point."""
    try:
        efs: Any = boto3.Session(region_name=region).client("efs")
        (found,) = efs.describe_access_points(AccessPointId=access_point)["AccessPoints"]
    except (BotoCoreError, ClientError) as exc:
        raise EfsError(f"can't look up EFS access point {access_point}: {exc}", hint="check [efs] fsap") from exc
    if found["LifeCycleState"] != "available":
        raise EfsError(f"EFS access point {access_point} is {found['LifeCycleState']}, not available")
    return str(found["FileSystemId"])


def mounts_for(context: MountContext, find: Callable[[str, str | None], str] = find_file_system) -> list[Mount] | None:
    """Volumes of a job: the access point at the mount point, or nothing where none is configured."""
    access_point = context.settings.get("efs", "fsap")
    if access_point is None:
        return None
    if not re.fullmatch(r"fsap-[0-9a-f]{8,40}", access_point):
        raise ConfigurationError(f"[efs] fsap (MINIWDL__EFS__FSAP) must be like fsap-0123..., not {access_point!r}")
    file_system = context.settings.get("efs", "fs") or find(access_point, context.settings.get("aws", "region"))
    volume = {
        "efsVolumeConfiguration": {
            "fileSystemId": file_system,
            # IAM authorization requires it.
            "transitEncryption": "ENABLED",
            "authorizationConfig": {"accessPointId": access_point, "iam": "ENABLED"},
        }
    }
    return [Mount(name="efs", container_path=context.mount_point, volume=volume)]
