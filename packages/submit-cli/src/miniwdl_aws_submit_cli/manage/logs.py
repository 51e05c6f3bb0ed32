"""``miniwdl-aws logs``: the log of a run, and of its tasks."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit_json, emit_log, has_colours, say
from miniwdl_aws_core.since import SINCE_HELP, parse_since
from miniwdl_aws_core.terminal import split_lines
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.manage.arguments import add_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from miniwdl_aws_hooks.types import LogEvent
    from miniwdl_aws_submit_cli.runs.runs import Run
    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add which logs to show."""
    parser.add_argument(
        "--task", action="append", metavar="CALL",
        help="the logs of this call (sort, sort-3, sub-1/sort), of all in it (sub-1), or task; may be repeated",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="the workflow's log and those of all calls")
    parser.add_argument("--follow", "-f", action="store_true", help="go on until the run ends")
    parser.add_argument("--since", metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--grep", metavar="RE", help="only events in which this regular expression is found")
    add_run(parser)


def run(args: Namespace) -> int:
    """Print the log of the workflow job, or of task jobs, or of all."""
    from miniwdl_aws_submit_cli.runs.session import open_session
    from miniwdl_aws_submit_cli.watch.attempt_log import AttemptNote
    from miniwdl_aws_submit_cli.watch.streams import require_follower

    since, pattern = parse_since(args.since, time.time()) if args.since else None, _pattern(args.grep)
    with open_session(args, waiting=args.follow) as session:
        require_follower(session.manager, "`miniwdl-aws logs`")
        found, is_empty = session.find(args.run), True
        try:
            for label, event in _events(args, session, found, since):
                if isinstance(event, AttemptNote):
                    say(event.message)
                    continue
                is_empty = False
                if pattern is None or pattern.search(event.message):
                    _show(args, label, event)
        except KeyboardInterrupt:
            say("", "interrupted" if found.ended else "interrupted; the run goes on")
            return ExitCode.INTERRUPTED
    if is_empty and since is None:
        # Of a job that has ended nobody knows: a log group keeps its streams for so many days.
        gone, empty = "there is nothing in this log, or not any more", "nothing has been written to this log"
        say(f"note: {gone if found.ended else empty}")
    return ExitCode.OK


def _events(args: Namespace, session: Session, found: Run, since: int | None) -> Iterator[tuple[str, LogEvent]]:
    from miniwdl_aws_submit_cli.watch.run_streams import RunStreams, Selection
    from miniwdl_aws_submit_cli.watch.streams import follower, read_in_turn

    selection = Selection(
        workflow=args.all or not args.task, calls=() if args.all else tuple(args.task or ()), every_call=args.all
    )
    streams = RunStreams(session.batch, found.job_id, selection, live=args.follow, since=since)
    follow = follower(session.manager)
    if args.follow:
        yield from streams.events(follow)
        streams.check()
    else:
        streams.look()
        streams.check()
        yield from read_in_turn(streams.shown(), follow)


def _show(args: Namespace, label: str, event: LogEvent) -> None:
    if args.json:
        emit_json({"timestamp": event.timestamp, "from": label, "stream": event.stream, "message": event.message})
    elif args.all or args.task:
        emit_log(*(f"{label} | {line}" for line in split_lines(event.message)), colours=has_colours())
    else:
        emit_log(*split_lines(event.message), colours=has_colours())


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as exc:
        raise ConfigurationError(f"--grep {text}: not a regular expression ({exc})") from exc
