"""``miniwdl-aws status``: where a run and its tasks stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.commands.session import open_session
from miniwdl_aws_submit_cli.console import emit, emit_json
from miniwdl_aws_submit_cli.runs import task_jobs
from miniwdl_aws_submit_cli.wait import state_of

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from typing import Any

__all__ = ["run"]


def run(args: Namespace) -> int:
    """Print the workflow job and its task jobs."""
    with open_session(args) as session:
        found = session.find(args.run)
        jobs = [found.detail, *task_jobs(session.batch, found)]
    if args.json:
        workflow, *tasks = (_facts(job) for job in jobs)
        emit_json({**workflow, "tasks": tasks})
        return ExitCode.OK
    for depth, job in enumerate(jobs):
        facts = _facts(job)
        shown = f"exit {facts['exitCode']}" if facts["exitCode"] is not None else ""
        words = [f"{facts['status']:<9}", facts["jobName"], facts["jobId"], shown, facts["reason"]]
        emit(("  " if depth else "") + "  ".join(word for word in words if word))
    return ExitCode.OK


def _facts(job: Mapping[str, Any]) -> dict[str, Any]:
    state = state_of(job["jobId"], job)
    return {
        "jobId": state.job_id,
        "jobName": job["jobName"],
        "status": state.status,
        "exitCode": state.exit_code,
        "reason": state.reason,
        "logStream": state.log_stream,
        "createdAt": job["createdAt"],
    }
