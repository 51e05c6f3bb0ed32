"""``miniwdl-aws cancel``: stop a run, or all runs of a table, and whatever they left running."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit_json, say
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.formats import counted
from miniwdl_aws_submit_cli.manage.arguments import add_run, one_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.runs.runs import Run

__all__ = ["Stopped", "configure", "report_of_batch", "report_of_run", "run", "stop"]

TASKS_PATIENCE = 300.0
"""Seconds that task jobs get to end after they were told to."""
CALM_LOOKS = 2
PERIOD = 2.0


def configure(parser: ArgumentParser) -> None:
    """Add which run to stop."""
    add_run(parser, or_batch="stop all runs of this table that have not ended")


def run(args: Namespace) -> int:
    """Stop a run and report what was stopped."""
    from miniwdl_aws_submit_cli.runs.rows import find_batch
    from miniwdl_aws_submit_cli.runs.runs import Run
    from miniwdl_aws_submit_cli.runs.session import open_session

    name = one_of(args)
    with open_session(args) as session:
        if name is None:
            found = session.find(args.run)
            if found.job.ended:
                say(f"workflow job {found.job_id} had ended before: it {found.job.status.lower()}")
            report = report_of_run(found, stop(session.batch, [found], say), say)
        else:
            runs = [Run(job) for _tags, job in find_batch(session.batch, session.require_queue(), name)]
            report = report_of_batch(name, len(runs), stop(session.batch, runs, say), say)
    if args.json:
        emit_json(report)
    return ExitCode.OK


@dataclass(frozen=True)
class Stopped:
    """Ids of the jobs that were told to end, and have ended."""

    workflow_jobs: list[str]
    task_jobs: list[str]
    """Those that their workflow jobs had left."""


def stop(
    batch: Batch,
    runs: Sequence[Run],
    progress: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Stopped:
    """
    Stop workflow jobs, all before any is waited for; they stop their task jobs, and what is left is stopped then.

    :raises RefusedError: when task jobs still run after several minutes.
    """
    from miniwdl_aws_submit_cli.runs.runs import unfinished
    from miniwdl_aws_submit_cli.watch.rows import wait_for_rows

    left = unfinished(found.job for found in runs)
    for job_id in left:
        progress(f"stopping workflow job {job_id}")
        batch.terminate(job_id, _reason())
    rows = {job_id: number for number, job_id in enumerate(left, 1)}
    wait_for_rows(batch.describe, rows, lambda _line: None, clock=clock, sleep=sleep)
    return Stopped(left, _stop_tasks(batch, runs, progress, clock, sleep, was_running=bool(left)))


def report_of_run(found: Run, stopped: Stopped, progress: Callable[[str], None]) -> dict[str, object]:
    """Tell what of a run was stopped."""
    was_running = bool(stopped.workflow_jobs)
    progress(_summary(len(stopped.task_jobs), was_running=was_running))
    return {"jobId": found.job_id, "workflowJobStopped": was_running, "taskJobsStopped": stopped.task_jobs}


def report_of_batch(name: str, runs: int, stopped: Stopped, progress: Callable[[str], None]) -> dict[str, object]:
    """
    Tell what of a table's runs was stopped.

    :param runs: how many there are.
    """
    workflows, ended = len(stopped.workflow_jobs), runs - len(stopped.workflow_jobs)
    left = counted(len(stopped.task_jobs), "task job")
    before = f"; {counted(ended, 'run')} had ended before" if ended else ""
    progress(f"stopped {counted(workflows, 'workflow job')}, and {left} left{before}")
    return {"batch": name, "workflowJobsStopped": stopped.workflow_jobs, "taskJobsStopped": stopped.task_jobs}


def _reason() -> str:
    from miniwdl_aws_submit_cli.runs.wait import STOPPED_BY

    return f"{STOPPED_BY} ({os.environ.get('USER') or os.getuid()})"


def _stop_tasks(
    batch: Batch,
    runs: Sequence[Run],
    progress: Callable[[str], None],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    *,
    was_running: bool,
) -> list[str]:
    """Stop the task jobs that runs left; return their ids."""
    from miniwdl_aws_submit_cli.runs.runs import TaskJobs, unfinished

    deadline = clock() + TASKS_PATIENCE
    tasks = TaskJobs(batch, *runs, thorough=True)
    stopped: list[str] = []
    # A job submitted at the last moment becomes visible late, so one look without any is not enough.
    calm = 0 if was_running else 1
    while calm < CALM_LOOKS:
        left = unfinished(tasks.refresh())
        calm = 0 if left else calm + 1
        for job_id in left:
            if job_id not in stopped:
                progress(f"stopping task job {job_id}")
                batch.terminate(job_id, _reason())
                stopped.append(job_id)
        if left and clock() > deadline:
            raise RefusedError(
                f"{counted(len(left), 'task job')} still running: {', '.join(left[:5])}", hint="cancel once more"
            )
        if calm < CALM_LOOKS:
            sleep(PERIOD)
    return stopped


def _summary(tasks: int, *, was_running: bool) -> str:
    left = f"{counted(tasks, 'task job')} that it had left" if tasks else ""
    if was_running:
        return f"stopped the workflow job, and {left}" if left else "stopped the workflow job, which left no task job"
    return f"stopped {left}" if left else "there was nothing to stop"
