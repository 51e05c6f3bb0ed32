"""``miniwdl-aws sweep``: task jobs whose workflow job is gone."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.job import UNFINISHED
from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.protocol import PARENT_JOB_TAG
from miniwdl_aws_submit_cli.formats import ago, counted
from miniwdl_aws_submit_cli.manage.arguments import add_json, add_option, add_place
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["configure", "orphans", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add where to look for them."""
    parser.add_argument("--yes", action="store_true", help="stop them")
    add_json(parser)
    add_option(parser, "--task-queue")
    add_option(parser, "--task-queue-fallback")
    add_place(parser)


def run(args: Namespace) -> int:
    """List them; with ``--yes``, stop them."""
    from miniwdl_aws_submit_cli.runs.session import open_session
    from miniwdl_aws_submit_cli.runs.wait import STOPPED_BY

    with open_session(args) as session:
        found = orphans(session.batch, _queues(args, session))
        if args.yes:
            for job in found:
                session.batch.terminate(job.job_id, f"{STOPPED_BY}: its workflow job is gone")
    if args.json:
        emit_json(
            [
                {
                    "jobId": job.job_id,
                    "jobName": job.name,
                    "status": job.status,
                    "createdAt": job.created_at,
                    "parent": job.tags[PARENT_JOB_TAG],
                }
                for job in found
            ]
        )
        return ExitCode.OK
    for job in found:
        age = ago(job.created_at, time.time())
        emit(f"{job.job_id}  {job.status.lower():<9}  {age:<7}  {job.name}  of {job.tags[PARENT_JOB_TAG]}")
    if not found:
        say("no task job is left without its workflow job")
    elif args.yes:
        say(f"stopped {counted(len(found), 'task job')}")
    else:
        it = "it" if len(found) == 1 else "them"
        say(f"{counted(len(found), 'task job')} without a workflow job; --yes stops {it}")
        say("  (a run that is repeated may adopt them: `miniwdl-aws rerun`)")
    return ExitCode.OK


def orphans(batch: Batch, queues: Iterable[str]) -> list[Job]:
    """Find task jobs that have not ended although their workflow jobs have, or are forgotten already."""
    ids = [job.job_id for queue in queues for status in UNFINISHED for job in batch.list_jobs(queue, status=status)]
    tasks = [job for job in batch.describe(ids).values() if job.tags.get(PARENT_JOB_TAG)]
    parents = batch.describe(sorted({job.tags[PARENT_JOB_TAG] for job in tasks}))
    found = []
    for job in tasks:
        parent = parents.get(job.tags[PARENT_JOB_TAG])
        if not job.ended and (parent is None or parent.ended):
            found.append(job)
    return sorted(found, key=lambda job: job.created_at)


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
