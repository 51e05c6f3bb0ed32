"""
Goes on with task jobs that outlived the process which submitted them.

When a workflow job is killed, its task jobs run on. The same workflow submitted again gets a new run directory; for
each call that the call cache doesn't know, a job of an equal call is looked for in the journals of killed processes.
One that still runs, or has succeeded meanwhile, takes the place of a new one; its results are moved into the new run.
"""

from __future__ import annotations

import errno
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.process.adoption.journal import (
    Entry,
    Journal,
    LeftJournal,
    claiming,
    held_elsewhere,
    left_journals,
)
from miniwdl_aws_batch_backend.process.adoption.left_arrays import LeftArrays
from miniwdl_aws_batch_backend.workdir.handover import Place, is_there, move_results, read_claim, read_exit_code
from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.batch.limits import MAX_DESCRIBE
from miniwdl_aws_core.batch.lookup import ids_of
from miniwdl_aws_core.wdl_log import message

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Sequence

    from miniwdl_aws_batch_backend.process.batch_api import BatchApi
    from miniwdl_aws_core.batch.job import Job

__all__ = ["Recovery", "take_over"]

FORGOTTEN = 8 * 86400
"""Seconds after which AWS Batch no longer knows a finished job, so that a journal is of no use."""

LOCK_PATIENCE, LOCK_PERIOD = 300.0, 5.0
"""
Seconds for which the locks of an earlier attempt are waited for, and between two looks. Lustre's servers hold them for
a host that has gone until they evict it: some two minutes after its last sign of life, four where they are patient.
Source: https://wiki.lustre.org/User_talk:Hornc, "Understanding Lustre Evictions"
"""


@dataclass(frozen=True)
class _Left:
    """A job without its process: in the journals of several, where one was killed while it took it over."""

    journals: tuple[LeftJournal, ...]
    entry: Entry

    def joined(self, other: _Left | None) -> _Left:
        """Make one of two; the entry whose task directory has got some of the results knows more."""
        if other is None:
            return self
        best = max(self.entry, other.entry, key=lambda entry: is_there(JobPaths(entry.task_dir, entry.number)))
        return _Left((*other.journals, *self.journals), best)


