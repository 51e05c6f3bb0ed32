"""The edge to AWS Batch and EC2: which hosts will run jobs, and what the network lets through."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.hosts.environments import environments_behind
from miniwdl_aws_fsx_mount.aws.fsx_service import asking, make_client

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_batch import BatchClient
    from mypy_boto3_ec2 import EC2Client

    from miniwdl_aws_core.hosts.environments import ComputeEnvironment

__all__ = ["Hosts", "Subnet"]


@dataclass(frozen=True)
class Subnet:
    """A subnet."""

    id: str
    zone: str
    vpc: str
    block: str
    """Its addresses in CIDR notation."""


@dataclass(frozen=True)
class Template:
    """What a launch template says that matters here."""

    user_data: str
    security_groups: tuple[str, ...]


class Hosts:
    """Questions about hosts and networks."""

    def __init__(self, batch: BatchClient, ec2: EC2Client) -> None:
        self._batch = batch
        self._ec2 = ec2

    @classmethod
    def connect(cls, region: str | None = None) -> Hosts:
        """Make the clients; nothing is sent yet."""
        return cls(make_client("batch", region), make_client("ec2", region))

    def environments(self, queues: Sequence[str]) -> list[ComputeEnvironment]:
        """Compute environments behind some job queues, each once."""
        with asking(f"look up job queue {', '.join(queues)}"):
            found = environments_behind(lambda name, **request: getattr(self._batch, name)(**request), queues)
        return list({item.name: item for environments in found.values() for item in environments}.values())

    def subnets(self, ids: Sequence[str]) -> list[Subnet]:
        """Describe subnets."""
        with asking("look up subnets"):
            answer = self._ec2.describe_subnets(SubnetIds=list(ids))["Subnets"]
            return [
                Subnet(item["SubnetId"], item["AvailabilityZone"], item["VpcId"], item["CidrBlock"]) for item in answer
            ]

    def groups_of(self, interfaces: Sequence[str]) -> tuple[str, ...]:
        """Security groups of network interfaces, each once."""
        with asking("look up the file system's network interfaces"):
            answer = self._ec2.describe_network_interfaces(NetworkInterfaceIds=list(interfaces))["NetworkInterfaces"]
            return tuple(dict.fromkeys(group["GroupId"] for item in answer for group in item["Groups"]))

    def ingress(self, groups: Sequence[str]) -> list[Mapping[str, Any]]:
        """Inbound rules (IpPermission) of all of some security groups, as one list: they add up."""
        with asking("look up security groups"):
            answer = self._ec2.describe_security_groups(GroupIds=list(groups))["SecurityGroups"]
            return [rule for group in answer for rule in group["IpPermissions"]]

    def template(self, reference: Mapping[str, str]) -> Template:
        """Read the version of a launch template that a compute environment names."""
        key = "launchTemplateId" if reference.get("launchTemplateId") else "launchTemplateName"
        named: Any = {key[0].upper() + key[1:]: reference[key]}
        with asking(f"look up launch template {reference[key]}"):
            answer = self._ec2.describe_launch_template_versions(
                Versions=[reference.get("version") or "$Default"], **named
            )
            data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        groups = [
            *data.get("SecurityGroupIds", ()),
            *(group for item in data.get("NetworkInterfaces", ()) for group in item.get("Groups", ())),
        ]
        return Template(_decode(data.get("UserData", "")), tuple(dict.fromkeys(groups)))


def _decode(user_data: str) -> str:
    try:
        return base64.b64decode(user_data).decode(errors="replace")
    except binascii.Error:
        return ""
