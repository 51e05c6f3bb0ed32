"""What this distribution answers to the hooks. Heavy imports stay inside the functions: every ``--help`` loads this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import Command, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence


@hookimpl
def miniwdl_aws_commands() -> Sequence[Command]:
    """Add ``miniwdl-aws report``."""
    from miniwdl_aws_run_report.command import configure, run

    what = "show what a run did, what it cost, and what it could do with less"
    return [Command("report", what, configure, run, finds_runs=True)]
