"""``miniwdl-aws infra deploy``: make the setup or change it, and check it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import say
from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_infra.subcommands.arguments import add_parameters, add_place, add_yes, agreed

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from miniwdl_aws_infra.stacks.service import Stack, Stacks

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add what to deploy, and where."""
    add_parameters(parser)
    add_place(parser)
    add_yes(parser)
    parser.add_argument("--dry-run", action="store_true", help="the same as `miniwdl-aws infra preview`")


def run(args: Namespace) -> int:
    """Say what it would do, ask, do it, and check what is there then."""
    from miniwdl_aws_infra.stacks.service import Stacks
    from miniwdl_aws_infra.stacks.waiting import Waiting
    from miniwdl_aws_infra.subcommands import preview
    from miniwdl_aws_infra.subcommands.plan import abandon, make_plan, show

    if args.dry_run:
        return preview.run(args)
    stacks = Stacks.connect(args.region)
    waiting = Waiting(stacks)
    plan = make_plan(args, stacks, waiting)
    if plan.changes is None:
        show(plan, args.stack_name)
        return _finish(stacks.require(plan.stack_id), stacks)
    wanted = False
    try:
        show(plan, args.stack_name)
        wanted = agreed(f"Deploy stack {args.stack_name} in {stacks.region}?", yes=args.yes)
    finally:
        if not wanted:
            abandon(plan, stacks)
    if not wanted:
        say("nothing was changed")
        return ExitCode.FAILED
    known: set[str] = set()
    stacks.events(plan.stack_id, known)
    stacks.carry_out(plan.changes.id)
    if plan.new:
        say(
            "a new file system takes 10 minutes or so; Ctrl-C leaves CloudFormation at work: `miniwdl-aws infra status`"
        )
    stack = waiting.for_stack(plan.stack_id, known)
    return _finish(stack or stacks.require(plan.stack_id), stacks)


def _finish(stack: Stack, stacks: Stacks) -> int:
    from miniwdl_aws_infra.subcommands.outputs import show

    show(stack)
    queue = next((value for name, value, _ in stack.outputs if name == "WorkflowQueue"), "")
    return _check(queue, stacks.region)


def _check(queue: str, region: str) -> int:
    """Let `miniwdl-aws doctor`, which is another part's, look at what is there."""
    from miniwdl_aws_core.command import Parser
    from miniwdl_aws_core.options.shared import AwsOptions
    from miniwdl_aws_hooks.manager import get_manager

    commands = [command for found in get_manager().hook.miniwdl_aws_commands() for command in found]
    doctor = next((command for command in commands if command.name == "doctor"), None)
    if doctor is None:
        say("to check the setup, `miniwdl-aws doctor` needs miniwdl-aws-submit-cli: pip install miniwdl-aws-submit-cli")
        return ExitCode.OK
    parser = Parser(prog="miniwdl-aws doctor")
    doctor.configure(parser)
    os.environ[AwsOptions.region.variable] = region
    code: int = doctor.run(parser.parse_args(["--workflow-queue", queue]))
    return code
