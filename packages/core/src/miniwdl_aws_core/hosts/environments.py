"""
Compute environments behind job queues: what AWS Batch says of them, and what their hosts can give to jobs.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeEnvironmentDetail.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.hosts.ecs_names import cluster_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["ComputeEnvironment", "asking_for", "environments_behind", "given_by", "placeable"]

UNREDUCED_MIB = 1024
"""A task that asks for so much or more never gets less: this fills no host that a queue is likely to have."""
HOST_SHARE, HOST_FLAT_MIB = 20, 256
"""
What a host keeps of its nominal memory: a twentieth of it, and this much besides.

What the kernel needs and ``ECS_RESERVED_MEMORY`` (32 MiB in AWS Batch's images) are missing from what the ECS agent
registers; https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html. Users have published 3704 MiB for
hosts of 4 GiB, 7624 to 7985 for 8 GiB, 15463 to 16048 for 16 GiB, 31142 to 32176 for 32 GiB, 62950 for 64 GiB and
126722 for 128 GiB. Amazon Linux 2023 keeps about 90 MiB more than what most of these had;
https://github.com/ASFHyP3/hyp3/pull/1900.
"""

UNMANAGED = "UNMANAGED"


@dataclass(frozen=True)
class ComputeEnvironment:
    """A compute environment behind a job queue."""

    name: str
    kind: str
    """EC2, SPOT, FARGATE or FARGATE_SPOT; UNMANAGED where Batch doesn't make the hosts."""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    template: Mapping[str, str] | None = None
    """launchTemplateId or launchTemplateName, and version."""
    instance_types: tuple[str, ...] = ()
    """Families (``m6i``), types (``m6i.large``), or names for several families, such as ``optimal``."""
    min_vcpus: int = 0
    """vCPUs of hosts that stay when nothing runs."""
    max_vcpus: int = 0
    state: str = "ENABLED"
    status: str = "VALID"
    reason: str = ""
    """Why the status is what it is."""
    cluster: str = ""
    """Name of the cluster of ECS that its hosts make up; empty where it isn't one of ECS."""

    @property
    def managed(self) -> bool:
        """Whether AWS Batch makes the hosts."""
        return self.kind != UNMANAGED

    @property
    def takes_jobs(self) -> bool:
        """Whether jobs are placed there."""
        return self.state == "ENABLED" and self.status == "VALID"

    @classmethod
    def of(cls, detail: Mapping[str, Any]) -> ComputeEnvironment:
        """Read a ComputeEnvironmentDetail."""
        resources = detail.get("computeResources") or {}
        return cls(
            name=detail["computeEnvironmentName"],
            kind=UNMANAGED if detail.get("type") == UNMANAGED else resources.get("type", "EC2"),
            subnets=tuple(resources.get("subnets", ())),
            security_groups=tuple(resources.get("securityGroupIds", ())),
            template=resources.get("launchTemplate"),
            instance_types=tuple(resources.get("instanceTypes", ())),
            min_vcpus=resources.get("minvCpus", 0),
            max_vcpus=resources.get("maxvCpus", 0),
            state=detail.get("state", "ENABLED"),
            status=detail.get("status", "VALID"),
            reason=detail.get("statusReason", ""),
            cluster=cluster_of(detail.get("ecsClusterArn", "")),
        )


def environments_behind(ask: Callable[..., Any], queues: Sequence[str]) -> dict[str, list[ComputeEnvironment]]:
    """
    Look up the compute environments of job queues, in the order in which Batch tries them.

    :param ask: sends a request, given the name of botocore's method and its arguments; what it raises passes.
    :param queues: names or ARNs.
    :return: by each of these; a queue that is not there is left out.
    """
    if not queues:
        return {}
    found = ask("describe_job_queues", jobQueues=list(queues))["jobQueues"]
    ordered = {
        name: [item["computeEnvironment"] for item in sorted(queue["computeEnvironmentOrder"], key=_order)]
        for queue in found
        for name in (queue["jobQueueName"], queue["jobQueueArn"])
        if name in queues
    }
    names = list(dict.fromkeys(name for environments in ordered.values() for name in environments))
    if not names:
        return {queue: [] for queue in queues if queue in ordered}
    answer = ask("describe_compute_environments", computeEnvironments=names)["computeEnvironments"]
    known = {
        name: ComputeEnvironment.of(item)
        for item in answer
        for name in (item["computeEnvironmentName"], item["computeEnvironmentArn"])
    }
    return {queue: [known[name] for name in ordered[queue] if name in known] for queue in queues if queue in ordered}


def _order(item: Mapping[str, Any]) -> int:
    return int(item.get("order", 0))


def placeable(memory: int) -> int:
    """Reduce MiB so that a host of this nominal size has them to give."""
    return max(given_by(memory), min(memory, UNREDUCED_MIB))


def given_by(host: int) -> int:
    """
    Reckon the MiB that a host has to give to jobs.

    :param host: its nominal MiB.
    """
    return host - host // HOST_SHARE - HOST_FLAT_MIB


def asking_for(memory: int) -> int:
    """Find what a task must ask for, the least, so that its job gets so many MiB; undoes :func:`placeable`."""
    if memory <= UNREDUCED_MIB:
        return memory
    asked = (memory + HOST_FLAT_MIB) * HOST_SHARE // (HOST_SHARE - 1) - 1
    while placeable(asked) < memory:
        asked += 1
    return asked
