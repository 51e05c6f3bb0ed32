"""``miniwdl-aws wait``: come back to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_submit_cli.manage.arguments import add_following, add_run, one_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add how to wait."""
    add_following(parser)
    add_run(parser, or_batch="wait for all runs of this table, and exit with 0 when all succeeded")


def run(args: Namespace) -> int:
    """Stay with a run until it ends; exit with its code."""
    from miniwdl_aws_submit_cli.runs.rows import find_batch
    from miniwdl_aws_submit_cli.runs.session import open_session
    from miniwdl_aws_submit_cli.watch.rows import stay_with_rows
    from miniwdl_aws_submit_cli.watch.stay import Manner, stay
    from miniwdl_aws_submit_cli.watch.streams import require_follower

    manner = Manner.of(args)
    batch = one_of(args)
    if batch is not None and manner.follow:
        raise ConfigurationError("--follow and --task show the log of one run, and --batch is many")
    with open_session(args, waiting=True) as session:
        if manner.follow:
            require_follower(session.manager)
        if batch is not None:
            runs = find_batch(session.batch, session.require_queue(), batch)
            return stay_with_rows(batch, {job.job_id: tags.row for tags, job in runs}, session, json=args.json)
        found = session.find(args.run)
        return stay({"jobId": found.job_id, "jobName": found.job.name}, manner, session)
