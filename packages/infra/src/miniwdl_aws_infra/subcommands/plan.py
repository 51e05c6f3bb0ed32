"""What a deployment would do, found out by CloudFormation itself: a change set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, say
from miniwdl_aws_infra.errors import DeploymentError, NothingToDoError, StackStateError
from miniwdl_aws_infra.lookups import fill_in
from miniwdl_aws_infra.stacks.parameters import parse, request
from miniwdl_aws_infra.stacks.values import check
from miniwdl_aws_infra.stacks.words import change_lines, state, summary
from miniwdl_aws_infra.template import compact, rules, text

if TYPE_CHECKING:
    from argparse import Namespace

    from miniwdl_aws_infra.stacks.service import ChangeSet, Stack, Stacks
    from miniwdl_aws_infra.stacks.waiting import Waiting

__all__ = ["Plan", "abandon", "check_state", "make_plan", "show"]

_GIVEN_UP = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


@dataclass(frozen=True)
class Plan:
    """A deployment that is ready to be carried out."""

    stack_id: str
    new: bool
    changes: ChangeSet | None
    """``None`` when there is nothing to do."""


def make_plan(args: Namespace, stacks: Stacks, waiting: Waiting) -> Plan:
    """
    Let CloudFormation compare the stack with the template and the parameters.

    :raises ConfigurationError: when a parameter is wrong.
    :raises StackStateError: when the stack can't be changed now.
    :raises DeploymentError: when CloudFormation says that it can't be done; nothing is left behind.
    """
    template = text()
    known = rules(template)
    given = parse(args.parameter, known)
    check(given, known)
    stack = stacks.find(args.stack_name)
    new = stack is None or not stack.deployed
    if stack and not new:
        check_state(stack)
    before = {} if new or stack is None else stack.parameters
    given = fill_in(given, before, new=new, region=args.region)
    try:
        change_set, stack_id = stacks.begin_change_set(
            args.stack_name, compact(template), request(given, before, known), new=new
        )
    except NothingToDoError:
        return Plan(stack.id if stack else "", new, None)
    try:
        plan = Plan(stack_id, new, waiting.for_change_set(change_set))
    except DeploymentError:
        stacks.forget_change_set(change_set)
        if new:
            stacks.begin_deletion(stack_id)
        raise
    if plan.changes is None:
        stacks.forget_change_set(change_set)
    return plan


def check_state(stack: Stack) -> None:
    """
    Look whether a stack can be changed.

    :raises StackStateError: when it can't.
    """
    if stack.in_progress:
        raise StackStateError(
            f"CloudFormation works on stack {stack.name} ({stack.status})",
            hint="`miniwdl-aws infra status` shows it; wait until it has done",
        )
    if stack.status in _GIVEN_UP:
        raise StackStateError(
            f"stack {stack.name} is {state(stack.status)} ({stack.status}) and can't be changed any more",
            hint="`miniwdl-aws infra delete` removes what is left of it; then deploy again",
        )
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        raise StackStateError(
            f"stack {stack.name} is half way back to what it was ({stack.status})",
            hint=f"aws cloudformation continue-update-rollback --stack-name {stack.name}",
        )


def show(plan: Plan, name: str) -> None:
    """Say in words what would be made, replaced and lost."""
    if plan.changes is None:
        say(f"nothing to do: stack {name} is as the template and the parameters want it")
        return
    lines = change_lines(plan.changes.changes)
    widths = [max(len(line[column]) for line in lines) for column in (0, 1)] if lines else [0, 0]
    emit(*(f"{verb:<{widths[0]}}  {resource:<{widths[1]}}  {what}" for verb, resource, what in lines))
    say(f"stack {name}: {summary(lines)}")


def abandon(plan: Plan, stacks: Stacks) -> None:
    """Leave nothing behind of a plan that isn't carried out: neither a change set nor a stack that is just a name."""
    if plan.changes:
        stacks.forget_change_set(plan.changes.id)
    if plan.new:
        stacks.begin_deletion(plan.stack_id)
