"""Finds the log streams of Batch jobs as the jobs get them, and knows when the jobs are over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.attempts import attempt_note
from miniwdl_aws_core.batch.limits import MAX_DESCRIBE
from miniwdl_aws_cwlogs.errors import NoLogError, ThrottledError, UnreachableError
from miniwdl_aws_cwlogs.follower import Followed
from miniwdl_aws_cwlogs.target import refuse_without_log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miniwdl_aws_core.batch.job import Job, StreamName
    from miniwdl_aws_cwlogs.stream import LogStream

__all__ = ["JobWatch"]

DESCRIBE_PERIOD = 5.0
"""Seconds between two looks at the jobs."""

SKEW_MS = 86_400_000
"""How wrong the clock of a job's host may be before lines seem older than the job itself."""

SETTLED_MS = 60_000
"""A job that ended this long ago has all of its log in CloudWatch."""


class JobWatch:
    """
    The streams of some jobs, attempt after attempt: the next one's are new when those of the one before are over.

    Asks Batch about all of them at once, and not more often than each few seconds; an outage of Batch is waited
    out, since only the logs matter here.
    """

    def __init__(
        self,
        job_ids: Sequence[str],
        describe: Callable[[Sequence[str]], Sequence[Job]],
        open_stream: Callable[[StreamName, int], LogStream],
        *,
        follow: bool,
        tell: Callable[[str], None] = lambda _note: None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Look at the jobs for the first time.

        :param open_stream: gets the time before which the stream has nothing, in milliseconds since the epoch.
        :param follow: whether to wait for what is still to come.
        :param tell: hears of each attempt that follows another one.
        :raises NoLogError: for a job that Batch does not know, or that has no log and will not get one.
        """
        self._job_ids = list(dict.fromkeys(job_ids))
        self._describe = describe
        self._open = open_stream
        self._follow = follow
        self._tell = tell
        self._clock = clock
        self._wall_clock = wall_clock
        self._known: set[StreamName] = set()
        self._over: set[str] = set()
        """Names of streams of which nothing more will come."""
        self._attempts: dict[str, int] = {}
        """Number of the attempt that is shown, by job."""
        self._labels: dict[str, str] = {}
        self._jobs: dict[str, Job] = {}
        self._looked_at = clock()
        self._look()
        self._check_first_look()

    def label(self, stream: str) -> str:
        """Short name of the job that writes a stream."""
        return self._labels[stream]

    def new(self) -> list[Followed]:
        """Streams of jobs, or of their attempts, that have started since the last call."""
        if not self.complete() and self._clock() - self._looked_at >= DESCRIBE_PERIOD:
            try:
                self._look()
            except (ThrottledError, UnreachableError):
                # The streams go on until the next look, and they know when to lose patience.
                self._looked_at = self._clock()
        return [
            self._followed(job, stream, number)
            for job in self._jobs.values()
            for number in [self._attempt(job)]
            for stream in job.streams_of(number)
            if stream not in self._known
        ]

    def over(self, followed: Followed) -> None:
        """Take note that nothing more will come of a stream: that of the job's next attempt may be shown."""
        self._over.add(followed.stream.name)

    def complete(self) -> bool:
        """Whether all jobs are over, or nobody wants to wait for them."""
        return not self._follow or self._all_ended()

    def _all_ended(self) -> bool:
        return all(job.ended for job in self._jobs.values())

    def _look(self) -> None:
        waiting = [job_id for job_id in self._job_ids if job_id not in self._jobs or not self._jobs[job_id].ended]
        for start in range(0, len(waiting), MAX_DESCRIBE):
            for job in self._describe(waiting[start : start + MAX_DESCRIBE]):
                refuse_without_log(job)
                self._jobs[job.job_id] = job
        self._looked_at = self._clock()

    def _check_first_look(self) -> None:
        for job_id in self._job_ids:
            job = self._jobs.get(job_id)
            if job is None:
                raise NoLogError(
                    f"AWS Batch does not know job {job_id} in this region",
                    hint="check the id and the region; jobs are forgotten some days after their end, but their logs "
                    "stay: name them with --group and --stream",
                )
            if not job.streams and (job.ended or not self._follow):
                reason = f": {job.status_reason}" if job.status_reason else ""
                raise NoLogError(
                    f"job {job_id} has no log, since it did not run ({job.status}{reason})",
                    hint=None if job.ended else "wait for it with --follow",
                )

    def _attempt(self, job: Job) -> int:
        """Tell which attempt is to be shown; say so when it is another one."""
        number = self._attempts.setdefault(job.job_id, 1)
        while number < job.attempt and self._over.issuperset(stream.name for stream in job.streams_of(number)):
            number += 1
            self._tell((f"[{self._label(job)}] " if len(self._job_ids) > 1 else "") + attempt_note(job, number))
        self._attempts[job.job_id] = number
        return number

    def _label(self, job: Job) -> str:
        namesakes = sum(other.name == job.name for other in self._jobs.values())
        return job.name if namesakes == 1 else f"{job.name} {job.job_id[:8]}"

    def _followed(self, job: Job, stream: StreamName, attempt: int) -> Followed:
        self._known.add(stream)
        self._labels[stream.name] = self._label(job)
        stopped_at = job.attempts[attempt - 1].stopped_at if attempt <= len(job.attempts) else job.stopped_at
        settled = stopped_at is not None and self._wall_clock() * 1000 - stopped_at > SETTLED_MS
        return Followed(
            self._open(stream, max(job.created_at - SKEW_MS, 0)),
            job_ended=lambda: not self._follow or self._has_ended(job.job_id, attempt),
            grace=0.0 if settled or not self._follow else None,
        )

    def _has_ended(self, job_id: str, attempt: int) -> bool:
        job = self._jobs[job_id]
        return job.ended or attempt < job.attempt
