"""``miniwdl-aws rerun``: the same run once more, with changed options if need be; the call cache does the rest."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.protocol import ENV_SUBMISSION
from miniwdl_aws_submit_cli.manage.arguments import add_following, add_run
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping, Sequence

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_core.batch.request import JobRequest
    from miniwdl_aws_submit_cli.options.resolve import Resolved

__all__ = ["CHANGEABLE", "configure", "resubmission", "run"]

CHANGEABLE = ("--task-queue", "--task-queue-fallback", "--cpu", "--memory-GiB", "--s3upload")
"""Options of the submission that a repetition may change. The job's definition, with image and mounts, stays."""


def configure(parser: ArgumentParser) -> None:
    """Add what may change, and how to wait where it is wanted."""
    for name in CHANGEABLE:
        item = option(name)
        parser.add_argument(name, metavar=item.metavar, help=f"{item.help} [as before]")
    parser.add_argument("--wait", "-w", action="store_true", help=option("--wait").help)
    add_following(parser)
    add_run(parser)


def run(args: Namespace) -> int:
    """Submit the workflow job of a run again: same WDL, inputs, image, role and tags, and the same options but some."""
    from miniwdl_aws_submit_cli.options.resolve import Resolved
    from miniwdl_aws_submit_cli.runs.names import submission_token
    from miniwdl_aws_submit_cli.runs.queues import QueueTable
    from miniwdl_aws_submit_cli.runs.session import open_session
    from miniwdl_aws_submit_cli.submit.sending import Ready, send
    from miniwdl_aws_submit_cli.watch.stay import Manner
    from miniwdl_aws_submit_cli.watch.streams import require_follower

    manner = Manner.of(args)
    wait = args.wait or manner.follow
    given = {name: getattr(args, option(name).dest) for name in CHANGEABLE}
    changed = {name: Resolved(value, name) for name, value in given.items() if value}
    with open_session(args, waiting=wait, looking=False) as session:
        if manner.follow:
            require_follower(session.manager)
        if queues := [found for name, found in changed.items() if "queue" in name]:
            table = QueueTable(session.batch.queues())
            for found in queues:
                table.find(found.value, found.source)
        request = resubmission(session.find(args.run).job, submission_token(), changed)
        return send(Ready(request), session, manner, wait=wait)


def resubmission(job: Job, token: str, changed: Mapping[str, Resolved] | None = None) -> dict[str, Any]:
    """
    Make the request of SubmitJob out of a job: the same, but for what makes it a submission of its own.

    :param token: a text that no other submission has.
    :param changed: values of options that are new, by option.
    :raises ConfigurationError: when one of them is wrong.
    """
    from miniwdl_aws_core.batch.attempts import WHERE_NOT_AT_FAULT
    from miniwdl_aws_core.batch.request import again, submit_request
    from miniwdl_aws_submit_cli.runs.names import given_name, submitter_tag, unique_name

    name = unique_name(given_name(job.name), token)
    request = again(job, name, {ENV_SUBMISSION: name}, WHERE_NOT_AT_FAULT)
    request = replace(request, tags={**request.tags, **submitter_tag(os.environ)})
    for flag, found in (changed or {}).items():
        request = _CHANGES[flag](request, found)
    return submit_request(request, job.definition)


def _with_variable(request: JobRequest, found: Resolved) -> JobRequest:
    variable = option(found.source).env or ""
    return replace(request, environment={**request.environment, variable: found.value})


def _with_cpu(request: JobRequest, found: Resolved) -> JobRequest:
    from miniwdl_aws_submit_cli.options.resolve import read_cpu

    return replace(request, resources={**request.resources, "VCPU": str(read_cpu(found))})


def _with_memory(request: JobRequest, found: Resolved) -> JobRequest:
    from miniwdl_aws_submit_cli.options.resolve import read_memory

    return replace(request, resources={**request.resources, "MEMORY": str(read_memory(found))})


def _with_folder(request: JobRequest, found: Resolved) -> JobRequest:
    from miniwdl_aws_submit_cli.options.resolve import read_s3_folder

    read_s3_folder(found)
    return replace(request, command=_with_argument(request.command, found.source, found.value))


def _with_argument(command: Sequence[str], flag: str, value: str) -> list[str]:
    """Give an argument another value, or add it; the submission writes it as two words."""
    words = list(command)
    if flag in words[:-1]:
        at = words.index(flag)
        del words[at : at + 2]
    return [*words, flag, value]


_CHANGES: Mapping[str, Callable[[JobRequest, Resolved], JobRequest]] = {
    "--task-queue": _with_variable,
    "--task-queue-fallback": _with_variable,
    "--cpu": _with_cpu,
    "--memory-GiB": _with_memory,
    "--s3upload": _with_folder,
}
