"""
Decides whether a job is submitted at once and alone, or together with others that are like it.

As databases commit in groups: while requests pass at once, each job has its own. Under pressure, the first job of a
kind that has to wait takes the lead. Those like it that come while it waits join it, and when its turn comes it
submits all of them as one array job. Its followers sleep until they hear which children they are; where the array can't
be submitted, each goes alone.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.process.submission.grouping import alike, array_request, may_join, parts
from miniwdl_aws_batch_backend.process.termination import StoppedError
from miniwdl_aws_batch_backend.workdir.array_folder import ArrayFolder, suffix
from miniwdl_aws_core.batch.request import job_name
from miniwdl_aws_core.batch.tags import run_prefix
from miniwdl_aws_core.wdl_log import message
from miniwdl_aws_hooks import MiniwdlAwsError
from miniwdl_aws_hooks.protocol import PARENT_JOB_TAG, TASK_TAG

if TYPE_CHECKING:
    import logging

    from miniwdl_aws_batch_backend.process.adoption.journal import Journal
    from miniwdl_aws_batch_backend.process.submission.grouping import Candidate
    from miniwdl_aws_batch_backend.process.submission.sender import Sender, Submitted
    from miniwdl_aws_batch_backend.process.termination import Stoppable
    from miniwdl_aws_core.aws.rate import SelfTuningRate

__all__ = ["LINGER", "Launched", "Submitter"]

LINGER = 0.5
"""
Seconds for which the first job of a group waits at least, for others to join it. It has to wait anyway, and hosts take
far longer to start.
"""


@dataclass(frozen=True)
class Launched:
    """A job that was submitted."""

    job: Submitted
    folder: ArrayFolder | None = None
    """Which is to hear of its end."""


class _Group(list["Candidate"]):
    """Jobs that wait together; the first one leads."""


class Submitter:
    """Submits the jobs of all tasks."""

    def __init__(self, sender: Sender, journal: Journal | None, alone: SelfTuningRate | None) -> None:
        """
        Submit nothing yet.

        :param journal: hears of each job before it is submitted; ``None`` when none is kept.
        :param alone: how many jobs may go alone while AWS takes requests at once; ``None``: all do, always.
        """
        self._sender = sender
        self._journal = journal
        self._alone = alone
        self._lock = threading.Lock()
        self._waiting: dict[str, _Group] = {}

    def submit(self, job: Candidate, task: Stoppable, logger: logging.Logger) -> Launched:
        """
        Submit a job, by itself or with others.

        :raises StoppedError: when the run is terminated before AWS took it.
        :raises AwsError: when AWS doesn't take it.
        """
        if self._alone is None or not may_join(job):
            return self._send_alone(job, task, logger)
        # Both, in this order: a turn that is taken and not used would be lost to others.
        if self._alone.at_once() and self._sender.rate.at_once():
            return self._send_alone(job, task, logger, has_turn=True)
        outcome = self._together(job, task, logger)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome or self._send_alone(job, task, logger)

    def _together(self, job: Candidate, task: Stoppable, logger: logging.Logger) -> Launched | Exception | None:
        """Wait with others; ``None`` when they did not get anywhere."""
        kind = alike(job)
        with self._lock:
            leads = kind not in self._waiting
            group = self._waiting.setdefault(kind, _Group())
            group.append(job)
        if leads:
            self._lead(kind, task, logger)
        with task.waking(job.box):
            outcome: Launched | Exception | None = job.box.get()
        if outcome is None and job.box.woken:
            if self._leave(kind, group, job):
                raise StoppedError(had_started=False)
            outcome = job.box.get()  # somebody is just submitting it, and has to tell
        return outcome

    def _leave(self, kind: str, group: _Group, job: Candidate) -> bool:
        with self._lock:
            if self._waiting.get(kind) is not group:
                return False
            group.remove(job)
        return True

    def _close(self, kind: str) -> list[Candidate]:
        with self._lock:
            return list(self._waiting.pop(kind))

    def _lead(self, kind: str, task: Stoppable, logger: logging.Logger) -> None:
        """Submit the group when its turn comes; each of it hears what has become of it, whatever happens."""
        group: list[Candidate] | None = None
        try:
            task.pause(LINGER)
            has_turn = self._sender.rate.acquire(task.pause)
            group = self._close(kind)
            for part in parts(group):
                has_turn = has_turn or self._sender.rate.acquire(task.pause)
                if not has_turn:
                    return
                self._send_part(part, task, logger)
                has_turn = False
        finally:
            for job in self._close(kind) if group is None else group:
                job.box.put(None)  # who has heard before no longer listens

    def _send_part(self, part: list[Candidate], task: Stoppable, logger: logging.Logger) -> None:
        try:
            if len(part) == 1:
                part[0].box.put(self._send_alone(part[0], task, logger, has_turn=True))
            else:
                self._send_array(part, task, logger)
        except StoppedError:
            return
        except (MiniwdlAwsError, OSError) as exc:
            if len(part) == 1:
                part[0].box.put(exc)
            else:
                logger.warning(message("jobs go one by one: their array was not submitted", error=str(exc)))

    def _send_alone(
        self, job: Candidate, task: Stoppable, logger: logging.Logger, *, has_turn: bool = False
    ) -> Launched:
        if self._journal and job.entry:
            self._journal.intend(job.entry)
        submitted = self._sender.send(job.alone, task, logger, has_turn=has_turn)
        if self._journal and job.entry:
            self._journal.submitted(submitted.name, str(submitted.taken))
        return Launched(submitted)

    def _send_array(self, part: list[Candidate], task: Stoppable, logger: logging.Logger) -> None:
        token = secrets.token_hex(6)
        tags = part[0].plan.tags
        name = job_name(tags.get(TASK_TAG, ""), suffix(token), "tasks", run_prefix(tags.get(PARENT_JOB_TAG)))
        folder = ArrayFolder(part[0].place.run_dir, token, [(job.place, job.paths) for job in part])
        try:
            request = array_request(part, name, folder.path)
            if self._journal:
                entries = [replace(job.entry, name=name, index=index) for index, job in enumerate(part) if job.entry]
                self._journal.intend(*entries)
            submitted = self._sender.send(request, task, logger, has_turn=True)
        except BaseException:
            folder.discard()
            raise
        if self._journal:
            self._journal.submitted(name, str(submitted.taken))
        logger.info(message("AWS Batch array job submitted", jobId=submitted.taken, jobName=name, children=len(part)))
        for index, job in enumerate(part):
            job.box.put(Launched(replace(submitted, index=index), folder))
