"""``miniwdl-aws sweep``: task jobs, job definitions and uploads that are left of runs whose processes are gone."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_core.options.kinds import duration as age
from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.protocol import PARENT_JOB_TAG
from miniwdl_aws_submit_cli.formats import ago, counted
from miniwdl_aws_submit_cli.manage.arguments import add_json, add_option, add_place
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_core.aws.open_uploads import OpenUpload
    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.runs.left_behind.leftovers import Leftovers
    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["configure", "run"]

RATE = 10.0
"""Definitions deregistered in a second: AWS takes 50 requests from an account, and runs need them, too."""


OLDER_THAN = "7d"
"""No upload takes so long that anybody waits for; S3's own examples of lifecycle rules for this have seven days, too:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html"""


def configure(parser: ArgumentParser) -> None:
    """Add where to look for them."""
    parser.add_argument(
        "--yes", action="store_true", help="stop the jobs, and deregister the definitions; give up the uploads"
    )
    add_json(parser)
    parser.add_argument(
        "--uploads",
        action="store_true",
        help="instead, uploads in parts that were never ended, to wherever below the folders of --s3upload and "
        "--staging, begun by whomever: S3 doesn't tell which are of runs",
    )
    parser.add_argument(
        "--older-than", metavar="AGE", help=f"with --uploads: only those begun before, such as 12h [{OLDER_THAN}]"
    )
    add_option(parser, "--s3upload")
    add_option(parser, "--staging")
    add_option(parser, "--task-queue")
    add_option(parser, "--task-queue-fallback")
    add_place(parser)


def run(args: Namespace) -> int:
    """List them; with ``--yes``, stop and deregister them, or give them up."""
    if args.older_than is not None and not args.uploads:
        raise ConfigurationError("--older-than is of uploads", hint="add --uploads")
    return _sweep_uploads(args) if args.uploads else _sweep_jobs(args)


def _sweep_jobs(args: Namespace) -> int:
    from miniwdl_aws_submit_cli.runs.left_behind.leftovers import find_leftovers
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


def _sweep_uploads(args: Namespace) -> int:
    from miniwdl_aws_submit_cli.runs.left_behind.uploads import LeftUploads
    from miniwdl_aws_submit_cli.runs.session import open_session

    before = time.time() - _age(args.older_than or OLDER_THAN)
    with open_session(args) as session:
        folders = _folders(args, session)
        uploads = LeftUploads()
        found = uploads.find(folders, before)
        if args.json:
            emit_json([_upload_facts(upload) for upload in found])
        else:
            for upload in found:
                begun = ago(round(upload.begun * 1000), time.time())
                emit(f"{upload.uri}  begun {begun} ago  by {upload.initiator or 'nobody knows whom'}")
        ended = uploads.end(found) if args.yes else 0
    if not args.json:
        _sum_up_uploads(len(found), folders, ended=ended if args.yes else None)
    return ExitCode.OK


def _age(text: str) -> float:
    kind = age()
    try:
        return kind.parse(text.strip())
    except ValueError:
        raise ConfigurationError(f"--older-than must be {kind.expected}, not {quoted(text)}") from None


def _upload_facts(upload: OpenUpload) -> dict[str, object]:
    facts = {"uri": str(upload.uri), "uploadId": upload.upload_id, "initiator": upload.initiator}
    return {**facts, "createdAt": round(upload.begun * 1000)}


def _sum_up_uploads(number: int, folders: Sequence[S3Uri], *, ended: int | None) -> None:
    if not number:
        say(f"no old upload is open below {' or '.join(map(str, folders))}")
    elif ended is None:
        say(f"{counted(number, 'upload')} that nobody ended; --yes gives {_it(number)} up")
    else:
        say(f"gave up {counted(ended, 'upload')}")


def _it(number: int) -> str:
    return "it" if number == 1 else "them"


def _folders(args: Namespace, session: Session) -> list[S3Uri]:
    """Name the folders that submissions write to."""
    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_submit_cli.options.resolve import find, read_s3_folder, read_staging

    tags = _tags(session)
    upload, staging = (find(option(name), vars(args), os.environ, tags) for name in ("--s3upload", "--staging"))
    s3upload = read_s3_folder(upload)
    folders = [folder for folder in (s3upload, read_staging(staging, s3upload)) if folder]
    if not folders:
        raise ConfigurationError(f"--s3upload is missing: {option('--s3upload').sources}")
    return [S3Uri.parse(folder).as_folder() for folder in folders]


def _tags(session: Session) -> Mapping[str, str]:
    """Give the tags of the workflow queue."""
    from miniwdl_aws_submit_cli.runs.queues import QueueTable

    queue = QueueTable(session.batch.queues()).get(session.queue) if session.queue else None
    return queue.tags if queue else {}


def _queues(args: Namespace, session: Session) -> list[str]:
    """Name the task queues, as a submission would."""
    from miniwdl_aws_submit_cli.options.resolve import find

    tags = _tags(session)
    names = [
        find(option(name), vars(args), os.environ, tags).value for name in ("--task-queue", "--task-queue-fallback")
    ]
    queues = list(dict.fromkeys(name for name in names if name))
    if not queues:
        raise ConfigurationError(f"--task-queue is missing: {option('--task-queue').sources}")
    return queues
