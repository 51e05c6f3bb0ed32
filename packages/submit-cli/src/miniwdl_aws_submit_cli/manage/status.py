"""``miniwdl-aws status``: where a run and its calls stand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.console import emit, emit_json
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.formats import ago, duration
from miniwdl_aws_submit_cli.manage.arguments import add_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.runs.calls import Call
    from miniwdl_aws_submit_cli.runs.runs import Run

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add how much to show."""
    parser.add_argument("--all", action="store_true", help="show every call, however many succeeded")
    add_run(parser)


def run(args: Namespace) -> int:
    """Print the run, and its calls as a tree."""
    from miniwdl_aws_core.batch.attempts import ending_of
    from miniwdl_aws_submit_cli.runs.calls import calls_of
    from miniwdl_aws_submit_cli.runs.results import results_in_passing
    from miniwdl_aws_submit_cli.runs.runs import TaskJobs
    from miniwdl_aws_submit_cli.runs.session import open_session
    from miniwdl_aws_submit_cli.runs.tree import draw
    from miniwdl_aws_submit_cli.runs.wait import Places, outcome

    with open_session(args) as session:
        found = session.find(args.run)
        calls = calls_of(TaskJobs(session.batch, found).refresh())
        places = positions(session.batch, calls)
        ended = outcome(found.job) if found.ended else None
        results = results_in_passing(session.manager, ended.results) if ended else None
    if args.json:
        emit_json({**_facts(found, calls, places), "outputs": results.outputs if results else None})
        return ExitCode.OK
    now = time.time()
    emit(_headline(found, now))
    if ended:
        emit(ended.sentence)
    elif found.job.reason:
        emit(found.job.reason)
    for number, attempt in enumerate(found.job.attempts[: found.job.attempt - 1], start=1):
        emit(ending_of(attempt, number))
    for line in draw(calls, now, places, everything=args.all):
        emit(line)
    if ended:
        emit(*ended.lines(session.command("logs", found.job_id)))
    else:
        emit(*Places.of(found.job).lines())
    if results and results.outputs:
        emit("  outputs:", *results.lines())
    return ExitCode.OK


def positions(batch: Batch, calls: Iterable[Call]) -> dict[str, int]:
    """Find the places in their queues, from 1, of jobs that wait among the first 100; nothing where AWS won't say."""
    queues = {call.latest.queue for call in calls if call.latest.status == "RUNNABLE"}
    found: dict[str, int] = {}
    for queue in sorted(queues):
        try:
            front = batch.queue_front(queue)
        except RefusedError:
            continue
        found.update({job_id: place for place, job_id in enumerate(front, start=1)})
    return found


def _headline(found: Run, now: float) -> str:
    from miniwdl_aws_submit_cli.runs.wait import state_of

    job = found.job
    words = [found.name, job.job_id, state_of(job)]
    seconds = job.seconds(now)
    if seconds is not None:
        words.append(duration(seconds))
    if job.attempt > 1:
        words.append(f"attempt {job.attempt} of {job.max_attempts}")
    words.append(f"submitted {ago(job.created_at, now)} ago")
    return "  ".join(words)


def _facts(found: Run, calls: Iterable[Call], places: dict[str, int]) -> dict[str, Any]:
    from dataclasses import asdict

    from miniwdl_aws_submit_cli.runs.attempts import attempts_of
    from miniwdl_aws_submit_cli.runs.wait import Places, outcome, state_of

    job = found.job
    ended = outcome(job) if job.ended else None
    return {
        "jobId": job.job_id,
        "name": found.name,
        "jobName": job.name,
        "status": job.status,
        "state": state_of(job),
        "exitCode": ended.code if ended else None,
        **(ended or Places.of(job)).facts(),
        "reason": job.reason,
        "logStream": job.stream.name if job.stream else None,
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "stoppedAt": job.stopped_at,
        "maxAttempts": job.max_attempts,
        "attempts": attempts_of(job),
        "calls": [
            {
                "call": call.path,
                "task": call.task,
                "position": places.get(call.latest.job_id),
                "tries": [asdict(item) for item in call.tries],
            }
            for call in calls
        ],
    }
