"""
Which jobs may go together as one array job, and in which order. Pure.

Jobs are alike when AWS would see the same of them, but for their names, the paths of their calls, and what the wrapper
of the command reads from the array's folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.process.admission import Order
from miniwdl_aws_batch_backend.process.termination import Mailbox
from miniwdl_aws_batch_backend.workdir.array_folder import can_be_written
from miniwdl_aws_batch_backend.workdir.wrapper import array_command
from miniwdl_aws_core.batch.arrays import CALLS, MAX_CALLS, calls_order, shared_call, write_calls
from miniwdl_aws_core.batch.limits import MAX_ARRAY
from miniwdl_aws_core.batch.request import JobRequest, submit_request
from miniwdl_aws_hooks.protocol import CALL_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniwdl_aws_batch_backend.process.adoption.journal import Entry
    from miniwdl_aws_batch_backend.workdir.handover import Place
    from miniwdl_aws_batch_backend.workdir.paths import JobPaths

__all__ = ["Candidate", "alike", "array_request", "may_join", "parts"]


@dataclass(eq=False)
class Candidate:
    """A job that is to be submitted, alone or as a child of an array."""

    plan: JobRequest
    definition: str
    """ARN of its definition."""
    paths: JobPaths
    """Its files in its task's directory."""
    place: Place
    entry: Entry | None = None
    """What the journal is to know of it; ``None`` where none is kept."""
    alone: Mapping[str, Any] = field(init=False)
    """
    The request that submits it alone.

    :raises LimitError: when AWS would refuse it.
    """
    box: Mailbox[Any] = field(default_factory=partial(Mailbox, Order.SUBMITS))
    """Where it hears what has become of it, while others see to its submission."""

    def __post_init__(self) -> None:
        self.alone = submit_request(self.plan, self.definition)

    @property
    def call(self) -> str:
        """Path of its call, as its tag has it."""
        return str(self.alone.get("tags", {}).get(CALL_TAG, ""))


def may_join(job: Candidate) -> bool:
    """Whether it may go with others: the first job of its task, whose files have the plain names."""
    return job.paths.number == 1 and bool(job.call) and can_be_written(job.place, job.paths)


def alike(job: Candidate) -> str:
    """Write down what must be equal for jobs to go together."""
    tags = {key: value for key, value in job.plan.tags.items() if key != CALL_TAG}
    common = replace(job.plan, name="any", command=array_command(job.plan.command, "any"), tags=tags)
    return json.dumps([job.place.run_dir, submit_request(common, job.definition)], sort_keys=True)


def parts(jobs: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """
    Cut jobs that are alike into arrays that AWS takes, and whose calls can be told.

    :return: children in the order of their calls; a single one is no array.
    """
    ordered = sorted(jobs, key=lambda job: calls_order(job.call))
    pending = [ordered[start : start + MAX_ARRAY] for start in range(0, len(ordered), MAX_ARRAY)]
    while pending:
        part = pending.pop(0)
        if len(part) > 1 and len(write_calls([job.call for job in part])) > MAX_CALLS:
            pending[:0] = [part[: len(part) // 2], part[len(part) // 2 :]]
        else:
            yield part


def array_request(jobs: Sequence[Candidate], name: str, folder: str) -> dict[str, Any]:
    """
    Write the request that submits jobs as an array.

    :param jobs: of one part.
    :param folder: where each child finds which job it is.
    :raises LimitError: when AWS would refuse it.
    """
    first = jobs[0]
    calls = [job.call for job in jobs]
    plan = replace(
        first.plan,
        name=name,
        command=array_command(first.plan.command, folder),
        tags={**first.plan.tags, CALL_TAG: shared_call(calls)},
        array_size=len(jobs),
        parameters={**first.plan.parameters, CALLS: write_calls(calls)},
    )
    return submit_request(plan, first.definition)
