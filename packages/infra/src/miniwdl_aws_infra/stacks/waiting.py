"""Waiting for change sets and stacks, and showing how far they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import say
from miniwdl_aws_infra.errors import DeploymentError, NoSuchStackError
from miniwdl_aws_infra.stacks.words import failure_of, kind, state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from miniwdl_aws_infra.stacks.service import ChangeSet, Stack, Stacks
    from miniwdl_aws_infra.stacks.words import Failure

__all__ = ["Waiting"]

PERIOD = 5.0
"""Seconds between two looks."""
NOTHING = ("didn't contain changes", "No updates are to be performed")
"""How CloudFormation says that there is nothing to do."""


class Waiting:
    """Waits for CloudFormation, and says what happens meanwhile."""

    def __init__(
        self,
        stacks: Stacks,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stacks = stacks
        self._sleep = sleep
        self._clock = clock
        self._failures: list[Failure] = []

    def for_change_set(self, identifier: str) -> ChangeSet | None:
        """
        Wait until CloudFormation knows what a deployment would do.

        :return: ``None`` when it would do nothing.
        :raises DeploymentError: when it can't be done.
        """
        while True:
            found = self._stacks.change_set(identifier)
            if found.status == "CREATE_COMPLETE":
                return found
            if found.status == "FAILED":
                if any(text in found.reason for text in NOTHING):
                    return None
                raise DeploymentError(f"CloudFormation can't deploy this: {found.reason}")
            self._sleep(PERIOD)

    def for_stack(self, identifier: str, known: set[str]) -> Stack | None:
        """
        Wait until CloudFormation has done with a stack, and say on the way what has become of each resource.

        :param identifier: the stack's id, since one that is deleted has no name any more.
        :param known: ids of events that are older.
        :return: the stack as it is then; ``None`` when it is gone.
        :raises DeploymentError: when anything failed, with the first reason.
        """
        begun = self._clock()
        while True:
            # The state first: what happened before it became final is among the events.
            stack = self._stacks.find(identifier)
            try:
                events = self._stacks.events(identifier, known)
            except NoSuchStackError:
                events = []
            for event in events:
                self._show(event, self._clock() - begun)
            if stack is None or not stack.in_progress:
                break
            self._sleep(PERIOD)
        if stack and stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}:
            return None if stack.status == "DELETE_COMPLETE" else stack
        if stack is None:
            return None
        raise self._error(stack)

    def _show(self, event: Mapping[str, Any], seconds: float) -> None:
        if event["LogicalResourceId"] == event.get("StackName"):
            return
        failure = failure_of(event)
        what = f"{event['LogicalResourceId']} ({kind(event['ResourceType'])})"
        say(f"{seconds:6.0f} s  {state(event['ResourceStatus']):<16} {what}")
        if failure:
            self._failures.append(failure)
            say(f"          because: {failure.reason}")

    def _error(self, stack: Stack) -> DeploymentError:
        how = state(stack.status)
        if not self._failures:
            return DeploymentError(f"stack {stack.name} is {how} ({stack.status}): {stack.reason or 'nobody says why'}")
        first = self._failures[0]
        return DeploymentError(
            f"{first.resource} failed: {first.reason}; the stack is {how} ({stack.status})", hint=first.hint
        )
