"""
Whether EC2 lets the account have as many vCPUs as its compute environments may start.

There is a quota for spot and one for on-demand hosts of each group of families, of an account and region. That of a new
account may be 5 vCPUs, or none:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-limits.html.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.preflight.hosts import BUNDLES
from miniwdl_aws_core.aws.errors import AwsError, Kind, translated
from miniwdl_aws_core.aws.session import connect
from miniwdl_aws_hooks import Check, CheckState
from miniwdl_aws_hooks.findings import not_checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from miniwdl_aws_core.hosts.environments import ComputeEnvironment

__all__ = ["check_quotas", "connect_quotas"]

SERVICE = "ec2"


@dataclass(frozen=True)
class Group:
    """Families that share quotas."""

    name: str
    letters: frozenset[str]
    """With which the names of the families begin, up to the first digit or more."""
    on_demand: str
    """Code of the quota."""
    spot: str


GROUPS = (
    Group("standard (A, C, D, H, I, M, R, T, Z)", frozenset("acdhimrtz"), "L-1216C47A", "L-34B43A08"),
    Group("G and VT", frozenset({"g", "gr", "vt"}), "L-DB2E81BA", "L-3819A6DF"),
    Group("P", frozenset("p"), "L-417A185B", "L-7212CCBC"),
    Group("X", frozenset("x"), "L-7295265B", "L-E3A00192"),
    Group("F", frozenset("f"), "L-74FC7D96", "L-88CF9481"),
)
"""Codes as the console's addresses on those pages have them; other groups have no hosts that genomics uses."""


def connect_quotas(region: str | None) -> Any:
    """Make the client of Service Quotas; nothing is sent yet."""
    return connect("service-quotas", region)


def check_quotas(client: Any, environments: Iterable[ComputeEnvironment]) -> Iterator[Check]:
    """
    Compare quotas with what compute environments may start together.

    :param client: of Service Quotas.
    """
    wanted: Counter[tuple[Group, bool]] = Counter()
    for environment in environments:
        if environment.managed and environment.takes_jobs:
            for group in _groups_of(environment):
                wanted[group, environment.kind == "SPOT"] += environment.max_vcpus
    for (group, spot), vcpus in wanted.items():
        subject = f"quota of {'spot' if spot else 'on-demand'} hosts, {group.name}"
        code = group.spot if spot else group.on_demand
        try:
            with translated("look up a quota of EC2"):
                allowed = client.get_service_quota(ServiceCode=SERVICE, QuotaCode=code)["Quota"]["Value"]
        except AwsError as exc:
            if exc.kind is not Kind.MISSING:  # a region without such hosts has no quota for them
                yield not_checked(subject, exc, CheckState.WARNING)
            continue
        yield _compare(subject, code, int(allowed), vcpus)


def _compare(subject: str, code: str, allowed: int, vcpus: int) -> Check:
    message = f"EC2 lets the account have {allowed} vCPUs, compute environments may start {vcpus}"
    if allowed >= vcpus:
        return Check(subject, CheckState.OK, message)
    return Check(
        subject,
        CheckState.WARNING if allowed else CheckState.FAILED,
        message,
        "AWS takes minutes to days to decide; or lower maxvCpus, so that nobody counts on more",
        why="what is beyond the quota waits in the queue" if allowed else "no such host can be started",
        command=f"aws service-quotas request-service-quota-increase --service-code {SERVICE} --quota-code {code} "
        f"--desired-value {vcpus}",
    )


def _groups_of(environment: ComputeEnvironment) -> list[Group]:
    families = [family for name in environment.instance_types for family in BUNDLES.get(name, (name,))]
    letters = {found[0] for family in families if (found := re.match(r"[a-z]+", family))}
    # Names of standard families may have letters more, as `im4gn` and `is4gen`; of others they begin with these.
    return [group for group in GROUPS if letters & group.letters or (group is GROUPS[0] and letters & {"im", "is"})]
