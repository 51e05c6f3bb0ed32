"""``miniwdl-aws wait``: come back to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_submit_cli.manage.arguments import add_following, add_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add how to wait."""
    add_following(parser)
    add_run(parser)


def run(args: Namespace) -> int:
    """Stay with a run until it ends; exit with its code."""
    from miniwdl_aws_submit_cli.runs.session import open_session
    from miniwdl_aws_submit_cli.watch.stay import Manner, stay
    from miniwdl_aws_submit_cli.watch.streams import require_follower

    manner = Manner.of(args)
    with open_session(args, waiting=True) as session:
        if manner.follow:
            require_follower(session.manager)
        found = session.find(args.run)
        return stay({"jobId": found.job_id, "jobName": found.job.name}, manner, session)
