"""``miniwdl-aws outputs``: what a run gave, and its files, downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.command import Parser
from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.formats import counted
from miniwdl_aws_submit_cli.manage.arguments import add_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from miniwdl_aws_submit_cli.runs.results import Results
    from miniwdl_aws_submit_cli.runs.runs import Run
    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["configure", "run"]

FEW = 5
"""Files that a message names."""


def configure(parser: ArgumentParser) -> None:
    """Add which outputs, and what to do with them."""
    if isinstance(parser, Parser):
        parser.more = "names"
    parser.add_argument(
        "--download",
        metavar="DIR",
        help="download the files among them into this folder; one that is there already and differs is left as it is",
    )
    add_run(parser)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only this output (align.bam, or bam alone)")


def run(args: Namespace) -> int:
    """Print the outputs of a run that has ended well, and download their files where that is wanted."""
    import json

    from miniwdl_aws_submit_cli.runs.results import read_results
    from miniwdl_aws_submit_cli.runs.session import open_session

    with open_session(args) as session:
        found = read_results(session.manager, _folder_of(session.find(args.run), session)).selected(args.names)
        if args.json:
            emit_json(dict(found.outputs), indent=2)
        elif not args.download:
            for name, value in found.outputs.items():
                emit(f"{name}\t{value if isinstance(value, str) else json.dumps(value)}")
        return _download(session, found, args.download) if args.download else ExitCode.OK


def _folder_of(found: Run, session: Session) -> str:
    """
    Find the folder of the run's results.

    :raises ConfigurationError: when there is none, saying why.
    """
    from miniwdl_aws_submit_cli.runs.wait import outcome

    if not found.ended:
        command = session.command("wait", found.job_id)
        raise ConfigurationError(f"run {found.job_id} has not ended, and has no outputs yet", hint=command)
    ended = outcome(found.job)
    if ended.code != ExitCode.OK:
        why = f": {ended.why}" if ended.why else ""
        raise ConfigurationError(f"run {found.job_id} has no outputs: {ended.sentence}{why}", hint=ended.hint or None)
    if not ended.results:
        where = f" in {ended.run_dir}" if ended.run_dir else ""
        raise ConfigurationError(
            f"the results of run {found.job_id} are on the shared file system alone{where}",
            hint="submitted with --s3upload, a run brings its results to S3",
        )
    return ended.results


def _download(session: Session, found: Results, folder: str) -> int:
    from miniwdl_aws_submit_cli.runs.results import bring

    files = found.files()
    if not files:
        say("there are no files among these outputs")
        return ExitCode.OK
    report = bring(session.manager, folder, files, say)
    there = f"; {counted(report.present, 'file was', 'files were')} there already" if report.present else ""
    say(f"downloaded {counted(report.fetched, 'file')}, {human_size(report.size)}, to {folder}{there}")
    if not report.differing:
        return ExitCode.OK
    shown = ", ".join(report.differing[:FEW])
    more = f" and {len(report.differing) - FEW} more" if len(report.differing) > FEW else ""
    say(
        f"left as they are, since they differ from the run's: {shown}{more}",
        "  hint: download into another folder, or move them away",
    )
    return ExitCode.FAILED
