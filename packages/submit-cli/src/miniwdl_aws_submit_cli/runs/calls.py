"""The calls of a run, made out of its task jobs. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_core.run_files import call_name
from miniwdl_aws_hooks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = ["Call", "Try", "calls_of", "matching", "no_such_call", "some_names"]

FEW = 8
"""Calls that an error names."""


@dataclass(frozen=True)
class Try:
    """One job of a call."""

    job_id: str
    number: int
    """1 for the first."""
    status: str
    queue: str
    """Its name."""
    created: int
    started: int | None
    stopped: int | None
    exit_code: int | None
    reason: str
    log_stream: str | None
    log_group: str | None = None
    log_region: str | None = None
    """``None`` for that of the job."""

    def seconds(self, now: float) -> float | None:
        """How long it ran, or has been running; ``None`` before it starts."""
        if not self.started:
            return None
        return (self.stopped or now * 1000) / 1000 - self.started / 1000


@dataclass(frozen=True)
class Call:
    """A call of a task."""

    path: str
    """Within the run, as its directories are named: ``call-sub-1/call-sort``; empty when the run is a single task."""
    task: str
    tries: tuple[Try, ...]
    """The first one first; never empty."""

    @property
    def latest(self) -> Try:
        """The try that counts."""
        return self.tries[-1]

    @property
    def name(self) -> str:
        """What users call it: ``sub-1/sort``."""
        return call_name(self.path) or self.task

    @property
    def parts(self) -> list[str]:
        """Its name in parts."""
        return self.name.split("/")


def calls_of(jobs: Iterable[Job]) -> list[Call]:
    """Put the jobs of one run together to calls, in the order in which their first jobs were submitted."""
    found: dict[str, list[Job]] = defaultdict(list)
    for job in sorted(jobs, key=lambda job: job.created_at):
        tags = TaskTags.read(job.tags)
        # Jobs that something else has submitted, but for this run, are calls by their names.
        found[tags.call if tags else job.name].append(job)
    return [
        Call(path, _task(members[0]), tuple(starmap(_try, enumerate(members, start=1))))
        for path, members in found.items()
    ]


def matching(calls: Iterable[Call], name: str) -> list[Call]:
    """
    Select calls by what a user writes: a path, a part of it, or the name of a task; ``call-`` may be left out.

    ``sort`` selects all shards of a scatter over a call named so, and ``sort-3`` the fourth, whose whole name may be
    ``sort-3-NA12878``: miniwdl adds what it was made of where that is a short text. A call of a subworkflow has no job
    of its own: its name selects all calls within it.
    """
    wanted = call_name(name.strip("/")).split("/")
    return [call for call in calls if [call.task] == wanted or _has(call.parts, wanted)]


def no_such_call(name: str, job_id: str, calls: Sequence[Call]) -> ConfigurationError:
    """
    Say that a run has no call of a name.

    :param name: as the user wrote it.
    :param job_id: of the workflow job.
    :param calls: those that the run has.
    """
    return ConfigurationError(
        f"{name}: run {job_id} has no such call on AWS Batch",
        hint=f"it has {some_names(calls)}; cached calls have no jobs",
    )


def some_names(calls: Sequence[Call]) -> str:
    """Name a few calls, and say how many more there are."""
    names = [call.name for call in calls]
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more if names else "none yet"


def _has(parts: list[str], wanted: list[str]) -> bool:
    # Names in WDL have no hyphens: one begins the index of a shard, or what it was made of.
    return any(
        all(f"{part}-".startswith(f"{word}-") for part, word in zip(parts[start:], wanted, strict=False))
        for start in range(len(parts) - len(wanted) + 1)
    )


def _task(job: Job) -> str:
    tags = TaskTags.read(job.tags)
    return (tags.task if tags else "") or job.name


def _try(place: int, job: Job) -> Try:
    tags, stream = TaskTags.read(job.tags), job.stream
    return Try(
        job_id=job.job_id,
        number=tags.number if tags else place,
        status=job.status,
        queue=job.queue,
        created=job.created_at,
        started=job.started_at,
        stopped=job.stopped_at,
        exit_code=job.exit_code,
        reason=job.reason,
        log_stream=stream.name if stream else None,
        log_group=stream.group if stream else None,
        log_region=stream.region if stream else None,
    )
