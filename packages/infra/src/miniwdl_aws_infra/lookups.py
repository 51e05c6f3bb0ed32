"""What a deployment needs to know of the account, so that nobody has to look it up: existing file system, log group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import AwsError, Kind, translated
from miniwdl_aws_core.aws.session import connect
from miniwdl_aws_core.batch.job import DEFAULT_LOG_GROUP
from miniwdl_aws_core.console import say
from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fill_in"]


def fill_in(given: Mapping[str, str], before: Mapping[str, str], *, new: bool, region: str | None) -> dict[str, str]:
    """
    Add parameters that follow from others, or from what the account has.

    :param given: on the command line; what stands there wins.
    :param before: of the stack as it is.
    :param new: whether the stack is to be made.
    :raises ConfigurationError: when the file system isn't FSx for Lustre, or is none.
    """
    found = dict(given)
    system = given.get("FileSystemId", "")
    if system and system != before.get("FileSystemId"):
        _add(found, _of_file_system(system, region), f"of {system}")
    if new and "LogRetentionDays" not in given and _has_log_group(region):
        _add(found, {"LogRetentionDays": "0"}, f"as log group {DEFAULT_LOG_GROUP} exists already and is left alone")
    return found


def _add(found: dict[str, str], more: Mapping[str, str], why: str) -> None:
    for name, value in more.items():
        if name not in found:
            found[name] = value
            say(f"{name}={value}, {why}")


def _of_file_system(system: str, region: str | None) -> dict[str, str]:
    client = connect("fsx", region)
    with translated(f"look up file system {system}"):
        facts: Any = client.describe_file_systems(FileSystemIds=[system])["FileSystems"][0]
        if facts["FileSystemType"] != "LUSTRE":
            raise ConfigurationError(f"--parameter FileSystemId={system}: it isn't FSx for Lustre")
        return {
            "FileSystemMountName": facts["LustreConfiguration"]["MountName"],
            **({"VpcId": facts["VpcId"]} if "VpcId" in facts else {}),
            "SubnetIds": ",".join(facts["SubnetIds"]),
        }


def _has_log_group(region: str | None) -> bool:
    client = connect("logs", region)
    try:
        with translated("look up log groups"):
            groups = client.describe_log_groups(logGroupNamePrefix=DEFAULT_LOG_GROUP)["logGroups"]
    except AwsError as exc:
        if exc.kind is not Kind.DENIED:
            raise
        say(f"note: {exc.message}; where {DEFAULT_LOG_GROUP} exists already, say --parameter LogRetentionDays=0")
        return False
    return any(group["logGroupName"] == DEFAULT_LOG_GROUP for group in groups)
