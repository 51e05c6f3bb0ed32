"""``miniwdl-aws list``: the runs of a queue."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_core.since import SINCE_HELP, parse_since
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.formats import ago, duration, table
from miniwdl_aws_submit_cli.manage.arguments import add_json, add_place

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = ["configure", "run"]

STATES = ("submitted", "pending", "runnable", "starting", "running", "succeeded", "failed", "active")
"""Values of ``--state``; ``active`` is all but the final two."""


def configure(parser: ArgumentParser) -> None:
    """Add what to list."""
    parser.add_argument(
        "--state", action="append", type=str.lower, choices=STATES, metavar="STATE",
        help=f"only runs in this state: {', '.join(STATES)}; may be repeated",
    )  # fmt: skip
    parser.add_argument("--since", metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--tag", action="append", metavar="KEY=VALUE", help="only runs with this tag; may be repeated")
    add_json(parser)
    add_place(parser)


def run(args: Namespace) -> int:
    """Print one line per run, the newest first."""
    from miniwdl_aws_submit_cli.options.resolve import parse_tags
    from miniwdl_aws_submit_cli.runs.runs import list_runs
    from miniwdl_aws_submit_cli.runs.session import open_session

    now = time.time()
    since = parse_since(args.since, now) if args.since else 0
    tags = parse_tags(args.tag or ())
    with open_session(args) as session:
        queue = session.require_queue()
        jobs = [job for job in list_runs(session.batch, queue, since=since) if _in_state(job, args.state)]
        # The list has neither tags nor attempts, and can't be asked for them.
        wanted = [job.job_id for job in jobs if tags or args.json or not job.ended]
        described = session.batch.describe(wanted)
        jobs = [described.get(job.job_id, job) for job in jobs]
        jobs = [job for job in jobs if tags.items() <= job.tags.items() and _in_state(job, args.state)]
    if args.json:
        emit_json([_facts(job) for job in jobs])
        return ExitCode.OK
    for row in _table(jobs, now):
        emit(row)
    if not jobs:
        say(f"no run {'like that ' if args.state or since or tags else ''}in queue {queue}")
    return ExitCode.OK


def _in_state(job: Job, states: Sequence[str] | None) -> bool:
    """Match states written in any case; ``active`` stands for all but the final two."""
    if not states:
        return True
    wanted = {state.upper() for state in states}
    return job.status in wanted or ("ACTIVE" in wanted and not job.ended)


def _facts(job: Job) -> dict[str, Any]:
    from miniwdl_aws_submit_cli.runs.attempts import attempts_of
    from miniwdl_aws_submit_cli.runs.names import given_name

    return {
        "jobId": job.job_id,
        "name": given_name(job.name),
        "jobName": job.name,
        "status": job.status,
        "reason": job.reason or None,
        "exitCode": job.exit_code,
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "stoppedAt": job.stopped_at,
        "maxAttempts": job.max_attempts,
        "attempts": attempts_of(job),
    }


def _table(jobs: Sequence[Job], now: float) -> list[str]:
    from miniwdl_aws_submit_cli.runs.names import given_name

    rows = [("STATE", "AGE", "DURATION", "NAME", "RUN")] if jobs else []
    for job in jobs:
        seconds = job.seconds(now)
        lasted = duration(seconds) if seconds is not None else ""
        state = job.status.lower() + (f" {job.attempt}/{job.max_attempts}" if job.attempt > 1 else "")
        rows.append((state, ago(job.created_at, now), lasted, given_name(job.name), job.job_id))
    return table(rows)
