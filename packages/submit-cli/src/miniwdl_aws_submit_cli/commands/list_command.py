"""``miniwdl-aws list``: the runs of a queue."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.commands.session import open_session
from miniwdl_aws_submit_cli.console import emit, emit_json
from miniwdl_aws_submit_cli.options import option
from miniwdl_aws_submit_cli.runs import list_runs

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(args: Namespace) -> int:
    """Print one line per run, the newest first."""
    with open_session(args) as session:
        if not session.queue:
            raise ConfigurationError(f"--workflow-queue is missing: {option('--workflow-queue').sources}")
        jobs = list_runs(session.batch, session.queue)
    if args.json:
        emit_json(jobs)
        return ExitCode.OK
    for job in jobs:
        created = datetime.fromtimestamp(job["createdAt"] / 1000, tz=timezone.utc).astimezone()
        emit(f"{job['jobId']}  {job['status']:<9}  {created:%Y-%m-%d %H:%M}  {job['jobName']}")
    return ExitCode.OK
