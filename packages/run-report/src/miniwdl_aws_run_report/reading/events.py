"""
Puts the calls of a run together from the lines of its log. Pure.

The log of a run has the lines of all its calls. Where calls become jobs, a try is a job; where they don't, a try lasts
from where miniwdl takes the call up to the line that says how it went.

Source: ``run_local_task``, ``_try_task`` and ``run_local_workflow`` of miniwdl
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from miniwdl_aws_core.log_lines import (
    TASK_CACHED,
    TASK_DONE,
    TASK_INTERRUPTED,
    TASK_RETRIED,
    TASK_SETUP,
    is_task_failure,
)
from miniwdl_aws_hooks.protocol import JOB_CHANGED, JOB_SUBMITTED
from miniwdl_aws_run_report.model import Call, State, Try, TryEnd

if TYPE_CHECKING:
    from datetime import tzinfo

    from miniwdl_aws_core.log_lines import LogLine

__all__ = ["Events", "is_under_way"]

RUN_START, RUN_VERSION, CALL_FAILED = "workflow start", "miniwdl", "call failure propagating"
"""Messages of miniwdl's ``run_local_workflow``."""

_UNPACKED = re.compile(r".*/miniwdl_run_zip_[^/]*/")
"""Folder for as long as a run takes whose WDL came in an archive: ``unpack`` of ``WDL.Zip``."""
_FINISHED = frozenset({State.SUCCEEDED, State.FAILED, State.CACHED})
_TIMES = {"STARTING": "starting", "RUNNING": "started", "SUCCEEDED": "stopped", "FAILED": "stopped"}
_ENDS = {"SUCCEEDED": TryEnd.SUCCEEDED, "FAILED": TryEnd.FAILED}


@dataclass
class _Seen:
    """A call, as far as the log has come."""

    task: str
    began: float | None
    tries: list[Try] = field(default_factory=list)
    state: State = State.WAITING
    ended: float | None = None
    message: str = ""
    folder: str = ""


