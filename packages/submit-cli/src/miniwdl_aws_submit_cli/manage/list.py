"""``miniwdl-aws list``: the runs of a queue."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_core.since import SINCE_HELP, parse_since
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.protocol import BATCH_TAG, USER_TAG
from miniwdl_aws_submit_cli.formats import ago, duration, table
from miniwdl_aws_submit_cli.manage.arguments import add_batch, add_json, add_place

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = ["configure", "run"]

STATES = ("submitted", "pending", "runnable", "starting", "running", "succeeded", "failed", "stopped", "active")
"""Values of ``--state``; ``active`` is all but the final three."""


def configure(parser: ArgumentParser) -> None:
    """Add what to list."""
    parser.add_argument(
        "--state", action="append", type=str.lower, choices=STATES, metavar="STATE",
        help=f"only runs in this state: {', '.join(STATES)}; may be repeated",
    )  # fmt: skip
    parser.add_argument("--since", metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--tag", action="append", metavar="KEY=VALUE", help="only runs with this tag; may be repeated")
    add_batch(parser, "only the runs of this table (`miniwdl-aws-submit --runs`), by row")
    add_json(parser)
    add_place(parser)


def run(args: Namespace) -> int:
    """Print one line per run, the newest first."""
    from miniwdl_aws_submit_cli.options.resolve import parse_tags
    from miniwdl_aws_submit_cli.runs.runs import list_runs
    from miniwdl_aws_submit_cli.runs.session import open_session

    now = time.time()
    since = parse_since(args.since, now) if args.since else 0
    tags = {**parse_tags(args.tag or ()), **({BATCH_TAG: args.batch} if args.batch else {})}
    with open_session(args) as session:
        queue = session.require_queue()
        jobs = [job for job in list_runs(session.batch, queue, since=since) if _in_state(job, args.state)]
        # The list has neither tags, which say how a run ended, nor attempts, and can't be asked for them.
        described = session.batch.describe([job.job_id for job in jobs])
        jobs = [described.get(job.job_id, job) for job in jobs]
        jobs = [job for job in jobs if tags.items() <= job.tags.items() and _in_state(job, args.state)]
    if args.batch:
        jobs.sort(key=_row)  # keeps the newest first where a row was run again
    if args.json:
        emit_json([_facts(job) for job in jobs])
        return ExitCode.OK
    for row in _table(jobs, now):
        emit(row)
    if not jobs:
        say(f"no run {'like that ' if args.state or since or tags else ''}in queue {queue}")
    return ExitCode.OK


def _in_state(job: Job, states: Sequence[str] | None) -> bool:
    """Match states; ``active`` stands for all but the final three."""
    from miniwdl_aws_submit_cli.runs.wait import state_of

    return not states or state_of(job) in states or ("active" in states and not job.ended)


def _row(job: Job) -> int:
    from miniwdl_aws_core.batch.tags import RowTags

    tags = RowTags.read(job.tags)
    return tags.row if tags else 0


def _facts(job: Job) -> dict[str, Any]:
    from miniwdl_aws_submit_cli.runs.attempts import attempts_of
    from miniwdl_aws_submit_cli.runs.names import given_name
    from miniwdl_aws_submit_cli.runs.wait import Places, outcome, state_of

    return {
        "jobId": job.job_id,
        "name": given_name(job.name),
        "jobName": job.name,
        "status": job.status,
        "state": state_of(job),
        "user": job.tags.get(USER_TAG),
        "batch": job.tags.get(BATCH_TAG),
        "row": _row(job) or None,
        "reason": job.reason or None,
        "exitCode": job.exit_code,
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "stoppedAt": job.stopped_at,
        "maxAttempts": job.max_attempts,
        "attempts": attempts_of(job),
        **(outcome(job) if job.ended else Places.of(job)).facts(),
    }


def _table(jobs: Sequence[Job], now: float) -> list[str]:
    from miniwdl_aws_submit_cli.runs.names import given_name
    from miniwdl_aws_submit_cli.runs.wait import Places, outcome, state_of

    if not jobs:
        return []
    rows = [["STATE", "AGE", "DURATION", "USER", "NAME", "RUN", "RESULTS"]]
    for job in jobs:
        seconds = job.seconds(now)
        lasted = duration(seconds) if seconds is not None else ""
        state = state_of(job) + (f" {job.attempt}/{job.max_attempts}" if job.attempt > 1 else "")
        user, name = job.tags.get(USER_TAG, ""), given_name(job.name)
        results = (outcome(job) if job.ended else Places.of(job)).short
        rows.append([state, ago(job.created_at, now), lasted, user, name, job.job_id, results])
    if len({row[3] for row in rows[1:]}) == 1:  # whoever is alone in a queue knows whose runs these are
        rows = [row[:3] + row[4:] for row in rows]
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    return [line.rstrip() for line in table(rows)]
