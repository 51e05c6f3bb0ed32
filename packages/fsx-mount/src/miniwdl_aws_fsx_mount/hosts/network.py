"""
Whether the hosts of a compute environment reach the file system: pure.

Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/limit-access-security-groups.html
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from miniwdl_aws_fsx_mount.hosts.user_data import VERSION, version_of
from miniwdl_aws_hooks import Check, CheckState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from miniwdl_aws_core.hosts.environments import ComputeEnvironment
    from miniwdl_aws_fsx_mount.aws.file_system import FileSystem
    from miniwdl_aws_fsx_mount.hosts.compute import Subnet

__all__ = ["PORTS", "allowed_ports", "check_kind", "check_mounting", "check_ports", "check_zone"]

PORTS = (988, *range(1018, 1024))
"""TCP ports of Lustre."""


def allowed_ports(
    rules: Iterable[Mapping[str, Any]], groups: Sequence[str], blocks: Sequence[str], ports: Sequence[int] = PORTS
) -> set[int]:
    """
    Find the ports that inbound rules open for everybody in some security groups, or in all of some address blocks.

    Managed prefix lists are not looked into.
    """
    opened: set[int] = set()
    for rule in rules:
        if rule.get("IpProtocol") not in {"tcp", "6", "-1"}:
            continue
        by_group = any(pair.get("GroupId") in groups for pair in rule.get("UserIdGroupPairs", ()))
        ranges = [ip_network(item["CidrIp"]) for item in rule.get("IpRanges", ())]
        by_block = bool(blocks) and all(any(_within(block, item) for item in ranges) for block in blocks)
        if by_group or by_block:
            low, high = rule.get("FromPort", 0), rule.get("ToPort", 65535)
            opened.update(port for port in ports if low <= port <= high)
    return opened


def _within(block: str, network: Any) -> bool:
    inner = ip_network(block)
    return inner.version == network.version and inner.subnet_of(network)


def check_kind(environment: ComputeEnvironment) -> Iterator[Check]:
    """Look at what kind of hosts there are."""
    if environment.kind.startswith("FARGATE"):
        yield Check(
            f"compute environment {environment.name}",
            CheckState.FAILED,
            "Fargate can't mount FSx for Lustre",
            "use a queue whose compute environments are of type EC2 or SPOT",
        )


def check_zone(system: FileSystem, home: Subnet, environment: ComputeEnvironment, subnets: Sequence[Subnet]) -> Check:
    """Compare where the hosts are with where the file system is."""
    subject = f"compute environment {environment.name}"
    if home.vpc not in {subnet.vpc for subnet in subnets}:
        return Check(
            subject,
            CheckState.WARNING,
            f"is in another VPC than file system {system.id} ({home.vpc})",
            "make sure that the two are peered and routed, or use subnets of the file system's VPC",
        )
    elsewhere = sorted({subnet.zone for subnet in subnets} - {home.zone})
    if elsewhere:
        return Check(
            subject,
            CheckState.WARNING,
            f"also has hosts in {', '.join(elsewhere)}, the file system is in {home.zone}: reading and writing across "
            "zones is slower and charged",
            f"use subnets in {home.zone} only",
        )
    return Check(subject, CheckState.OK, f"is in {home.zone}, as the file system is")


def check_ports(
    environment: ComputeEnvironment,
    *,
    system_rules: Sequence[Mapping[str, Any]],
    system_groups: Sequence[str],
    system_block: str,
    host_rules: Sequence[Mapping[str, Any]],
    host_groups: Sequence[str],
    host_blocks: Sequence[str],
) -> Iterator[Check]:
    """Look whether hosts and file system let each other in."""
    subject = f"compute environment {environment.name}"
    to_system = allowed_ports(system_rules, host_groups, host_blocks)
    to_hosts = allowed_ports(host_rules, system_groups, [system_block])
    for opened, whose, who in (
        (to_system, f"file system's security groups ({', '.join(system_groups)})", "the hosts"),
        (to_hosts, f"hosts' security groups ({', '.join(host_groups)})", "the file system"),
    ):
        missing = sorted(set(PORTS) - opened)
        if missing:
            yield Check(
                subject,
                CheckState.FAILED,
                f"the {whose} do not let {who} in on TCP {', '.join(map(str, missing))}",
                "allow inbound TCP 988 and 1018-1023 there",
            )
    if len(to_system) == len(to_hosts) == len(PORTS):
        yield Check(subject, CheckState.OK, "hosts and file system let each other in")


def check_mounting(system: FileSystem, environment: ComputeEnvironment, user_data: str | None) -> Check:
    """
    Look whether the hosts mount the file system.

    :param user_data: of the environment's launch template; ``None`` when it has none.
    """
    subject = f"compute environment {environment.name}"
    advice = f"miniwdl-aws fsx user-data --fsid {system.id} --launch-template NAME writes one that does"
    if user_data is None:
        return Check(
            subject,
            CheckState.WARNING,
            f"has no launch template, so its hosts mount {system.id} only if their image does",
            advice,
        )
    if system.dns_name not in user_data and system.id not in user_data:
        return Check(subject, CheckState.WARNING, f"its launch template does not mention {system.id}", advice)
    version = version_of(user_data)
    if system.mount_name and system.mount_name not in user_data:
        return Check(
            subject,
            CheckState.FAILED,
            f"its launch template mentions {system.id}, but not its mount name {system.mount_name}",
            advice,
        )
    if version is not None and version < VERSION:
        name = (environment.template or {}).get("launchTemplateName", "NAME")
        return Check(
            subject,
            CheckState.WARNING,
            f"its launch template mounts {system.id} by user data of version {version}; {VERSION} mends faults of it",
            f"miniwdl-aws fsx user-data --fsid {system.id} --launch-template {name}, with the options of before, "
            "renews it; then update the infrastructure of the compute environment",
        )
    return Check(subject, CheckState.OK, f"its launch template mounts {system.id}")
