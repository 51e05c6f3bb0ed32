"""
The one road of the options that say how a run's products are published.

``miniwdl-aws-submit`` writes them as arguments of the workflow job's command (:func:`write_arguments`): there people
see them, and a version that doesn't know one refuses it. The workflow job reads these, and asks the configuration for
what they leave open (:func:`add_arguments`, :func:`from_arguments`, :func:`complete`). What comes out goes to the
plugins that publish, with each request; ``miniwdl run``, in whose process they publish as the run goes, gets it in the
variable :data:`ENV_PUBLISH`, by the same arguments.
"""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.shared import DELETE_WHEN, PUBLISH_HOW, AwsOptions, UploadOptions
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.types import PublishOptions

if TYPE_CHECKING:
    from miniwdl_aws_hooks.settings import Settings

__all__ = [
    "CONFIGURED",
    "ENV_PUBLISH",
    "add_arguments",
    "check",
    "complete",
    "decode",
    "encode",
    "from_arguments",
    "run_folder",
    "write_arguments",
]

ENV_PUBLISH = "WDL_PUBLISH"
"""The variable of ``miniwdl run``, which warns of those beginning with ``MINIWDL`` that it doesn't know."""

CONFIGURED = (
    AwsOptions.s3_upload_folder.variable,
    AwsOptions.delete_after_s3_upload.variable,
    AwsOptions.publish.variable,
    *(option.variable for option in UploadOptions.options()),
)
"""Variables that :func:`complete` reads: whoever gets its outcome needs none of them."""


def write_arguments(options: PublishOptions) -> list[str]:
    """Write options as arguments; what is left open is left out."""
    arguments = []
    if options.destination:
        arguments += ["--s3upload", options.destination]
    if options.publisher:
        arguments += ["--publish", options.publisher]
    if options.delete_after:
        arguments += ["--delete-after", options.delete_after]
    if not options.overwrite:
        arguments.append("--no-overwrite")
    if options.as_you_go:
        arguments.append("--upload-as-you-go")
    return arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a parser understand these arguments."""
    parser.add_argument(
        "--s3upload",
        metavar="URI",
        help="s3:// folder to upload to; unless it ends in /, one more folder named like the run is added "
        f"[environment: {AwsOptions.s3_upload_folder.variable}]",
    )
    parser.add_argument(
        "--publish",
        choices=PUBLISH_HOW,
        help="how products reach that folder: from here, or by FSx's own export tasks "
        f"[environment: {AwsOptions.publish.variable}]",
    )
    parser.add_argument(
        "--delete-after",
        choices=DELETE_WHEN,
        help="after the upload, delete the run directory: always, or after success or failure of the run only "
        f"[environment: {AwsOptions.delete_after_s3_upload.variable}]",
    )
    parser.add_argument(
        "--no-overwrite",
        action="store_true",
        help="never replace an object in S3 that differs, not even one that somebody writes meanwhile: "
        f"the upload fails then [environment: {UploadOptions.overwrite.variable}=false]",
    )
    parser.add_argument(
        "--upload-as-you-go",
        action="store_true",
        help="upload the outputs of finished calls while the rest of the workflow runs; --no-overwrite rules it out "
        f"[environment: {UploadOptions.progressive.variable}=true]",
    )


def from_arguments(parsed: argparse.Namespace) -> PublishOptions:
    """Take the options out of what a parser with these arguments found."""
    return PublishOptions(
        destination=parsed.s3upload,
        publisher=parsed.publish,
        overwrite=not parsed.no_overwrite,
        as_you_go=parsed.upload_as_you_go,
        delete_after=parsed.delete_after,
    )


def check(options: PublishOptions) -> None:
    """
    Check that what a user asks for goes together.

    :raises ConfigurationError: naming the options that don't.
    """
    if options.delete_after and not options.destination:
        raise ConfigurationError(
            "--delete-after needs --s3upload", hint=f"or set {AwsOptions.s3_upload_folder.variable} to an s3:// URI"
        )
    if options.as_you_go and not (options.destination and options.overwrite):
        raise ConfigurationError("--upload-as-you-go needs --s3upload, and can't be had with --no-overwrite")


def complete(options: PublishOptions, settings: Settings) -> PublishOptions:
    """
    Fill in what a command line left open from the configuration, and check it all.

    Uploads as the run goes that are configured, and that nobody asks for at the moment, don't stand in the way of
    anything: without a destination, there are none.

    :raises ConfigurationError: when a value is none of those that are possible, or options don't go together.
    """
    aws, upload = AwsOptions(settings), UploadOptions(settings)
    found = replace(
        options,
        destination=options.destination or aws.s3_upload_folder,
        publisher=options.publisher or aws.publish,
        delete_after=options.delete_after or aws.delete_after_s3_upload,
    )
    found = replace(found, overwrite=found.overwrite and upload.overwrite)
    check(found)
    return replace(found, as_you_go=found.as_you_go or (upload.progressive and found.destination is not None))


def run_folder(destination: str, run_name: str) -> str:
    """
    Folder that a run's products go to: one more level, named like the run, unless the URI ends in a slash.

    :param run_name: miniwdl's timestamped name of the run.
    """
    return destination if destination.endswith("/") else f"{destination}/{run_name}/"


def encode(options: PublishOptions) -> str:
    """Write options as one text, the value of :data:`ENV_PUBLISH`."""
    return shlex.join(write_arguments(options))


def decode(text: str) -> PublishOptions:
    """Read what :func:`encode` wrote."""
    parser = argparse.ArgumentParser(prog=ENV_PUBLISH, allow_abbrev=False)
    add_arguments(parser)
    return from_arguments(parser.parse_args(shlex.split(text)))
