"""``miniwdl-aws infra outputs``: the names of the setup, and the commands that come next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, emit_json
from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_infra.subcommands.arguments import add_json, add_place

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from miniwdl_aws_infra.stacks.service import Stack

__all__ = ["configure", "run", "show"]

STEP = "Step"
"""Begins the names of outputs that are commands."""


def configure(parser: ArgumentParser) -> None:
    """Add which stack, and how to show it."""
    add_place(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    """Print them."""
    from miniwdl_aws_infra.stacks.service import Stacks

    stack = Stacks.connect(args.region).require(args.stack_name)
    if args.json:
        emit_json({name: value for name, value, _ in stack.outputs}, indent=2)
    else:
        show(stack)
    return ExitCode.OK


def show(stack: Stack) -> None:
    """Print the names as comments and the commands as they are: all of it is a script for a shell."""
    for name, value, description in stack.outputs:
        if not name.startswith(STEP):
            emit(f"# {description or name}: {value}")
    for name, value, description in stack.outputs:
        if name.startswith(STEP):
            emit(f"# {description or name}", value)
