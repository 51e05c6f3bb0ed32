"""What becomes of a deployment that CloudFormation refuses, or that can't be now."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_infra.errors import DeploymentError, StackStateError
from miniwdl_aws_infra.stacks.waiting import Waiting
from miniwdl_aws_infra.subcommands.plan import make_plan

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from miniwdl_aws_infra.stacks.service import Stacks

ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/miniwdl/1"
ARGS = Namespace(stack_name="miniwdl", region=None, parameter=["LogRetentionDays=0", "BudgetUsd=100"])


def test_a_refused_deployment_leaves_nothing_behind(answers: Stubber, stacks: Stacks) -> None:
    answers.add_client_error("describe_stacks", "ValidationError", "Stack with id miniwdl does not exist")
    answers.add_response("create_change_set", {"Id": "change-set", "StackId": ID})
    refusal = {"ChangeSetName": "c", "Status": "FAILED", "StatusReason": "BudgetUsd needs BudgetEmail"}
    answers.add_response("describe_change_set", refusal)
    answers.add_response("delete_change_set", {}, {"ChangeSetName": "change-set"})
    answers.add_response("delete_stack", {}, {"StackName": ID})
    with pytest.raises(DeploymentError, match="BudgetUsd needs BudgetEmail"):
        make_plan(ARGS, stacks, Waiting(stacks))


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("UPDATE_IN_PROGRESS", "infra status"),
        ("ROLLBACK_COMPLETE", "infra delete"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name miniwdl"),
    ],
)
def test_a_stack_that_can_not_be_changed_now(answers: Stubber, stacks: Stacks, status: str, hint: str) -> None:
    stack = {"StackId": ID, "StackName": "miniwdl", "StackStatus": status, "CreationTime": datetime.now(UTC)}
    answers.add_response("describe_stacks", {"Stacks": [stack]})
    with pytest.raises(StackStateError, match=status) as caught:
        make_plan(ARGS, stacks, Waiting(stacks))
    assert hint in (caught.value.hint or "")
