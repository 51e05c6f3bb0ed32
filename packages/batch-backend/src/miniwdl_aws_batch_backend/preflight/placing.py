"""Whether the hosts behind a job queue can hold the tasks that go there: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.jobs.resources import MIB
from miniwdl_aws_batch_backend.preflight.demands import PLACES, SIZES, Demand
from miniwdl_aws_core.hosts.environments import given_by
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks import Check, CheckState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from miniwdl_aws_batch_backend.preflight.hosts import HostType
    from miniwdl_aws_core.hosts.environments import ComputeEnvironment

__all__ = ["Offer", "check_placing", "largest_of_each_task", "place_unknown", "unknown_sizes"]

WAITS = "AWS Batch would leave its job RUNNABLE until somebody ends it"


@dataclass(frozen=True)
class Offer:
    """A compute environment with the types of hosts that it may start."""

    environment: ComputeEnvironment
    hosts: Sequence[HostType]

    def holds(self, demand: Demand) -> bool:
        """Whether a job of the task can be placed there."""
        return demand.resources.vcpu <= self.environment.max_vcpus and any(
            host.holds(demand.resources) for host in self.hosts
        )


def check_placing(queue: str, offers: Sequence[Offer], demands: Iterable[Demand]) -> Iterator[Check]:
    """
    Compare what tasks ask for with what a job queue's hosts have.

    :param queue: its name.
    :param offers: of compute environments whose hosts are known.
    :param demands: of the tasks that go there.
    """
    largest = largest_of_each_task(demands)
    misplaced = [demand for demand in largest if not any(offer.holds(demand) for offer in offers)]
    for demand in misplaced:
        yield _misplaced(queue, offers, demand)
    placed = [demand for demand in largest if demand not in misplaced]
    if placed:
        top = max(placed, key=_size)
        names = _smallest_for(top, offers)
        yield Check(
            f"tasks on job queue {queue}",
            CheckState.OK,
            f"its hosts hold {top.call}, which asks for most ({_asked(top)}), on {names} or larger",
        )


def largest_of_each_task(demands: Iterable[Demand]) -> list[Demand]:
    """
    Pick of each task the calls that no other one of it exceeds in everything.

    A scatter's thousand calls are one or two of them.
    """
    kept: dict[str, list[Demand]] = {}
    for demand in sorted(demands, key=_size, reverse=True):
        others = kept.setdefault(demand.task, [])
        if not any(_exceeds(other, demand) for other in others):
            others.append(demand)
    return [demand for found in kept.values() for demand in found]


def _exceeds(one: Demand, other: Demand) -> bool:
    a, b = one.resources, other.resources
    return a.vcpu >= b.vcpu and a.memory_mib >= b.memory_mib and a.gpu >= b.gpu


def _size(demand: Demand) -> tuple[int, int, int]:
    asked = demand.resources
    return asked.gpu, asked.memory_mib, asked.vcpu


def _asked(demand: Demand) -> str:
    asked = demand.resources
    memory = asked.memory_mib if demand.memory_mib is None else demand.memory_mib
    words = [f"{asked.vcpu} vCPU{'' if asked.vcpu == 1 else 's'}", human_size(memory * MIB)]
    if asked.gpu:
        words.append(f"{asked.gpu} GPU{'' if asked.gpu == 1 else 's'}")
    return ", ".join(words)


def _smallest_for(demand: Demand, offers: Sequence[Offer]) -> str:
    fitting = [host for offer in offers if offer.holds(demand) for host in offer.hosts if host.holds(demand.resources)]
    return min(fitting, key=lambda host: (host.gpus, host.memory_mib, host.vcpus, host.name)).name


def _misplaced(queue: str, offers: Sequence[Offer], demand: Demand) -> Check:
    subject = f"task {demand.call} on job queue {queue}"
    asked = f"it asks for {_asked(demand)}"
    for offer in offers:
        environment = offer.environment
        if any(host.holds(demand.resources) for host in offer.hosts):
            return Check(
                subject,
                CheckState.FAILED,
                f"{asked}, and compute environment {environment.name} runs {environment.max_vcpus} vCPUs at most",
                why=WAITS,
                command=f"aws batch update-compute-environment --compute-environment {environment.name} "
                f"--compute-resources maxvCpus={demand.resources.vcpu}",
            )
    hosts = [host for offer in offers for host in offer.hosts]
    return Check(
        subject,
        CheckState.FAILED,
        f"{asked}, and none of its hosts has all of that{_largest(hosts, demand)}",
        "ask for less in the task's runtime section, or give the queue a compute environment with larger hosts",
        why=WAITS,
    )


def _largest(hosts: Sequence[HostType], demand: Demand) -> str:
    """Name the host that is largest in what is asked for and is missing."""
    if not hosts:
        return ": there are none"
    if demand.resources.gpu > max(host.gpus for host in hosts):
        top = max(hosts, key=lambda host: (host.gpus, host.memory_mib, host.name))
        return f": {top.name} has {top.gpus or 'no'} GPUs"
    top = max(hosts, key=lambda host: (host.memory_mib, host.vcpus, host.name))
    usable = human_size(given_by(top.memory_mib) * MIB)
    return f": the largest, {top.name}, has {top.vcpus} vCPUs and {usable} for jobs"


def unknown_sizes(demands: Iterable[Demand]) -> Iterator[Check]:
    """Say of which tasks something can't be known before a run; of each task once."""
    told: set[tuple[str, tuple[str, ...]]] = set()
    for demand in demands:
        keys = tuple(sorted(key for key in demand.unknown if key in SIZES))
        if not keys or (demand.task, keys) in told:
            continue
        told.add((demand.task, keys))
        said = dict.fromkeys(f"{SIZES[key]} depends on {demand.unknown[key]}" for key in keys)
        yield Check(
            f"task {demand.call}",
            CheckState.UNKNOWN,
            "; ".join(said),
            "make sure that the hosts of its queue are large enough for what it may become",
        )


def place_unknown(demand: Demand) -> Check | None:
    """Say that a task's queue can't be known before a run; ``None`` when it can."""
    keys = [key for key in PLACES if key in demand.unknown]
    if not keys:
        return None
    return Check(f"task {demand.call}", CheckState.UNKNOWN, f"its {keys[0]} depends on {demand.unknown[keys[0]]}")
