"""
Looking at one job again and again.

A job that AWS Batch doesn't know yet is *not yet visible*, never failed; requests that fail are tried again for as long
as the trouble may pass.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.errors import LostContactError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Patience", "Watcher"]

FASTEST, SLOWEST = 1.0, 5.0
"""Seconds between two looks: soon while much may happen, then ever more slowly."""
PATIENCE = 600.0
"""Seconds without an answer after which contact counts as lost."""

_COME_BACK = "the run may well go on; come back with `miniwdl-aws wait`"


class Patience:
    """Bears requests that fail, as long as the trouble may pass."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic, seconds: float = PATIENCE) -> None:
        """
        Begin in contact.

        :param what: what is asked about, for the error: ``job 0123``.
        :param seconds: how long there may be no usable answer.
        """
        self._what = what
        self._clock = clock
        self._seconds = seconds
        self._silent_since: float | None = None

    def answered(self) -> None:
        """Note a usable answer."""
        self._silent_since = None

    def refused(self, error: RefusedError) -> None:
        """
        Note a request that failed.

        :raises LostContactError: when it always will, or has failed for too long.
        """
        if error.retryable is False:
            raise LostContactError(
                f"lost contact with {self._what}: {error.message}", hint=error.hint or _COME_BACK
            ) from error
        self.unanswered(error.message)

    def unanswered(self, trouble: str) -> None:
        """
        Note that there was no usable answer.

        :raises LostContactError: when there was none for too long.
        """
        now = self._clock()
        if self._silent_since is None:
            self._silent_since = now
        silence = now - self._silent_since
        if silence >= self._seconds:
            raise LostContactError(
                f"lost contact with {self._what} for {silence / 60:.0f} minutes: {trouble}", hint=_COME_BACK
            )


class Watcher:
    """Looks at one job, neither too often nor blind to errors."""

    def __init__(
        self,
        describe: Callable[[list[str]], Mapping[str, Job]],
        job_id: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
        seen: Callable[[Job], None] = lambda _state: None,
    ) -> None:
        """
        Prepare to watch.

        :param describe: DescribeJobs; may raise ``RefusedError``.
        :param patience: seconds without an answer, or without the job in it, that are borne.
        :param seen: called with each answer.
        """
        self._describe = describe
        self._clock = clock
        self._sleep = sleep
        self._patience = Patience(f"job {job_id}", clock, patience)
        self._seen = seen
        self._period = FASTEST
        self._looked_at: float | None = None
        self.state = Job(job_id, "")
        """Its status is empty while Batch doesn't know the job yet."""

    def look(self) -> Job:
        """
        Ask once, if the last answer isn't fresh enough.

        :raises LostContactError: when there was no usable answer for too long, or there can be none.
        """
        now = self._clock()
        if self.state.ended or (self._looked_at is not None and now - self._looked_at < self._period):
            return self.state
        self._looked_at = now
        job_id = self.state.job_id
        try:
            found = self._describe([job_id]).get(job_id)
        except RefusedError as exc:
            self._patience.refused(exc)
            return self.state
        if found is None:
            self._patience.unanswered("AWS Batch does not know the job")
            return self.state
        self._patience.answered()
        self._period = FASTEST if found.status != self.state.status else min(self._period * 1.2, SLOWEST)
        self.state = found
        self._seen(found)
        return found

    def look_until(
        self,
        reached: Callable[[Job], bool] = lambda _state: False,
        on_change: Callable[[Job], None] = lambda _state: None,
    ) -> Job:
        """
        Look again and again until a condition holds or the job ends.

        :param on_change: called with each new status, each new reason for one, and each new attempt.
        """
        shown = _shown(self.state)
        while True:
            state = self.look()
            if _shown(state) != shown:
                shown = _shown(state)
                on_change(state)
            if state.ended or reached(state):
                return state
            self._sleep(self._period)


def _shown(state: Job) -> tuple[str, str, int]:
    return state.status, state.reason, state.attempt
