"""
Where a run stands, put together from the lines of its log and from what AWS Batch says of its task jobs. Pure.

The log knows what Batch doesn't (calls that wait, or that the call cache answered); Batch knows sooner, and why a job
is still in the queue.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniwdl_aws_core.log_lines import (
    TASK_CACHED,
    TASK_DONE,
    TASK_INTERRUPTED,
    TASK_RETRIED,
    TASK_SETUP,
    is_task_failure,
    template_pattern,
)
from miniwdl_aws_core.run_files import call_name
from miniwdl_aws_hooks.protocol import JOB_CHANGED, JOB_SUBMITTED, UPLOADED, UPLOADER, UPLOADING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miniwdl_aws_core.log_lines import LogLine
    from miniwdl_aws_submit_cli.runs.calls import Call

__all__ = ["STATES", "FailedTask", "Progress"]

STATES = ("waiting", "queued", "starting", "running", "succeeded", "failed", "cached")
"""What a task call is doing, in the order of its life."""

_OF_BATCH = {
    "SUBMITTED": "queued",
    "PENDING": "queued",
    "RUNNABLE": "queued",
    "STARTING": "starting",
    "RUNNING": "running",
}
_FINAL = frozenset({"succeeded", "failed", "cached"})
_UPLOADED = template_pattern(UPLOADED)
_UPLOADING = template_pattern(f"{UPLOADER} {UPLOADING}\n")


@dataclass(frozen=True)
class FailedTask:
    """A task call that failed for good."""

    call: str
    message: str
    job_id: str | None = None
    log_stream: str | None = None
    stderr: tuple[str, ...] = ()
    """Its last lines."""
    task: str = ""
    """What a run that is this task alone is called by; empty for others."""

    @property
    def name(self) -> str:
        """By which its log is found."""
        return call_name(self.call) or self.task

    def lines(self) -> list[str]:
        """Tell it."""
        where = f" (job {self.job_id})" if self.job_id else ""
        told = [f"{self.name or 'the task'}{where}: {self.message}"]
        told += [f"  | {line}" for line in self.stderr]
        if self.log_stream:
            told.append(f"  log stream: {self.log_stream}")
        return told


@dataclass
class Progress:
    """The state of a run, as far as it is known. One thread may read the log, another ask Batch, a third draw."""

    calls: dict[str, str] = field(default_factory=dict)
    """State of each task call by its path."""
    lost_hosts: int = 0
    retries: int = 0
    uploading: str | None = None
    """Where products are being uploaded to."""
    uploaded: str | None = None
    """How much was."""
    failure: FailedTask | None = None
    """The first task that failed for good."""
    queue_reason: str | None = None
    """Why a job in the queue doesn't start, in AWS's words."""
    queue_position: int | None = None
    """Place of the foremost job that waits in its queue, from 1."""

    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def counts(self) -> dict[str, int]:
        """Count the task calls in each state."""
        with self._lock:
            found = Counter(self.calls.values())
        return {state: found[state] for state in STATES}

    def read(self, line: LogLine) -> None:
        """Take note of a line of the log."""
        if line.is_task:
            with self._lock:
                self._read_task(line)

    def read_other(self, text: str) -> None:
        """Take note of a line that isn't miniwdl's: the uploader's."""
        if done := _UPLOADED.search(text):
            self.uploaded, self.uploading = done[3], None
        elif begun := _UPLOADING.search(text.rstrip() + "\n"):
            self.uploading = begun[2]

    def see(self, calls: Iterable[Call], front: Sequence[str] = ()) -> None:
        """
        Take note of what AWS Batch says; what the log said of a call's end stays true.

        :param front: ids of the first jobs in the queue, in order.
        """
        with self._lock:
            self._see(calls, front)

    def _see(self, calls: Iterable[Call], front: Sequence[str]) -> None:
        reason, places = None, []
        for call in calls:
            if self.calls.get(call.path) in _FINAL:
                continue
            state = _OF_BATCH.get(call.latest.status)
            # An ended job is not yet an ended call: miniwdl collects its outputs, or tries again.
            self.calls[call.path] = state or "running"
            if state == "queued":
                reason = call.latest.reason or reason
                places += [front.index(call.latest.job_id) + 1] if call.latest.job_id in front else []
        self.queue_reason, self.queue_position = reason, min(places, default=None)

    def _read_task(self, line: LogLine) -> None:
        call, message = line.call, line.message
        if message == TASK_SETUP:
            self.calls.setdefault(call, "waiting")
        elif message == TASK_DONE:
            self.calls[call] = "succeeded"
        elif message == TASK_CACHED:
            if self.calls.get(call) != "succeeded":  # in an earlier attempt of this run
                self.calls[call] = "cached"
        elif message == JOB_CHANGED:
            self._enter(call, str(line.fields.get("status", "")))
        elif message == JOB_SUBMITTED:
            self._enter(call, "SUBMITTED")
        elif message == TASK_INTERRUPTED:
            self.lost_hosts += 1
            self.calls[call] = "waiting"
        elif message == TASK_RETRIED:
            self.retries += 1
            self.calls[call] = "waiting"
        elif is_task_failure(line):
            self.calls[call] = "failed"
            self.failure = self.failure or _failed(line)

    def _enter(self, call: str, status: str) -> None:
        if status in _OF_BATCH and self.calls.get(call) not in _FINAL:
            self.calls[call] = _OF_BATCH[status]


def _failed(line: LogLine) -> FailedTask:
    fields = line.fields
    stderr = fields.get("stderr")
    return FailedTask(
        call=line.call,
        task="" if line.call else line.source.rpartition(":")[2],
        message=str(fields.get("explanation") or fields.get("message") or fields.get("error") or "failed"),
        job_id=fields.get("jobId"),
        log_stream=fields.get("logStreamName"),
        stderr=tuple(str(line) for line in stderr) if isinstance(stderr, list) else (),
    )
