"""``miniwdl-aws wait``: come back to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.commands.session import open_session
from miniwdl_aws_submit_cli.console import emit_json, say
from miniwdl_aws_submit_cli.follow import require_follower, stay
from miniwdl_aws_submit_cli.wait import Watcher, outcome

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(args: Namespace) -> int:
    """Stay with a run until it ends; exit with its code."""
    with open_session(args, waiting=True) as session:
        if args.follow:
            require_follower(session.manager)
        found = session.find(args.run)
        try:
            state = stay(Watcher(session.batch.describe, found.job_id), session.manager, say, follow=args.follow)
        except KeyboardInterrupt:
            say("\ninterrupted; the run goes on")
            return ExitCode.INTERRUPTED
        code, sentence = outcome(state)
        say(sentence)
        if args.json:
            emit_json({"jobId": state.job_id, "status": state.status, "exitCode": code, "logStream": state.log_stream})
        return code
