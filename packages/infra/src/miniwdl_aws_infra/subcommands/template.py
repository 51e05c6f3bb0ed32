"""``miniwdl-aws infra template``: the template itself, for reading, and for other ways to deploy it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit
from miniwdl_aws_hooks import ExitCode

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add which part of it."""
    parser.add_argument(
        "--only", metavar="PART", choices=("hosts",),
        help="hosts: the launch template with its user data, for compute environments of Terraform or CDK",
    )  # fmt: skip


def run(args: Namespace) -> int:
    """Print it."""
    from miniwdl_aws_infra.template import hosts, text

    emit(*(hosts() if args.only else text()).splitlines())
    return ExitCode.OK
