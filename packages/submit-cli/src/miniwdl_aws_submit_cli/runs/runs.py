"""Runs, found in AWS Batch alone: a workflow job by id, unique prefix of it, name or ``last``; and its task jobs."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
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
    when that changes those that have not ended are described, of all arrays together.

    The newest jobs come first, and the list is read no further than to the oldest one that may still change.
    """

    def __init__(self, batch: Batch, *runs: Run, thorough: bool = False, brief: bool = False) -> None:
        """
        Look for nothing yet.

        :param brief: where all of an array's children have succeeded, take its word for it: no more is told of them
            than that, and they cost no requests.
        :param thorough: look at all jobs of the queues since the runs began: also at those that something else
            submitted for them, by whatever names.
        """
        self._batch = batch
        self._brief = brief
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
        changed, parents = [], []
        self.requests = 0
        since = self._oldest_open()
        for queue in self._queues:
            listed = self._listed(queue, since)
            self.requests += _pages(len(listed))
            for job in listed:
                parent = self._parents.get(job.job_id)
                known = parent or self._mine.get(job.job_id)
                if job.job_id in self._foreign or (known and not _has_changed(known, job)):
                    continue
                if parent:
                    parents.append(replace(parent, status=job.status, array_summary=job.array_summary))
                else:
                    changed.append(job.job_id)
        for job_id, described in self._describe(changed).items():
            if described.tags.get(PARENT_JOB_TAG) not in self._runs:
                self._foreign.add(job_id)
            elif described.array_size:
                parents.append(described)
            else:
                self._mine[job_id] = described
        self._refresh_children(parents)
        return sorted(self._mine.values(), key=lambda job: (job.created_at, job.array_index or 0))

    def _describe(self, job_ids: list[str]) -> dict[str, Job]:
        self.requests += _pages(len(job_ids)) if job_ids else 0
        return self._batch.describe(job_ids)

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

    def _refresh_children(self, parents: Sequence[Job]) -> None:
        for parent in parents:
            self._parents.pop(parent.job_id, None)
            self._incomplete[parent.job_id] = parent
        unended = {parent.job_id: self._unended(parent) for parent in parents}
        told = [parent for parent in parents if self._brief and parent.status == "SUCCEEDED"]
        found = {child: _succeeded(parent, child) for parent in told for child in unended[parent.job_id]}
        found |= self._describe([child for children in unended.values() for child in children if child not in found])
        for parent in parents:
            calls = read_calls(parent.parameters.get(CALLS, ""))
            children = [found[child] for child in unended[parent.job_id] if child in found]
            self._mine.update((child.job_id, as_call(child, parent, calls)) for child in children)
            # They come later than their parent; all are known once it has been looked at with none missing.
            if len(children) == len(unended[parent.job_id]):
                self._parents[parent.job_id] = self._incomplete.pop(parent.job_id)

    def _unended(self, parent: Job) -> list[str]:
        return [child for child in child_ids(parent) if child not in self._mine or not self._mine[child].ended]


def _succeeded(parent: Job, child: str) -> Job:
    """Tell of a child what its parent tells."""
    return replace(parent, job_id=child, array_size=None, array_index=int(child.rpartition(":")[2]), array_summary={})


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
