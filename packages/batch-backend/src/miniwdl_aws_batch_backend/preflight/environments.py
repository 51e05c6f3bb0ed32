"""Whether the compute environments of job queues can start hosts: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import Check, CheckState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniwdl_aws_core.hosts.environments import ComputeEnvironment

__all__ = ["check_environments"]

CHANGING = frozenset({"CREATING", "UPDATING"})
UPDATE = "aws batch update-compute-environment --compute-environment"


def check_environments(queue: str, environments: Sequence[ComputeEnvironment]) -> Iterator[Check]:
    """
    Look at the compute environments of a queue: one that takes no jobs is a failure where no other one does.

    :param queue: its name.
    """
    usable = any(environment.takes_jobs or environment.status in CHANGING for environment in environments)
    if not environments:
        yield Check(
            f"job queue {queue}",
            CheckState.FAILED,
            "it has no compute environment that is there",
            why="its jobs would wait for ever",
            hint="give it one whose hosts mount the file system",
            command=f"aws batch update-job-queue --job-queue {queue} "
            "--compute-environment-order order=1,computeEnvironment=NAME",
        )
    for environment in environments:
        yield _check(queue, environment, CheckState.WARNING if usable else CheckState.FAILED)
        if environment.min_vcpus:
            yield _check_minimum(environment)


def _check(queue: str, environment: ComputeEnvironment, bad: CheckState) -> Check:
    subject = f"compute environment {environment.name}"
    why = f"jobs of job queue {queue} " + (
        "would wait for ever" if bad is CheckState.FAILED else "get hosts of its other compute environments only"
    )
    if environment.state != "ENABLED":
        command = f"{UPDATE} {environment.name} --state ENABLED"
        return Check(subject, bad, "it is disabled and starts no hosts", why=why, command=command)
    if environment.status in CHANGING:
        return Check(subject, CheckState.WARNING, f"it is {environment.status}", hint="wait, and ask again")
    if environment.status != "VALID":
        return Check(
            subject,
            bad,
            f"it is {environment.status}: {environment.reason or 'no reason given'}",
            "mend what the reason names, disable it, and enable it again; see "
            "https://docs.aws.amazon.com/batch/latest/userguide/invalid_compute_environment.html",
            why=why,
            command=f"{UPDATE} {environment.name} --state DISABLED",
        )
    if not environment.managed:
        return Check(subject, CheckState.OK, "it is VALID; its hosts are somebody's own")
    types = ", ".join(environment.instance_types)
    facts = f"it is VALID: {environment.kind}, {environment.max_vcpus} vCPUs at most"
    return Check(subject, CheckState.OK, f"{facts}, of {types}" if types else facts)


def _check_minimum(environment: ComputeEnvironment) -> Check:
    return Check(
        f"compute environment {environment.name}",
        CheckState.WARNING,
        f"it keeps hosts with {environment.min_vcpus} vCPUs when nothing runs",
        why="they cost as much as if they worked",
        command=f"{UPDATE} {environment.name} --compute-resources minvCpus=0",
    )
