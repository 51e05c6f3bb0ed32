"""What this distribution answers to the hooks. Heavy imports stay inside the functions: every ``--help`` loads this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import Command, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks import EndedRun, RunEnded, RunReport


@hookimpl
def miniwdl_aws_commands() -> Sequence[Command]:
    """Add ``miniwdl-aws report``."""
    from miniwdl_aws_run_report.command import configure, run

    what = "show what a run did, what it cost, and what it could do with less"
    return [Command("report", what, configure, run, finds_runs=True)]


@hookimpl(trylast=True)
def miniwdl_aws_report_run(run: EndedRun) -> RunReport:
    """Write a page, a table and a document."""
    from miniwdl_aws_run_report.at_the_end import report_run

    return report_run(run)


@hookimpl
def miniwdl_aws_run_ended(ended: RunEnded) -> None:
    """Name the report in the log of the run, with what it took, and the biggest saving."""
    from miniwdl_aws_run_report.at_the_end import name_report

    name_report(ended)
