"""The command line of ``miniwdl-run-s3upload``: its own options, and what it passes through."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.command import Parser
from miniwdl_aws_s3_rails.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks import Settings

__all__ = ["DELETE_WHEN", "PROGRAM", "Arguments", "parse_arguments"]

PROGRAM = "miniwdl-run-s3upload"
DELETE_WHEN = ("always", "success", "failure")

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

exit code: miniwdl's own; 74 when the run succeeded, but its upload did not (the run directory is kept then);
64 for wrong options, 69 when the upload folder can't be written, which is found out before the run starts."""


@dataclass(frozen=True)
class Arguments:
    """What to do."""

    s3upload: str | None
    delete_after: str | None
    task_queue: str | None
    self_test: bool
    upload_only: str | None
    no_overwrite: bool
    upload_as_you_go: bool
    passed: tuple[str, ...]
    """Arguments for ``miniwdl run``."""

    @property
    def overrides(self) -> dict[tuple[str, str], str]:
        """What the command line sets of the configuration."""
        overrides = {("s3_rails", "overwrite"): "false"} if self.no_overwrite else {}
        return overrides | ({("s3_rails", "progressive"): "true"} if self.upload_as_you_go else {})

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

        :raises OptionError: when options don't go together.
        """
        s3upload = self.s3upload or settings.get("aws", "s3_upload_folder")
        delete_after = self.delete_after or settings.get("aws", "delete_after_s3_upload")
        if delete_after:
            delete_after = delete_after.strip().lower()
            if delete_after not in DELETE_WHEN:
                choices = ", ".join(DELETE_WHEN)
                raise OptionError(f"MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD must be {choices}, not {delete_after!r}")
            if not s3upload:
                raise OptionError(
                    "--delete-after needs --s3upload", hint="or set MINIWDL__AWS__S3_UPLOAD_FOLDER to an s3:// URI"
                )
        if self.upload_as_you_go and (self.no_overwrite or not s3upload):
            raise OptionError("--upload-as-you-go needs --s3upload, and can't be had with --no-overwrite")
        if self.upload_only and not s3upload:
            raise OptionError("--upload-only needs --s3upload")
        return replace(self, s3upload=s3upload, delete_after=delete_after)

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
    parser.add_argument(
        "--s3upload",
        metavar="URI",
        help="s3:// folder to upload to; unless it ends in /, one more folder named like the run is added "
        "[environment: MINIWDL__AWS__S3_UPLOAD_FOLDER]",
    )
    parser.add_argument(
        "--delete-after",
        choices=DELETE_WHEN,
        help="after the upload, delete the run directory: always, or after success or failure of the run only "
        "[environment: MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD]",
    )
    parser.add_argument(
        "--task-queue",
        metavar="QUEUE",
        help="AWS Batch job queue of task jobs, for the backend aws_batch [environment: MINIWDL__AWS__TASK_QUEUE]",
    )
    parser.add_argument("--self-test", action="store_true", help="run `miniwdl run_self_test` instead of a workflow")
    parser.add_argument("--upload-only", metavar="RUN_DIR", help="run nothing: upload a run directory of before")
    parser.add_argument(
        "--no-overwrite",
        action="store_true",
        help="never replace an object in S3 that differs, not even one that somebody writes meanwhile: "
        "the upload fails then [environment: MINIWDL__S3_RAILS__OVERWRITE=false]",
    )
    parser.add_argument(
        "--upload-as-you-go",
        action="store_true",
        help="upload the outputs of finished calls while the rest of the workflow runs; --no-overwrite rules it out "
        "[environment: MINIWDL__S3_RAILS__PROGRESSIVE=true]",
    )
    known, passed = parser.parse_known_args(argv)
    return Arguments(**vars(known), passed=tuple(passed))
