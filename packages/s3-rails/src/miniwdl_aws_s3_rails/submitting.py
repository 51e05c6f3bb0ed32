"""``miniwdl-aws-submit --upload-as-you-go``: the option reaches the workflow job as a variable of its environment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from miniwdl_aws_hooks import SubmitEnvironment
from miniwdl_aws_s3_rails.errors import OptionError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

__all__ = ["enter"]


@contextmanager
def enter(args: Namespace) -> Iterator[SubmitEnvironment]:
    """
    Ask for uploads as the run goes.

    :param args: of ``miniwdl-aws-submit``.
    :raises OptionError: when other options rule it out.
    """
    for name in ("no_env", "no_overwrite"):
        if getattr(args, name, False):
            raise OptionError(f"--upload-as-you-go can't be had with --{name.replace('_', '-')}")
    yield SubmitEnvironment({"MINIWDL__S3_RAILS__PROGRESSIVE": "true"})
