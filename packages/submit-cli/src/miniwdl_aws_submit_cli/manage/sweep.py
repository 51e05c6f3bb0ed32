"""``miniwdl-aws sweep``: task jobs and job definitions that are left of runs whose workflow job is gone."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.protocol import PARENT_JOB_TAG
from miniwdl_aws_submit_cli.formats import ago, counted
from miniwdl_aws_submit_cli.manage.arguments import add_json, add_option, add_place
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.runs.leftovers import Leftovers
    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["configure", "run"]

RATE = 10.0
"""Definitions deregistered in a second: AWS takes 50 requests from an account, and runs need them, too."""


def configure(parser: ArgumentParser) -> None:
    """Add where to look for them."""
    parser.add_argument("--yes", action="store_true", help="stop the jobs, and deregister the definitions")
    add_json(parser)
    add_option(parser, "--task-queue")
    add_option(parser, "--task-queue-fallback")
    add_place(parser)


def run(args: Namespace) -> int:
    """List them; with ``--yes``, stop and deregister them."""
    from miniwdl_aws_submit_cli.runs.leftovers import find_leftovers
    from miniwdl_aws_submit_cli.runs.session import open_session

    with open_session(args) as session:
        found = find_leftovers(session.batch, _queues(args, session))
        if args.json:
            emit_json(_facts(found))
        else:
            _show(found)
        if args.yes:
            _remove(session.batch, found)
    if not args.json:
        _sum_up(found, done=args.yes)
    return ExitCode.OK


def _remove(batch: Batch, found: Leftovers) -> None:
    from miniwdl_aws_core.aws.rate import SelfTuningRate
    from miniwdl_aws_submit_cli.runs.wait import STOPPED_BY

    # Jobs first: they cost something, and may still need their definitions until they are stopped.
    for job in found.jobs:
        batch.terminate(job.job_id, f"{STOPPED_BY}: its workflow job is gone")
    rate = SelfTuningRate(RATE)
    for item in found.definitions:
        rate.acquire()
        batch.deregister(item.arn)


def _facts(found: Leftovers) -> list[dict[str, object]]:
    jobs: list[dict[str, object]] = [
        {
            "jobId": job.job_id,
            "jobName": job.name,
            "status": job.status,
            "createdAt": job.created_at,
            "parent": job.tags[PARENT_JOB_TAG],
        }
        for job in found.jobs
    ]
    return jobs + [
        {"jobDefinition": item.arn, "runDir": item.run_dir, "parent": item.parent} for item in found.definitions
    ]


def _show(found: Leftovers) -> None:
    for job in found.jobs:
        age = ago(job.created_at, time.time())
        emit(f"{job.job_id}  {job.status.lower():<9}  {age:<7}  {job.name}  of {job.tags[PARENT_JOB_TAG]}")
    for item in found.definitions:
        emit(f"{item.name}  of {item.parent}")


def _sum_up(found: Leftovers, *, done: bool) -> None:
    jobs, definitions = len(found.jobs), len(found.definitions)
    if not jobs:
        say("no task job is left without its workflow job")
    elif done:
        say(f"stopped {counted(jobs, 'task job')}")
    else:
        say(f"{counted(jobs, 'task job')} without a workflow job; --yes stops {_it(jobs)}")
        say("  (a run that is repeated may adopt them: `miniwdl-aws rerun`)")
    if definitions and done:
        say(f"deregistered {counted(definitions, 'job definition')} of runs that have ended")
    elif definitions:
        what = counted(definitions, "job definition")
        say(f"{what} of runs that have ended; --yes deregisters {_it(definitions)}")


def _it(number: int) -> str:
    return "it" if number == 1 else "them"


def _queues(args: Namespace, session: Session) -> list[str]:
    """Name the task queues, as a submission would."""
    from miniwdl_aws_submit_cli.options.resolve import find
    from miniwdl_aws_submit_cli.runs.queues import QueueTable

    workflow_queue = QueueTable(session.batch.queues()).get(session.queue) if session.queue else None
    tags = workflow_queue.tags if workflow_queue else {}
    names = [
        find(option(name), vars(args), os.environ, tags).value for name in ("--task-queue", "--task-queue-fallback")
    ]
    queues = list(dict.fromkeys(name for name in names if name))
    if not queues:
        raise ConfigurationError(f"--task-queue is missing: {option('--task-queue').sources}")
    return queues
