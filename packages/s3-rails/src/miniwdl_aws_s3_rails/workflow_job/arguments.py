"""The command line of ``miniwdl-run-s3upload``: its own options, and what it passes through."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.command import Parser, add_version
from miniwdl_aws_core.publish_options import add_arguments, complete, from_arguments
from miniwdl_aws_s3_rails.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks import PublishOptions, Settings

__all__ = ["PROGRAM", "Arguments", "parse_arguments"]

PROGRAM = "miniwdl-run-s3upload"

DESCRIPTION = """\
Run `miniwdl run` with the arguments given, then upload what the run made to S3.

Everything that is not listed below goes to `miniwdl run` unchanged; see `miniwdl run --help`. It works with any
container backend of miniwdl, on any machine that has AWS credentials."""

EPILOG = """\
what is uploaded, and in which order:
  1. the files that the workflow made its outputs: s3://bucket/folder/OUTPUT_NAME/FILE
  2. workflow.log (task.log for a single task); if the run failed, error.json and the failing task's standard streams,
     CommandFailed_stderr.txt and CommandFailed_stdout.txt
  3. upload_manifest.json: size of each of these, and what proves it to be whole
  4. outputs.json, with s3:// URIs in place of paths; where it is, the upload is whole

examples:
  miniwdl-run-s3upload align.wdl reads=s3://my-data/reads.fq.gz --s3upload s3://my-results/align
      uploads to s3://my-results/align/20250131_120000_align/
  miniwdl-run-s3upload align.wdl -i inputs.json --s3upload s3://my-results/align/latest/ --delete-after success
      uploads to s3://my-results/align/latest/ exactly, then deletes the run directory if all went well
  miniwdl-run-s3upload --upload-only 20250131_120000_align --s3upload s3://my-results/align
      uploads a run that has ended already, or what is missing of an upload that broke off

exit code: miniwdl's own; 74 when the run succeeded, but its upload did not (the run directory is kept then), or when
the file system is full, read-only or gone;
64 for wrong options, 69 when the upload folder can't be written, which is found out before the run starts."""


@dataclass(frozen=True)
class Arguments:
    """What to do."""

    publish: PublishOptions
    task_queue: str | None
    self_test: bool
    upload_only: str | None
    passed: tuple[str, ...]
    """Arguments for ``miniwdl run``."""

    def passed_value(self, *names: str) -> str | None:
        """Value of an option among the arguments passed through: the last one counts."""
        value = None
        for index, argument in enumerate(self.passed):
            for name in names:
                if argument == name and index + 1 < len(self.passed):
                    value = self.passed[index + 1]
                elif name.startswith("--") and argument.startswith(name + "="):
                    value = argument[len(name) + 1 :]
                elif not name.startswith("--") and argument.startswith(name) and argument != name:
                    value = argument[len(name) :]
        return value

    def with_settings(self, settings: Settings) -> Arguments:
        """
        Fill in what the command line left open from the environment and the configuration, then check it all.

        :raises ConfigurationError: when options don't go together.
        """
        publish = complete(self.publish, settings)
        if self.upload_only and not publish.destination:
            raise OptionError("--upload-only needs --s3upload")
        return replace(self, publish=publish)

    def upload_directory(self) -> Path | None:
        """Run directory that ``--upload-only`` names."""
        return Path(self.upload_only).absolute() if self.upload_only else None


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Take a command line apart."""
    parser = Parser(
        prog=PROGRAM,
        usage="%(prog)s [--s3upload URI] [--delete-after WHEN] WDL [INPUT=VALUE ...] [options of miniwdl run]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_arguments(parser)
    parser.add_argument(
        "--task-queue",
        metavar="QUEUE",
        help="AWS Batch job queue of task jobs, for the backend aws_batch [environment: MINIWDL__AWS__TASK_QUEUE]",
    )
    parser.add_argument("--self-test", action="store_true", help="run `miniwdl run_self_test` instead of a workflow")
    parser.add_argument("--upload-only", metavar="RUN_DIR", help="run nothing: upload a run directory of before")
    add_version(parser)
    known, passed = parser.parse_known_args(argv)
    return Arguments(
        publish=from_arguments(known),
        task_queue=known.task_queue,
        self_test=known.self_test,
        upload_only=known.upload_only,
        passed=tuple(passed),
    )
