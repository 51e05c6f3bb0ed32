"""
Watching one job until it ends.

A job that AWS Batch doesn't know yet is *not yet visible*, never failed; requests that fail are tried again for as long
as the trouble may pass.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.errors import LostContactError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["JobState", "Patience", "Watcher", "outcome", "state_of"]

ENDED = frozenset({"SUCCEEDED", "FAILED"})
FASTEST, SLOWEST = 1.0, 5.0
"""Seconds between two looks: soon while much may happen, then ever more slowly."""
PATIENCE = 600.0
"""Seconds without an answer after which contact counts as lost."""

_SAYS_NOTHING = "Essential container in task exited"
"""AWS's reason for the end of every container that ended by itself; the container's own reason may say more."""

_COME_BACK = "the run may well go on; come back with `miniwdl-aws wait`"

STOPPED_BY = "stopped by miniwdl-aws cancel"
"""How the reason begins with which this project terminates jobs."""


@dataclass(frozen=True)
class JobState:
    """What AWS Batch says of a job."""

    job_id: str
    status: str
    """Empty while Batch doesn't know the job yet."""
    reason: str = ""
    exit_code: int | None = None
    log_stream: str | None = None
    seconds: float | None = None
    """How long it ran, once it ended."""

    @property
    def ended(self) -> bool:
        """Whether the job is over."""
        return self.status in ENDED


def state_of(job_id: str, detail: Mapping[str, Any] | None) -> JobState:
    """
    Read a JobDetail.

    :param detail: ``None`` when DescribeJobs' answer lacks the job.
    """
    if detail is None:
        return JobState(job_id, "")
    container = detail.get("container") or {}
    attempts = detail.get("attempts") or []
    last = (attempts[-1].get("container") or {}) if attempts else {}
    exit_code = container.get("exitCode", last.get("exitCode"))
    reasons = (detail.get("statusReason"), container.get("reason"), last.get("reason"))
    reason = next((text for text in reasons if text and text != _SAYS_NOTHING), "")
    stream = container.get("logStreamName") or last.get("logStreamName")
    started, stopped = detail.get("startedAt"), detail.get("stoppedAt")
    seconds = (stopped - started) / 1000 if started and stopped else None
    return JobState(job_id, detail["status"], reason, exit_code, stream, seconds)


def outcome(state: JobState) -> tuple[int, str]:
    """
    Say how an ended job ended.

    :return: the exit code to reproduce, and one sentence.
    """
    if state.status == "SUCCEEDED":
        return ExitCode.OK, "the run succeeded"
    if state.reason.startswith(STOPPED_BY):
        return ExitCode.TERMINATED, "the run was stopped"
    if state.exit_code == ExitCode.ALREADY_BEGUN:
        return state.exit_code, "the run was submitted twice, and another job runs it: `miniwdl-aws list` shows it"
    if state.exit_code:
        return state.exit_code, f"the run failed with exit code {state.exit_code}"
    reason = state.reason or "AWS Batch gives no reason"
    return ExitCode.FAILED, f"the workflow job failed without an exit code: {reason}"


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
        describe: Callable[[list[str]], Mapping[str, Mapping[str, Any]]],
        job_id: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
    ) -> None:
        """
        Prepare to watch.

        :param describe: DescribeJobs; may raise ``RefusedError``.
        :param patience: seconds without an answer, or without the job in it, that are borne.
        """
        self._describe = describe
        self._clock = clock
        self._sleep = sleep
        self._patience = Patience(f"job {job_id}", clock, patience)
        self._period = FASTEST
        self._looked_at: float | None = None
        self.state = JobState(job_id, "")

    def look(self) -> JobState:
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
            found = state_of(job_id, self._describe([job_id]).get(job_id))
        except RefusedError as exc:
            self._patience.refused(exc)
            return self.state
        if not found.status:
            self._patience.unanswered("AWS Batch does not know the job")
            return self.state
        self._patience.answered()
        self._period = FASTEST if found.status != self.state.status else min(self._period * 1.2, SLOWEST)
        self.state = found
        return found

    def wait(self, until: Callable[[JobState], bool], on_change: Callable[[JobState], None]) -> JobState:
        """
        Look until a condition holds or the job ends.

        :param on_change: called with each new status, and each new reason for one.
        """
        shown = (self.state.status, self.state.reason)
        while True:
            state = self.look()
            if (state.status, state.reason) != shown:
                shown = (state.status, state.reason)
                on_change(state)
            if state.ended or until(state):
                return state
            self._sleep(self._period)
