"""
The log of a workflow job as one: each attempt that AWS Batch makes of it has a log stream of its own.

The end marker, or the attempt's end and silence after it, ends a stream. Only the job's end ends the log.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.attempts import attempt_note
from miniwdl_aws_hooks.protocol import END_OF_LOG
from miniwdl_aws_hooks.types import FollowRequest, LogEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from miniwdl_aws_core.batch.job import Job, StreamName

__all__ = ["AttemptLog", "AttemptNote"]

SETTLED = 60.0
"""Seconds after which an attempt that is over has all of its log in CloudWatch Logs."""


@dataclass(frozen=True)
class AttemptNote(LogEvent):
    """Stands between the logs of two attempts, and says why there is another. Nobody has written it into a log."""


@dataclass(frozen=True)
class AttemptLog:
    """A log that can be read along with others."""

    label: str
    job_id: str
    look: Callable[[], Job]
    """The job as it is known at present."""
    wait: Callable[[Callable[[Job], bool]], Job]
    """Waits until a condition holds or the job has ended, or not at all where nobody follows; gives the job."""
    live: bool = True
    """Whether it is read until the job ends; otherwise, what is there now is all."""
    since: int | None = None
    """Leave out older events, in milliseconds since the epoch."""
    clock: Callable[[], float] = time.time

    @property
    def key(self) -> str:
        """What tells it from other logs."""
        return self.job_id

    def events(self, follow: Callable[[FollowRequest], Iterable[LogEvent]]) -> Iterator[LogEvent]:
        """Read the streams, attempt after attempt, with a note between two of them."""
        number = 1
        while True:
            job = self._wait_for(number, running=True)
            for stream in job.streams_of(number)[:1]:
                yield from follow(self._request(number, stream))
            job = self._wait_for(number, running=False)
            if job.attempt <= number:
                return
            number += 1
            yield AttemptNote(job.attempts[number - 2].stopped_at or 0, attempt_note(job, number), "")

    def _wait_for(self, number: int, *, running: bool) -> Job:
        """Wait until an attempt is over or, if wanted, until it runs."""
        return self.wait(lambda job: job.attempt > number or (running and bool(job.streams_of(number))))

    def _request(self, number: int, stream: StreamName) -> FollowRequest:
        def over() -> bool:
            job = self.look()
            return job.ended or job.attempt > number

        job = self.look()
        stopped = job.attempts[number - 1].stopped_at if number <= len(job.attempts) else None
        settled = stopped is not None and self.clock() - stopped / 1000 > SETTLED
        return FollowRequest(
            stream.group,
            stream.name,
            (lambda: True) if not self.live else over,
            END_OF_LOG,
            start_time=self.since,
            grace=0.0 if settled or not self.live else None,
            region=stream.region,
        )