class Recovery:
    """Keeps this process's journal, and finds jobs to go on with; looks for them once, when the first call asks."""

    def __init__(self, journal: Journal, api: BatchApi, own_job: str | None, *, adopts: bool) -> None:
        """
        Look at nothing yet.

        :param journal: of this process.
        :param own_job: id of the Batch job that this process is; an earlier attempt of it is gone for certain.
        :param adopts: whether to go on with jobs, besides keeping the journal.
        """
        self.journal = journal
        self._adopts = adopts
        self._api = api
        self._own_job = own_job
        self._arrays = LeftArrays(api)
        self._lock = threading.Lock()
        self._found: dict[str, list[_Left]] | None = None

    def claim(self, key: str, ours: JobPaths, logger: logging.Logger, pause: Callable[[float], bool]) -> Entry | None:
        """
        Take over a job of an equal call, if there is one.

        It stands in this process's journal before it is claimed in another: should this process be killed in between,
        it stands in both, and in none never.

        :param ours: where its results are going to be.
        :param pause: sleeps, in seconds; True at once when the run is being terminated.
        """
        if not self._adopts:
            return None
        with self._lock:
            if self._found is None:
                self._found = {}
                self._await_earlier_attempts(logger, pause)
                try:
                    self._found = self._look()
                except AwsError as exc:
                    logger.warning(message("jobs of killed runs could not be looked up", error=exc.message))
            candidates = self._found.get(key, [])
            while candidates:
                left = candidates.pop()
                with claiming(self.journal.path.parent):
                    holders = [journal for journal in left.journals if journal.holds(left.entry)]
                    if not holders:
                        continue  # another process was faster
                    self.journal.intend(replace(left.entry, task_dir=ours.task_dir, number=ours.number))
                    noted = [journal.claim(left.entry) for journal in holders]
                    if all(noted):
                        return left.entry
        return None

    def close(self) -> None:
        """Delete what nobody needs any more when this process ends in an orderly way."""
        self.journal.close()
        self._arrays.clear()

    def _await_earlier_attempts(self, logger: logging.Logger, pause: Callable[[float], bool]) -> None:
        """
        Wait until the file system knows that the host of an earlier attempt of this job is gone.

        Where it isn't, since AWS Batch alone has lost it, its jobs stay its own; this attempt runs their tasks again.
        """
        waited, folder = 0.0, self.journal.path.parent
        while self._own_job and (held := held_elsewhere(folder, self._own_job)):
            fields = {"journal": str(held[0])}
            if waited >= LOCK_PATIENCE:
                logger.warning(message("an earlier attempt of this job still holds its journal", **fields))
                return
            if not waited:
                logger.info(message("waiting for the locks of an earlier attempt of this job", **fields))
            if pause(LOCK_PERIOD):
                return
            waited += LOCK_PERIOD

    def _look(self) -> dict[str, list[_Left]]:
        folder = self.journal.path.parent
        journals = left_journals(folder, self.journal.path)
        owners = {left.owner for left in journals if left.owner and left.owner != self._own_job}
        # A lock may be held on another host without being seen here; a job that runs is certain to hold it.
        alive = {job.job_id for job in self._describe(owners) if not job.ended}
        by_label: dict[str, _Left] = {}
        for left in journals:
            if left.owner in alive:
                continue
            useful = self._useful(left.entries)
            for entry in useful:
                by_label[entry.label] = _Left((left,), entry).joined(by_label.get(entry.label))
            if not useful or time.time() - left.path.stat().st_mtime > FORGOTTEN:
                with claiming(folder):
                    left.path.unlink(missing_ok=True)
        found: dict[str, list[_Left]] = {}
        for job in by_label.values():
            found.setdefault(job.entry.key, []).append(job)
        return found

    def _useful(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those whose jobs run, or have succeeded and left their results where they were."""

        @cache
        def listed(queue: str, name: str) -> Sequence[str]:  # once for all children of an array
            return ids_of(name, self._api.named(queue, name))

        with_ids = [_with_id(entry, listed) for entry in entries]
        self._arrays.note(with_ids)
        jobs = {job.job_id: job for job in self._describe(entry.job_id for entry in with_ids if entry.job_id)}
        return [entry for entry in with_ids if _is_useful(entry, jobs.get(str(entry.job_id)))]

    def _describe(self, job_ids: Iterable[str]) -> list[Job]:
        ids = list(job_ids)
        pages = [ids[start : start + MAX_DESCRIBE] for start in range(0, len(ids), MAX_DESCRIBE)]
        return [job for page in pages for job in self._api.describe(page)]


def _with_id(entry: Entry, listed: Callable[[str, str], Sequence[str]]) -> Entry:
    """
    Say which job it is: the one that has begun, where a task was submitted twice.

    :param listed: ids of the jobs in a queue that have a name.
    """
    begun = read_claim(Place.at(entry.place))
    if begun or entry.job_id:
        return replace(entry, job_id=begun or entry.job_id)
    found = listed(entry.queue, entry.name)
    return replace(entry, job_id=entry.of(found[-1])) if found else entry


def _is_useful(entry: Entry, job: Job | None) -> bool:
    if job is None or job.name != entry.name or job.status == "FAILED":
        return False
    if not any(map(is_there, _where(entry))):
        return False
    return job.status != "SUCCEEDED" or 0 in map(read_exit_code, _where(entry))


def _where(entry: Entry) -> tuple[JobPaths, JobPaths]:
    """
    Tell where the files of a job may be: in its place, or where a run has taken them back to.

    When that run was killed in the midst of it, some are here and some there, and links in the other's stead.
    """
    return Place.at(entry.place).paths, JobPaths(entry.task_dir, entry.number)


def take_over(entry: Entry, ours: JobPaths) -> None:
    """
    Move the results of a job that has ended into this run's task directory.

    Links stay where they were, for absolute links among the results, and for whoever looks there.

    :raises OSError: when that can't be done, as between two file systems.
    """
    places = [paths for paths in _where(entry) if paths.task_dir != ours.task_dir]
    if not any(map(is_there, places)):
        raise FileNotFoundError(errno.ENOENT, "the job's work directory is gone", entry.place)
    for theirs in places:
        with suppress(FileNotFoundError):
            move_results(theirs, ours)
