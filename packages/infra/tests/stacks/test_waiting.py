"""Waiting, by answers as AWS gives them, without a second of it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_infra.errors import DeploymentError
from miniwdl_aws_infra.stacks.waiting import PERIOD, Waiting

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from miniwdl_aws_infra.stacks.service import Stacks

ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/miniwdl/1"


def waiting(stacks: Stacks) -> tuple[Waiting, list[float]]:
    slept: list[float] = []
    return Waiting(stacks, sleep=slept.append, clock=itertools.count(0, 10).__next__), slept


def stack(answers: Stubber, status: str, reason: str = "") -> None:
    facts = {
        "StackId": ID, "StackName": "miniwdl", "StackStatus": status, "CreationTime": datetime.now(UTC),
        "StackStatusReason": reason,
    }  # fmt: skip
    answers.add_response("describe_stacks", {"Stacks": [facts]})


def events(answers: Stubber, *found: tuple[str, str, str, str]) -> None:
    items = [
        {
            "StackId": ID, "StackName": "miniwdl", "EventId": identifier, "LogicalResourceId": name,
            "ResourceType": "AWS::FSx::FileSystem", "ResourceStatus": status, "ResourceStatusReason": reason,
            "Timestamp": datetime.now(UTC),
        }
        for identifier, name, status, reason in found
    ]  # fmt: skip
    answers.add_response("describe_stack_events", {"StackEvents": items})


def change_set(answers: Stubber, **answer: Any) -> None:
    answers.add_response("describe_change_set", {"ChangeSetName": "c", **answer})


def test_events_are_shown_once_until_the_stack_is_made(
    answers: Stubber, stacks: Stacks, capsys: pytest.CaptureFixture[str]
) -> None:
    made, making = ("2", "FileSystem", "CREATE_COMPLETE", ""), ("1", "FileSystem", "CREATE_IN_PROGRESS", "")
    stack(answers, "CREATE_IN_PROGRESS")
    events(answers, making, ("0", "Old", "CREATE_COMPLETE", ""))
    stack(answers, "CREATE_COMPLETE")
    events(answers, ("3", "miniwdl", "CREATE_COMPLETE", ""), made, making)
    wait, slept = waiting(stacks)
    done = wait.for_stack(ID, {"0"})
    assert done
    assert done.status == "CREATE_COMPLETE"
    assert slept == [PERIOD]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[2] for line in lines] == ["making", "made"]
    assert "FileSystem (FSx file system)" in lines[0]


def test_a_failure_ends_with_its_first_reason(
    answers: Stubber, stacks: Stacks, capsys: pytest.CaptureFixture[str]
) -> None:
    stack(answers, "ROLLBACK_COMPLETE", "The following resource(s) failed to create: [FileSystem, Bucket].")
    events(
        answers,
        ("2", "Bucket", "CREATE_FAILED", "Resource creation cancelled"),
        ("1", "FileSystem", "CREATE_FAILED", "not authorized to perform: fsx:CreateFileSystem\x1b[2J"),
    )
    with pytest.raises(DeploymentError) as caught:
        waiting(stacks)[0].for_stack(ID, set())
    assert caught.value.message.startswith("FileSystem failed: not authorized to perform: fsx:CreateFileSystem")
    assert "taken back (ROLLBACK_COMPLETE)" in caught.value.message
    assert "permission" in (caught.value.hint or "")
    assert "\x1b" not in capsys.readouterr().err


def test_a_stack_that_nobody_explains(answers: Stubber, stacks: Stacks) -> None:
    stack(answers, "DELETE_FAILED", "who knows")
    events(answers)
    with pytest.raises(DeploymentError, match=r"could not delete \(DELETE_FAILED\): who knows"):
        waiting(stacks)[0].for_stack(ID, set())


def test_a_deleted_stack_is_gone(answers: Stubber, stacks: Stacks) -> None:
    stack(answers, "DELETE_COMPLETE")
    events(answers)
    assert waiting(stacks)[0].for_stack(ID, set()) is None


def test_a_change_set_is_waited_for_and_read_whole(answers: Stubber, stacks: Stacks) -> None:
    one = {"Type": "Resource", "ResourceChange": {"Action": "Add", "LogicalResourceId": "A", "ResourceType": "x::y::Z"}}
    change_set(answers, Status="CREATE_IN_PROGRESS")
    change_set(answers, Status="CREATE_COMPLETE", Changes=[one], NextToken="more")
    change_set(answers, Status="CREATE_COMPLETE", Changes=[one])
    wait, slept = waiting(stacks)
    found = wait.for_change_set("c")
    assert found
    assert len(found.changes) == 2
    assert slept == [PERIOD]


def test_a_change_set_without_changes_is_none(answers: Stubber, stacks: Stacks) -> None:
    reason = "The submitted information didn't contain changes. Submit different information to create a change set."
    change_set(answers, Status="FAILED", StatusReason=reason)
    assert waiting(stacks)[0].for_change_set("c") is None


def test_a_change_set_that_can_not_be_made(answers: Stubber, stacks: Stacks) -> None:
    change_set(answers, Status="FAILED", StatusReason="Rule Budget: BudgetUsd needs BudgetEmail")
    with pytest.raises(DeploymentError, match="BudgetUsd needs BudgetEmail"):
        waiting(stacks)[0].for_change_set("c")
