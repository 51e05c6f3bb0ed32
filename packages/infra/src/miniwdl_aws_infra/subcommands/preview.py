"""``miniwdl-aws infra preview``: what a deployment would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_infra.subcommands.arguments import add_parameters, add_place

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add what to deploy, and where."""
    add_parameters(parser)
    add_place(parser)


def run(args: Namespace) -> int:
    """Say it, and leave everything as it is."""
    from miniwdl_aws_infra.stacks.service import Stacks
    from miniwdl_aws_infra.stacks.waiting import Waiting
    from miniwdl_aws_infra.subcommands.plan import abandon, make_plan, show

    stacks = Stacks.connect(args.region)
    plan = make_plan(args, stacks, Waiting(stacks))
    try:
        show(plan, args.stack_name)
    finally:
        abandon(plan, stacks)
    return ExitCode.OK
