"""The edge to AWS Batch and EC2: which hosts will run jobs, and what the network lets through."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_fsx_mount.fsx_service import asking, make_client

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_batch import BatchClient
    from mypy_boto3_ec2 import EC2Client

__all__ = ["ComputeEnvironment", "Hosts", "Subnet"]


@dataclass(frozen=True)
class ComputeEnvironment:
    """A compute environment behind a job queue."""

    name: str
    kind: str
    """EC2, SPOT, FARGATE or FARGATE_SPOT; UNMANAGED where Batch doesn't make the hosts."""
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    template: Mapping[str, str] | None
    """launchTemplateId or launchTemplateName, and version."""


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
            found = self._batch.describe_job_queues(jobQueues=list(queues))["jobQueues"]
            names = dict.fromkeys(
                order["computeEnvironment"] for queue in found for order in queue["computeEnvironmentOrder"]
            )
            if not names:
                return []
            answer = self._batch.describe_compute_environments(computeEnvironments=list(names))
            return [_environment(item) for item in answer["computeEnvironments"]]

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


def _environment(item: Mapping[str, Any]) -> ComputeEnvironment:
    resources = item.get("computeResources") or {}
    return ComputeEnvironment(
        name=item["computeEnvironmentName"],
        kind="UNMANAGED" if item.get("type") == "UNMANAGED" else resources.get("type", "EC2"),
        subnets=tuple(resources.get("subnets", ())),
        security_groups=tuple(resources.get("securityGroupIds", ())),
        template=resources.get("launchTemplate"),
    )


def _decode(user_data: str) -> str:
    try:
        return base64.b64decode(user_data).decode(errors="replace")
    except binascii.Error:
        return ""