class Events:
    """What the log has told so far."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        """
        Begin with nothing.

        :param zone: of the machine that wrote the log.
        """
        self._zone = zone
        self._calls: dict[str, _Seen] = {}
        self.target = self.source = self.directory = self.miniwdl = ""
        self.state = State.RUNNING
        self.message = ""
        self.began: float | None = None
        self.ended: float | None = None
        self.latest: float | None = None
        """When the last line was written."""

    def read(self, line: LogLine) -> None:
        """Take note of a line."""
        at = line.at(self._zone)
        self.latest = at if at is not None else self.latest
        self.began = self.began if self.began is not None else at
        if line.is_task:
            self._read_task(line, at)
        if not line.call and line.source.count(".") == 1:
            self._read_run(line, at)

    def folders(self) -> dict[str, str]:
        """Tell the directories of calls, as the log does, by their paths."""
        return {path: seen.folder for path, seen in self._calls.items() if seen.folder}

    def calls(self) -> list[Call]:
        """Make the calls, in the order in which they began; what the end of the run left unfinished was stopped."""
        return [self._call(path, seen) for path, seen in self._calls.items()]

    def _read_run(self, line: LogLine, at: float | None) -> None:
        fields, message = line.fields, line.message
        if message in (RUN_START, TASK_SETUP):
            self.target, self.source = str(fields.get("name", "")), _UNPACKED.sub("", str(fields.get("source", "")))
            self.directory = str(fields.get("dir", ""))
        elif message == RUN_VERSION:
            self.miniwdl = str(fields.get("version", "")).removeprefix("v")
        elif message in (TASK_DONE, TASK_CACHED):
            self.state, self.ended = State.CACHED if message == TASK_CACHED else State.SUCCEEDED, at
        elif line.level == "ERROR" and (message == CALL_FAILED or message.endswith(" failed")):
            self.state, self.ended = State.FAILED, at
            self.message = _words(line)

    def _read_task(self, line: LogLine, at: float | None) -> None:
        path, message = line.call, line.message
        if message == TASK_SETUP:
            seen = self._calls.setdefault(path, _Seen(str(line.fields.get("name", "")), at))
            seen.folder = str(line.fields.get("dir", ""))
            return
        found = self._calls.get(path)
        if found is None or found.state in _FINISHED:
            return
        if message in (JOB_SUBMITTED, JOB_CHANGED):
            self._read_job(found, line, at)
        elif message in (TASK_INTERRUPTED, TASK_RETRIED):
            end = TryEnd.HOST_LOST if message == TASK_INTERRUPTED else TryEnd.FAILED
            _end_try(found, at, end, _words(line), "retry")
            found.state = State.WAITING
        elif message in (TASK_DONE, TASK_CACHED):
            found.state, found.ended = State.CACHED if message == TASK_CACHED else State.SUCCEEDED, at
            if message == TASK_DONE:
                _end_try(found, at, TryEnd.SUCCEEDED)
        elif is_task_failure(line):
            found.state, found.ended, found.message = State.FAILED, at, _words(line)
            _end_try(found, at, TryEnd.FAILED, found.message, "failed")

    def _read_job(self, seen: _Seen, line: LogLine, at: float | None) -> None:
        job_id, status = str(line.fields.get("jobId", "")), str(line.fields.get("status", ""))
        place = next((place for place, item in enumerate(seen.tries) if item.job_id == job_id), None)
        if place is None:
            place = len(seen.tries)
            before = seen.tries[-1].stopped if seen.tries else seen.began
            created = at if line.message == JOB_SUBMITTED else before
            seen.tries.append(Try(place + 1, TryEnd.UNDER_WAY, created, job_id=job_id))
        known = seen.tries[place]
        told = {name: str(line.fields[key]) for name, key in _TOLD.items() if line.fields.get(key)}
        if status in _TIMES and at is not None and getattr(known, _TIMES[status]) is None:
            told[_TIMES[status]] = at  # type: ignore[assignment]
        if status in _ENDS and known.end is TryEnd.UNDER_WAY:
            told["end"] = _ENDS[status]
        seen.tries[place] = replace(known, **told)  # type: ignore[arg-type]
        seen.state = State.RUNNING if status == "RUNNING" else seen.state

    def _call(self, path: str, seen: _Seen) -> Call:
        state, ended, message, tries = seen.state, seen.ended, seen.message, list(seen.tries)
        if state not in _FINISHED:
            if not tries or not is_under_way(tries[-1]):
                tries = _with_current(seen)
            if self.state in _FINISHED:  # it was under way when another call failed
                state, ended, message = State.FAILED, self.ended, "stopped, as the run ended"
                if tries:
                    tries[-1] = replace(tries[-1], end=TryEnd.STOPPED, stopped=self.ended)
            elif tries and tries[-1].started is not None:
                state = State.RUNNING
        return Call(path, seen.task, state, tuple(map(_dated, tries)), seen.began, ended, message)


_TOLD = {"queue": "queue", "log_stream": "logStreamName"}


def is_under_way(item: Try) -> bool:
    """Whether a try has not ended."""
    return item.end is TryEnd.UNDER_WAY


def _dated(item: Try) -> Try:
    """Let a try begin when it was submitted where nobody has said when it began: with the log's usual level."""
    return replace(item, started=item.created) if item.started is None and item.stopped is not None else item


def _with_current(seen: _Seen) -> list[Try]:
    """Add the try that is under way where no job says so: of a backend that tells nothing, or not yet."""
    if any(item.job_id for item in seen.tries):
        return seen.tries
    begun = seen.tries[-1].stopped if seen.tries else seen.began
    return [*seen.tries, Try(len(seen.tries) + 1, TryEnd.UNDER_WAY, begun, started=begun)]


def _end_try(seen: _Seen, at: float | None, end: TryEnd, reason: str = "", followed: str = "") -> None:
    """Note how the latest try went; where no job was told of, it is one that began where the last one ended."""
    last = seen.tries[-1] if seen.tries else None
    if last and last.job_id and not last.followed and (end is not TryEnd.SUCCEEDED or is_under_way(last)):
        stopped = last.stopped if last.stopped is not None else at
        seen.tries[-1] = replace(last, end=end, reason=reason or last.reason, followed=followed, stopped=stopped)
    elif last is None or not last.job_id:
        begun = last.stopped if last else seen.began
        seen.tries.append(Try(len(seen.tries) + 1, end, begun, None, begun, at, reason=reason, followed=followed))


def _words(line: LogLine) -> str:
    """Say why, in the words of the line that explain it best."""
    fields = line.fields
    return str(fields.get("explanation") or fields.get("message") or fields.get("error") or line.message)
