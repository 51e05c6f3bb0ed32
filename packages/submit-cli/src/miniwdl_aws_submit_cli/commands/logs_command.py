"""``miniwdl-aws logs``: the log of a run, and of its tasks."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.protocol import END_OF_LOG, TASK_LOG_GROUP
from miniwdl_aws_hooks.types import FollowRequest
from miniwdl_aws_submit_cli.calls import Call, calls_of, matching
from miniwdl_aws_submit_cli.commands.session import open_session
from miniwdl_aws_submit_cli.console import emit, emit_json, say
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.follow import require_follower
from miniwdl_aws_submit_cli.formats import parse_since
from miniwdl_aws_submit_cli.runs import Run, TaskJobs, unfinished
from miniwdl_aws_submit_cli.streams import Merged, Shown, follower, read_in_turn
from miniwdl_aws_submit_cli.wait import ENDED, Patience

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from miniwdl_aws_hooks.types import LogEvent
    from miniwdl_aws_submit_cli.commands.session import Session

__all__ = ["LogFilter", "run"]

DISCOVERY_PERIOD = 5.0
"""Seconds between two looks for task jobs that have started to log."""


@dataclass(frozen=True)
class LogFilter:
    """Which events are shown."""

    since: int | None = None
    """Milliseconds since the epoch."""
    pattern: re.Pattern[str] | None = None

    def __call__(self, event: LogEvent) -> bool:
        """Whether an event is shown."""
        if self.since is not None and event.timestamp < self.since:
            return False
        return self.pattern is None or self.pattern.search(event.message) is not None


def run(args: Namespace) -> int:
    """Print the log of the workflow job, or of task jobs, or of all."""
    wanted = LogFilter(parse_since(args.since, time.time()) if args.since else None, _pattern(args.grep))
    with open_session(args, waiting=args.follow) as session:
        require_follower(session.manager, "`miniwdl-aws logs`")
        found = session.find(args.run)
        try:
            for label, event in _events(args, session, found):
                if wanted(event):
                    _show(args, label, event)
        except KeyboardInterrupt:
            say("\ninterrupted" if found.ended else "\ninterrupted; the run goes on")
            return ExitCode.INTERRUPTED
    return ExitCode.OK


def _events(args: Namespace, session: Session, found: Run) -> Iterator[tuple[str, LogEvent]]:
    sources = _Sources(args, session, found)
    follow = follower(session.manager)
    if not args.follow:
        sources.look()
        yield from read_in_turn(sources.streams(strict=True), follow)
        return
    merged = Merged(follow)

    def discover() -> bool:
        complete = sources.look()
        merged.add(sources.streams(strict=complete))
        return complete

    yield from merged.events(discover, DISCOVERY_PERIOD)


class _Sources:
    """The streams that were asked for, as they become known."""

    def __init__(self, args: Namespace, session: Session, found: Run) -> None:
        self._args = args
        self._batch = session.batch
        self._tasks = TaskJobs(session.batch, found)
        self._patience = Patience(f"job {found.job_id}")
        self._run = found
        self._calls: list[Call] = []
        self._ended: set[str] = set()

    def look(self) -> bool:
        """Ask AWS Batch once; return whether no stream will be added any more."""
        job_id = self._run.job_id
        try:
            detail = self._batch.describe([job_id]).get(job_id, self._run.detail)
            # After the workflow job, so that the last look at an ended run misses none.
            jobs = self._tasks.refresh() if self._args.all or self._args.task else []
        except RefusedError as exc:
            self._patience.refused(exc)
            return False
        self._patience.answered()
        self._run, self._calls = Run(detail), calls_of(jobs)
        self._ended = {job["jobId"] for job in (detail, *jobs) if job["status"] in ENDED}
        return self._run.ended and not unfinished(jobs)

    def streams(self, *, strict: bool) -> list[Shown]:
        """
        List the streams that are known.

        :param strict: refuse names of calls that there are not.
        """
        shown: list[Shown] = []
        if self._args.all or not self._args.task:
            job_id = self._run.job_id
            shown += [Shown(self._run.name, self._request(job_id, it, END_OF_LOG)) for it in self._run.log_streams]
        for call in self._chosen(strict=strict):
            for item in call.tries:
                if item.log_stream:
                    label = "/".join(call.parts) + (f" (try {item.number})" if len(call.tries) > 1 else "")
                    shown.append(Shown(label, self._request(item.job_id, item.log_stream, None)))
        return shown

    def _chosen(self, *, strict: bool) -> list[Call]:
        if self._args.all:
            return self._calls
        chosen: list[Call] = []
        for name in self._args.task or ():
            matched = matching(self._calls, name)
            if not matched and strict:
                raise ConfigurationError(
                    f"--task {name}: run {self._run.job_id} has no such call on AWS Batch",
                    hint=f"`miniwdl-aws status {self._run.job_id}` shows its calls; cached ones have no jobs",
                )
            chosen += [call for call in matched if call not in chosen]
        return chosen

    def _request(self, job_id: str, stream: str, marker: str | None) -> FollowRequest:
        """Ask for a stream; where nobody follows, what is there now is all."""
        live = bool(self._args.follow)
        return FollowRequest(TASK_LOG_GROUP, stream, lambda: not live or job_id in self._ended, marker)


def _show(args: Namespace, label: str, event: LogEvent) -> None:
    if args.json:
        emit_json({"timestamp": event.timestamp, "from": label, "stream": event.stream, "message": event.message})
    elif args.all or args.task:
        emit("\n".join(f"{label} | {line}" for line in event.message.splitlines() or [""]))
    else:
        emit(event.message)


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as exc:
        raise ConfigurationError(f"--grep {text}: not a regular expression ({exc})") from exc
