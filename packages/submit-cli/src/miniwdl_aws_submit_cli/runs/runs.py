"""Runs, found in AWS Batch alone: a workflow job by id, unique prefix of it, name or ``last``; and its task jobs."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.arrays import CALLS, as_call, child_ids, read_calls
from miniwdl_aws_core.batch.tags import run_prefix
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.protocol import PARENT_JOB_TAG
from miniwdl_aws_submit_cli.options.table import option
from miniwdl_aws_submit_cli.runs.names import given_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.batch import Batch

__all__ = ["Run", "TaskJobs", "find_run", "list_runs", "unfinished"]

_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LAST = "last"
PAGE = 100
"""Jobs in an answer, of DescribeJobs and of a ListJobs with a filter."""
CLOCK_SKEW = 60_000
"""Milliseconds by which a task job may seem older than its workflow job."""


@dataclass(frozen=True)
class Run:
    """A workflow job, as DescribeJobs shows it."""

    job: Job

    @property
    def job_id(self) -> str:
        """Its id."""
        return self.job.job_id

    @property
    def name(self) -> str:
        """What its user calls it."""
        return given_name(self.job.name)

    @property
    def environment(self) -> Mapping[str, str]:
        """Its environment variables."""
        return self.job.environment

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.job.ended

    @property
    def task_queues(self) -> list[str]:
        """Queues to which its tasks go."""
        options = (
            AwsOptions.task_queue,
            AwsOptions.task_queue_fallback,
            AwsOptions.task_queue_arm64,
            AwsOptions.task_queue_fallback_arm64,
        )
        named = (self.environment.get(option.variable) for option in options)
        return list(dict.fromkeys(name for name in named if name))


def find_run(batch: Batch, word: str, queue: str | None) -> Run:
    """
    Find a run.

    :param word: job id, unique beginning of one, name (the newest of those to which the user gave it), or ``last``.
    :param queue: the workflow queue, where all but full ids are looked up.
    :raises ConfigurationError: when the word is empty, there is no such run, or more than one id begins so.
    """
    if not word:  # with which every id begins: an unset variable would name the only run there is, and stop it
        raise ConfigurationError(
            "RUN is empty", hint="give a job id, the unique beginning of one, a run's name, or `last`"
        )
    if _JOB_ID.fullmatch(word):
        job_id = word
    else:
        if not queue:
            raise ConfigurationError(
                f"to find {word!r}, the workflow queue must be known: {option('--workflow-queue').sources}",
                hint="or give the whole job id",
            )
        job_id = _select(list_runs(batch, queue), word, queue)
    job = batch.describe([job_id]).get(job_id)
    if job is None:
        raise ConfigurationError(
            f"AWS Batch does not know job {job_id} in {batch.region}",
            hint="it keeps finished jobs for about a week; check AWS_REGION, too",
        )
    return Run(job)


def list_runs(batch: Batch, queue: str, *, since: int = 0) -> list[Job]:
    """
    List the workflow jobs of a queue, newest first.

    :param since: milliseconds since the epoch; older ones are left out.
    """
    jobs = [job for job in batch.list_jobs(queue, filters=[_created_after(since)]) if job.created_at >= since]
    return sorted(jobs, key=lambda job: job.created_at, reverse=True)


class TaskJobs:
    """
    The task jobs of a run, or of several, looked up again and again.

    ListJobs can't select by tag, but by how a name begins: whoever shares the queue costs nothing. Each new job is
    described once, 100 in a request; after that, the list itself says how the job fares, and only one whose status
    changed is described again. The list has no children of arrays; but it says how many of them are in which state, and
    when that changes those that have not ended are described.

    The newest jobs come first, and the list is read no further than to the oldest one that may still change.
    """

    def __init__(self, batch: Batch, *runs: Run, thorough: bool = False) -> None:
        """
        Look for nothing yet.

        :param thorough: look at all jobs of the queues since the runs began: also at those that something else
            submitted for them, by whatever names.
        """
        self._batch = batch
        self._runs = {run.job_id for run in runs}
        self._queues = dict.fromkeys(queue for run in runs for queue in run.task_queues)
        self._since = min(run.job.created_at for run in runs) - CLOCK_SKEW
        names = [{"name": "JOB_NAME", "values": [f"{run_prefix(run.job_id)}*"]} for run in runs]
        self._filters = [_created_after(self._since)] if thorough else names
        self._mine: dict[str, Job] = {}
        """Those that run: single jobs, and children of arrays."""
        self._parents: dict[str, Job] = {}
        self._incomplete: dict[str, Job] = {}
        """Parents of which not all children have been seen as they are."""
        self._foreign: set[str] = set()
        self.requests = 0
        """About how many the last look took."""

    def refresh(self) -> list[Job]:
        """Look; return the jobs, the oldest first."""
        changed = []
        self.requests = 0
        since = self._oldest_open()
        for queue in self._queues:
            listed = self._listed(queue, since)
            self.requests += _pages(len(listed))
            for job in listed:
                known = self._parents.get(job.job_id) or self._mine.get(job.job_id)
                if job.job_id not in self._foreign and (known is None or _has_changed(known, job)):
                    changed.append(job.job_id)
        self.requests += _pages(len(changed)) if changed else 0
        for job_id, described in self._batch.describe(changed).items():
            if described.tags.get(PARENT_JOB_TAG) not in self._runs:
                self._foreign.add(job_id)
            elif described.array_size:
                self._parents.pop(job_id, None)
                self._incomplete[job_id] = described
                self._refresh_children(described)
            else:
                self._mine[job_id] = described
        return sorted(self._mine.values(), key=lambda job: (job.created_at, job.array_index or 0))

    def _listed(self, queue: str, since: int) -> list[Job]:
        listed: list[Job] = []
        for by in self._filters:
            jobs = self._batch.list_jobs(queue, filters=[by])
            listed += itertools.takewhile(lambda job: job.created_at >= since, jobs)
        return listed

    def _oldest_open(self) -> int:
        """Say from when on jobs may be new or may have changed, in milliseconds; one may become visible late."""
        known = [job for job in (*self._mine.values(), *self._parents.values()) if job.array_index is None]
        unended = [job.created_at for job in known if not job.ended]
        unended += [job.created_at for job in self._incomplete.values()]
        newest = max((job.created_at for job in known), default=0)
        return max(self._since, min(unended, default=newest) - CLOCK_SKEW)

    def _refresh_children(self, parent: Job) -> None:
        calls = read_calls(parent.parameters.get(CALLS, ""))
        # Children come later than their parent; all are known once the parent has been looked at with none missing.
        unended = [child for child in child_ids(parent) if child not in self._mine or not self._mine[child].ended]
        found = self._batch.describe(unended)
        self._mine.update((job_id, as_call(job, parent, calls)) for job_id, job in found.items())
        if len(found) == len(unended):
            del self._incomplete[parent.job_id]
            self._parents[parent.job_id] = parent


def _created_after(time: int) -> dict[str, Any]:
    """Write the filter of ListJobs for jobs that are no older."""
    return {"name": "AFTER_CREATED_AT", "values": [str(time)]}


def _pages(jobs: int) -> int:
    """Count the requests that list or describe so many jobs; the last page of a list may be empty."""
    return max(1, -(-jobs // PAGE))


def _has_changed(known: Job, listed: Job) -> bool:
    return (known.status, known.array_summary) != (listed.status, listed.array_summary)


def unfinished(jobs: Iterable[Job]) -> list[str]:
    """Ids of the jobs that have not ended."""
    return [job.job_id for job in jobs if not job.ended]


def _select(jobs: Sequence[Job], word: str, queue: str) -> str:
    if word == LAST and jobs:
        return jobs[0].job_id
    for job in jobs:
        if word in (job.name, given_name(job.name)):
            return job.job_id
    ids = [job.job_id for job in jobs if job.job_id.startswith(word)]
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise ConfigurationError(f"{len(ids)} runs in queue {queue} begin with {word}: {', '.join(ids[:5])}")
    raise ConfigurationError(
        f"there is no run {word} in queue {queue}", hint="`miniwdl-aws list` shows them; ended ones go after a week"
    )
