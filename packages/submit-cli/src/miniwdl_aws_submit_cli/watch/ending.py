"""What a user is told when a run has ended, and while it goes on without them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import say
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.formats import counted, duration
from miniwdl_aws_submit_cli.runs.results import results_in_passing
from miniwdl_aws_submit_cli.runs.wait import outcome

if TYPE_CHECKING:
    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.session import Session
    from miniwdl_aws_submit_cli.watch.progress import Progress
    from miniwdl_aws_submit_cli.watch.task_states import TaskStates

__all__ = ["say_end", "say_next"]

MOST_FAILURES = 3
"""Failed calls named at the end."""


def say_next(job_id: str, session: Session) -> None:
    """Name the commands by which a user comes back."""
    say(
        f"  state:      {session.command('status', job_id)}",
        f"  log:        {session.command('logs', job_id, '--follow')}",
        f"  come back:  {session.command('wait', job_id, '--follow')}",
        f"  stop:       {session.command('cancel', job_id)}",
    )


def say_end(job: Job, progress: Progress, tasks: TaskStates, session: Session) -> int:
    """
    Say how a run ended and, where it failed, which calls did.

    :return: the exit code to reproduce.
    """
    ended = outcome(job)
    seconds = job.seconds(time.time())
    lasted = f", after {duration(seconds)}" if seconds is not None else ""
    say(f"{ended.sentence}{lasted}{_summary(progress)}")
    if ended.code not in (ExitCode.OK, ExitCode.TERMINATED):
        _say_failures(job.job_id, progress, tasks, session)
    say(*ended.lines(session.command("logs", job.job_id)))
    results = results_in_passing(session.manager, ended.results)
    if results and results.outputs:
        download = session.command("outputs", job.job_id, "--download", "DIR")
        say("  outputs:", *results.lines(), f"  download: {download}")
    return ended.code


def _say_failures(job_id: str, progress: Progress, tasks: TaskStates, session: Session) -> None:
    """Name the calls that failed, in the words of the log where it was read."""
    failures = [progress.failure] if progress.failure else tasks.failures()
    for failure in failures[:MOST_FAILURES]:
        say(*failure.lines())
        if failure.log_stream and failure.name:
            say(f"  its log: {session.command('logs', job_id, '--task', failure.name)}")


def _summary(progress: Progress) -> str:
    counts = progress.counts()
    told = [f"{counts[state]} {state}" for state in ("succeeded", "cached", "failed") if counts[state]]
    if progress.lost_hosts:
        told.append(counted(progress.lost_hosts, "lost host"))
    if progress.retries:
        told.append(counted(progress.retries, "retry", "retries"))
    if progress.uploaded:
        told.append(f"uploaded {progress.uploaded}")
    return f": {', '.join(told)}" if told else ""
