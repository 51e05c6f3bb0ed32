"""``miniwdl-aws infra status``: where each resource stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_infra.subcommands.arguments import add_json, add_place

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add which stack, and how to show it."""
    add_place(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    """Print a line for each resource; fail when one has failed."""
    from miniwdl_aws_infra.stacks.service import Stacks
    from miniwdl_aws_infra.stacks.words import kind, state

    stacks = Stacks.connect(args.region)
    stack = stacks.require(args.stack_name)
    found = sorted(stacks.resources(stack.id), key=lambda item: item.name)
    failed = [item for item in found if item.status.endswith("_FAILED")]
    if args.json:
        facts = [{"name": item.name, "id": item.id, "type": item.type, "status": item.status} for item in found]
        emit_json({"stack": stack.name, "status": stack.status, "resources": facts}, indent=2)
    else:
        for item in found:
            emit(f"{state(item.status):<10}  {item.name:<26}  {kind(item.type):<32}  {item.id}")
        for item in failed:
            say(f"{item.name}: {item.reason}")
        say(f"stack {stack.name} in {stacks.region}: {state(stack.status)} ({stack.status})")
    broken = failed or stack.status.endswith(("_FAILED", "ROLLBACK_COMPLETE"))
    return ExitCode.FAILED if broken else ExitCode.OK
