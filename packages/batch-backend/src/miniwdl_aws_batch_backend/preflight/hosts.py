"""
What hosts a compute environment can start, by the instance types that it names: the edge to EC2.

Families and types are looked up where the region has them. AWS Batch's names for several families are those of
https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html, whose ``optimal`` means
``default_x86_64`` since November 2025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws import session
from miniwdl_aws_core.aws.errors import translated
from miniwdl_aws_core.hosts.environments import given_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miniwdl_aws_batch_backend.jobs.resources import Resources

__all__ = ["HostType", "InstanceTypes"]

_X86_64 = ("m6i", "c6i", "r6i", "c7i")
BUNDLES: Mapping[str, tuple[str, ...]] = {
    "optimal": _X86_64,
    "default_x86_64": _X86_64,
    "default_arm64": ("m6g", "c6g", "r6g", "c7g"),
}
"""Families by the names that stand for several of them; AWS may put newer ones in their place."""
PAGE = 100
"""Types that EC2 names in one answer, at most."""


@dataclass(frozen=True)
class HostType:
    """An EC2 instance type."""

    name: str
    vcpus: int
    memory_mib: int
    """Nominal."""
    gpus: int = 0
    """NVIDIA's, which are those that jobs can ask for."""

    def holds(self, asked: Resources) -> bool:
        """Whether a job that asks for this can be placed there."""
        enough = asked.vcpu <= self.vcpus and asked.gpu <= self.gpus
        return enough and asked.memory_mib <= given_by(self.memory_mib)


class InstanceTypes:
    """EC2's instance types, each looked up once."""

    def __init__(self, client: Any) -> None:
        """
        Ask through a client.

        :param client: botocore's, or a fake with its methods.
        """
        self._client = client
        self._known: dict[tuple[str, ...], list[HostType]] = {}

    @classmethod
    def connect(cls, region: str | None) -> InstanceTypes:
        """Make the client; nothing is sent yet."""
        return cls(session.connect("ec2", region))

    def of(self, names: Iterable[str]) -> list[HostType]:
        """
        List the types that a compute environment may start.

        :param names: its ``instanceTypes``.
        :raises AwsError: when EC2 doesn't say.
        """
        patterns = tuple(dict.fromkeys(pattern for name in names for pattern in _patterns(name)))
        if patterns not in self._known:
            self._known[patterns] = list(self._look_up(patterns)) if patterns else []
        return self._known[patterns]

    def _look_up(self, patterns: tuple[str, ...]) -> Iterable[HostType]:
        filters = [{"Name": "instance-type", "Values": list(patterns)}]
        position: dict[str, Any] = {}
        found: list[HostType] = []
        with translated("look up instance types"):
            while True:
                answer = self._client.describe_instance_types(Filters=filters, MaxResults=PAGE, **position)
                found += [_read(item) for item in answer["InstanceTypes"]]
                if not answer.get("NextToken"):
                    return found
                position = {"NextToken": answer["NextToken"]}


def _patterns(name: str) -> list[str]:
    """Write what a compute environment names as EC2's filter wants it."""
    return [family if "." in family else f"{family}.*" for family in BUNDLES.get(name, (name,))]


def _read(item: Mapping[str, Any]) -> HostType:
    cards = item.get("GpuInfo", {}).get("Gpus", ())
    return HostType(
        item["InstanceType"],
        item["VCpuInfo"]["DefaultVCpus"],
        item["MemoryInfo"]["SizeInMiB"],
        sum(card.get("Count", 0) for card in cards if card.get("Manufacturer", "NVIDIA") == "NVIDIA"),
    )
