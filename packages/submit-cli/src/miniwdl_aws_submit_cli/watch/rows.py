"""To stay with all runs of a table until the last one ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.console import emit_json, say
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.formats import counted
from miniwdl_aws_submit_cli.runs.names import given_name
from miniwdl_aws_submit_cli.runs.wait import outcome, state_of
from miniwdl_aws_submit_cli.watch.watcher import FASTEST, SLOWEST, Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["stay_with_rows", "wait_for_rows"]


def stay_with_rows(batch_name: str, rows: Mapping[str, int], session: Session, *, json: bool) -> int:
    """
    Wait for the runs of a table, tell the end of each, and how many ended how.

    :param rows: number of the row by job id.
    :param json: tell all ends as one JSON array, too.
    :return: 0 when every run succeeded, 1 otherwise.
    """
    try:
        ended = wait_for_rows(session.batch.describe, rows, say)
    except KeyboardInterrupt:
        say("", "interrupted; the runs go on", f"  come back:  {session.command('wait', '--batch', batch_name)}")
        return ExitCode.INTERRUPTED
    finally:
        say(*session.surroundings.closing_lines())
    states = [state_of(job) for job in ended]
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states), reverse=True))
    say(f"{counted(len(ended), 'run')} of batch {batch_name}: {counts}")
    if json:
        emit_json([_facts(job, rows[job.job_id]) for job in ended])
    return ExitCode.OK if all(outcome(job).code == ExitCode.OK for job in ended) else ExitCode.FAILED


def wait_for_rows(
    describe: Callable[[list[str]], Mapping[str, Job]],
    rows: Mapping[str, int],
    tell: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Job]:
    """
    Look at all that have not ended, 100 in a request, until none is left.

    :param tell: hears a line for each run that has ended.
    :return: the jobs, in the order of their rows.
    :raises LostContactError: when there was no usable answer for too long.
    """
    patience, period = Patience(counted(len(rows), "job"), clock), FASTEST
    ended: dict[str, Job] = {}
    while left := [job_id for job_id in rows if job_id not in ended]:
        try:
            found = describe(left)
        except RefusedError as exc:
            patience.refused(exc)
            found = {}
        else:
            if len(found) == len(left):
                patience.answered()
            else:
                patience.unanswered(f"AWS Batch does not know {counted(len(left) - len(found), 'job')}")
        over = {job_id: job for job_id, job in found.items() if job.ended}
        for job_id in sorted(over, key=lambda job_id: rows[job_id]):
            tell(_line(over[job_id], rows[job_id]))
        ended.update(over)
        period = FASTEST if over else min(period * 1.2, SLOWEST)
        if len(ended) < len(rows):
            sleep(period)
    return [ended[job_id] for job_id in sorted(rows, key=lambda job_id: rows[job_id])]


def _line(job: Job, row: int) -> str:
    told = outcome(job).short
    return f"row {row}, {given_name(job.name)} ({job.job_id}): {state_of(job)}{f': {told}' if told else ''}"


def _facts(job: Job, row: int) -> dict[str, Any]:
    ended = outcome(job)
    return {
        "row": row,
        "jobId": job.job_id,
        "name": given_name(job.name),
        "status": job.status,
        "state": state_of(job),
        "exitCode": ended.code,
        **ended.facts(),
    }
