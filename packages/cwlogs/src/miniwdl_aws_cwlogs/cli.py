"""``miniwdl-aws-logs``: the log of any AWS Batch job, or of any CloudWatch log stream."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from miniwdl_aws_core.command import Parser, run_command
from miniwdl_aws_core.console import emit_log, has_colours, say
from miniwdl_aws_core.since import SINCE_HELP, parse_since
from miniwdl_aws_cwlogs import __version__
from miniwdl_aws_hooks import ConfigurationError, ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from miniwdl_aws_core.batch.job import StreamName
    from miniwdl_aws_cwlogs.follower import Discovery, Followed
    from miniwdl_aws_cwlogs.stream import LogStream

__all__ = ["main"]

PROGRAM = "miniwdl-aws-logs"


def main(argv: Sequence[str] | None = None) -> int:
    """Show logs; returns the exit code."""
    return run_command(PROGRAM, _main, argv)


def _main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    _check(options)
    try:
        _show(options)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED  # the usual end of a follower, of which there is nothing to say
    return ExitCode.OK


def _parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        description="Show the log of AWS Batch jobs, or of a CloudWatch log stream.",
        epilog="Exit codes: 0 shown; 64 wrong usage; 69 AWS refused; 1 the job has no log; 75 contact was lost; "
        "130 stopped by Ctrl-C.",
        allow_abbrev=False,
    )
    parser.add_argument("job_ids", metavar="JOB_ID", nargs="*", help="id of a Batch job; several are shown together")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the jobs end, or until Ctrl-C")
    parser.add_argument("--since", metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--group", metavar="NAME", help="log group, instead of a job")
    parser.add_argument("--stream", metavar="NAME", action="extend", nargs="+", help="log streams in the group")
    parser.add_argument("-t", "--timestamps", action="store_true", help="begin each line with its time (UTC)")
    parser.add_argument("--json", action="store_true", help="one JSON object per event")
    parser.add_argument("--rate", metavar="N", type=float, help="requests a second at most (default 5)")
    parser.add_argument("--region", metavar="NAME", help="AWS region")
    parser.add_argument("--profile", metavar="NAME", help="AWS profile")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _check(options: argparse.Namespace) -> None:
    if bool(options.group) != bool(options.stream):
        raise ConfigurationError("--group and --stream belong together: give both")
    if bool(options.job_ids) == bool(options.group):
        raise ConfigurationError("name either a JOB_ID, or --group and --stream")
    if options.rate is not None and not 0 < options.rate <= 1000:
        raise ConfigurationError(f"--rate must be above 0, not {options.rate:g}")


def _show(options: argparse.Namespace) -> None:
    # Imported here, so that --help and wrong usage don't wait for botocore.
    from miniwdl_aws_core.aws.rate import SelfTuningRate
    from miniwdl_aws_core.diagnostics import fit_for_terminals
    from miniwdl_aws_cwlogs.follower import Follower
    from miniwdl_aws_cwlogs.log_source import shared_budget
    from miniwdl_aws_cwlogs.render import Renderer

    fit_for_terminals()
    start_time = parse_since(options.since, time.time()) if options.since else None
    target = _target(options, start_time)
    renderer, colours = Renderer(options.timestamps, options.json, target.label), has_colours()
    follower = Follower(SelfTuningRate(options.rate) if options.rate else shared_budget())
    for delivery in follower.deliveries(target.discovery):
        if delivery.events:
            emit_log(*chain.from_iterable(map(renderer.lines, delivery.events)), colours=colours)
        if delivery.over:
            target.over(delivery.followed)


@dataclass(frozen=True)
class _Target:
    """What to follow."""

    discovery: Discovery
    label: Callable[[str], str] | None
    """How to tell several streams apart."""
    over: Callable[[Followed], None] = lambda _followed: None
    """Hears of each stream that is over."""


def _target(options: argparse.Namespace, start_time: int | None) -> _Target:
    from miniwdl_aws_cwlogs.follower import FixedStreams, Followed
    from miniwdl_aws_cwlogs.job_watch import JobWatch
    from miniwdl_aws_cwlogs.log_source import JobSource, LogSource
    from miniwdl_aws_cwlogs.stream import LogStream

    sources: dict[str | None, LogSource] = {}

    def open_stream(name: StreamName, born: int) -> LogStream:
        region = name.region or options.region
        if region not in sources:
            sources[region] = LogSource.connect(region, options.profile)
        return LogStream(sources[region], name.group, name.name, start_time=max(start_time or 0, born) or None)

    if options.job_ids:
        describe = JobSource.connect(options.region, options.profile).describe
        watch = JobWatch(options.job_ids, describe, open_stream, follow=options.follow, tell=say)
        return _Target(watch, watch.label if len(options.job_ids) > 1 else None, watch.over)

    source = LogSource.connect(options.region, options.profile)
    names = list(dict.fromkeys(options.stream))
    if not options.follow:
        # A follower waits for streams that don't exist yet; who doesn't follow wants to know.
        for name in names:
            source.get(options.group, name, token=None, start_time=start_time)
    streams = [LogStream(source, options.group, name, start_time=start_time) for name in names]
    followed = [Followed(stream, job_ended=lambda: not options.follow, grace=0.0) for stream in streams]
    return _Target(FixedStreams(followed), (lambda stream: stream) if len(names) > 1 else None)


if __name__ == "__main__":
    sys.exit(main())
