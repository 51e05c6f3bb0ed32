"""``miniwdl-aws list``: the runs of a queue."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_core.since import SINCE_HELP, parse_since
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.types import Command
from miniwdl_aws_submit_cli.formats import ago, duration, table
from miniwdl_aws_submit_cli.manage.arguments import add_json, add_place

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence

__all__ = ["COMMAND"]

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
        if tags:
            # The list has no tags, and can't be asked for them.
            details = session.batch.describe([job["jobId"] for job in jobs])
            jobs = [job for job in jobs if tags.items() <= _tags(details, job["jobId"]).items()]
    if args.json:
        emit_json([_facts(job) for job in jobs])
        return ExitCode.OK
    for row in _table(jobs, now):
        emit(row)
    if not jobs:
        say(f"no run {'like that ' if args.state or since or tags else ''}in queue {queue}")
    return ExitCode.OK


def _in_state(job: Mapping[str, Any], states: Sequence[str] | None) -> bool:
    """Match states written in any case; ``active`` stands for all but the final two."""
    from miniwdl_aws_submit_cli.runs.wait import ENDED

    if not states:
        return True
    wanted = {state.upper() for state in states}
    return job["status"] in wanted or ("ACTIVE" in wanted and job["status"] not in ENDED)


def _tags(details: Mapping[str, Mapping[str, Any]], job_id: str) -> dict[str, str]:
    return dict(details.get(job_id, {}).get("tags") or {})


def _facts(job: Mapping[str, Any]) -> dict[str, Any]:
    from miniwdl_aws_submit_cli.runs.workflow_job import given_name

    return {
        "jobId": job["jobId"],
        "name": given_name(job["jobName"]),
        "jobName": job["jobName"],
        "status": job["status"],
        "reason": job.get("statusReason"),
        "exitCode": (job.get("container") or {}).get("exitCode"),
        "createdAt": job["createdAt"],
        "startedAt": job.get("startedAt"),
        "stoppedAt": job.get("stoppedAt"),
    }


def _table(jobs: Sequence[Mapping[str, Any]], now: float) -> list[str]:
    from miniwdl_aws_submit_cli.runs.workflow_job import given_name

    rows = [("STATE", "AGE", "DURATION", "NAME", "RUN")] if jobs else []
    for job in jobs:
        started, stopped = job.get("startedAt"), job.get("stoppedAt")
        lasted = duration((stopped or now * 1000) / 1000 - started / 1000) if started else ""
        rows.append(
            (job["status"].lower(), ago(job["createdAt"], now), lasted, given_name(job["jobName"]), job["jobId"])
        )
    return table(rows)


COMMAND = Command("list", "list the runs of a queue", configure, run)
