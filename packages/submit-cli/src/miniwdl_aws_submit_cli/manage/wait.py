"""``miniwdl-aws wait``: come back to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_submit_cli.runs.session import open_session
from miniwdl_aws_submit_cli.watch.stay import watch
from miniwdl_aws_submit_cli.watch.view import require_follower

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(args: Namespace) -> int:
    """Stay with a run until it ends; exit with its code."""
    with open_session(args, waiting=True) as session:
        args.follow = args.follow or bool(args.follow_task)
        if args.follow:
            require_follower(session.manager)
        found = session.find(args.run)
        facts = {"jobId": found.job_id, "jobName": found.detail["jobName"]}
        return watch(facts, args, session.batch, session.manager, session.surroundings)
