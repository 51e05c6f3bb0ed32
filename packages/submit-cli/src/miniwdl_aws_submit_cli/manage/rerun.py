"""``miniwdl-aws rerun``: the same run once more; the call cache does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.protocol import ENV_SUBMISSION
from miniwdl_aws_submit_cli.manage.arguments import add_following, add_run
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from miniwdl_aws_core.batch.job import Job

__all__ = ["configure", "resubmission", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add how to wait, where it is wanted."""
    parser.add_argument("--wait", "-w", action="store_true", help=option("--wait").help)
    add_following(parser)
    add_run(parser)


def run(args: Namespace) -> int:
    """Submit the workflow job of a run again: same WDL, inputs, options, image, role and tags."""
    from miniwdl_aws_submit_cli.runs.names import submission_token
    from miniwdl_aws_submit_cli.runs.session import open_session
    from miniwdl_aws_submit_cli.submit.sending import Ready, send
    from miniwdl_aws_submit_cli.watch.stay import Manner
    from miniwdl_aws_submit_cli.watch.streams import require_follower

    manner = Manner.of(args)
    wait = args.wait or manner.follow
    with open_session(args, waiting=wait) as session:
        if manner.follow:
            require_follower(session.manager)
        request = resubmission(session.find(args.run).job, submission_token())
        return send(Ready(request), session, manner, wait=wait)


def resubmission(job: Job, token: str) -> dict[str, Any]:
    """
    Make the request of SubmitJob out of a job: the same, but for what makes it a submission of its own.

    :param token: a text that no other submission has.
    """
    from miniwdl_aws_core.batch.attempts import WHERE_NOT_AT_FAULT
    from miniwdl_aws_core.batch.request import again, submit_request
    from miniwdl_aws_submit_cli.runs.names import given_name, unique_name

    name = unique_name(given_name(job.name), token)
    return submit_request(again(job, name, {ENV_SUBMISSION: name}, WHERE_NOT_AT_FAULT), job.definition)
