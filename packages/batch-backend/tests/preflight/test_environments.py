from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_batch_backend.preflight.checks import check
from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_hooks import Check, CheckState, EnvironSettings, PreflightContext

if TYPE_CHECKING:
    from fake_batch import FakeBatch

CONTEXT = PreflightContext("spare", "task", "/mnt/fsx", EnvironSettings({}))
OK, WARNING, FAILED = CheckState.OK, CheckState.WARNING, CheckState.FAILED


def look(batch: FakeBatch) -> list[Check]:
    found = check(CONTEXT, lambda _region: batch)
    return [item for item in found if not item.subject.startswith("task queue")]


def test_an_environment_that_can_start_hosts(batch: FakeBatch) -> None:
    (found,) = look(batch)
    assert found.state is OK
    assert (found.subject, found.message) == (
        "compute environment hosts",
        "it is VALID: SPOT, 64 vCPUs at most, of optimal",
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "DISABLED"}, "it is disabled"),
        ({"status": "INVALID", "statusReason": "no such role"}, "it is INVALID: no such role"),
    ],
)
@pytest.mark.parametrize(("others", "state"), [({}, FAILED), ({"more": {}}, WARNING)])
def test_one_that_can_not_is_a_failure_where_it_is_the_only_one(
    batch: FakeBatch, change: dict[str, str], words: str, others: dict[str, Any], state: CheckState
) -> None:
    batch.environments = {"hosts": change, **others}
    found = look(batch)[0]
    assert (found.state, found.message) == (state, found.message)
    assert words in found.message
    assert found.why
    assert found.command
    assert found.command.startswith("aws batch update-compute-environment --compute-environment hosts --state ")


def test_one_that_is_being_made(batch: FakeBatch) -> None:
    batch.environments = {"hosts": {"status": "CREATING"}, "other": {"status": "INVALID"}}
    assert [item.state for item in look(batch)] == [WARNING, WARNING]


def test_hosts_that_stay_when_nothing_runs(batch: FakeBatch) -> None:
    batch.environments["hosts"]["computeResources"]["minvCpus"] = 8
    found = look(batch)[1]
    assert (found.state, found.message) == (WARNING, "it keeps hosts with 8 vCPUs when nothing runs")
    assert (found.command or "").endswith("--compute-environment hosts --compute-resources minvCpus=0")


def test_hosts_that_somebody_else_makes(batch: FakeBatch) -> None:
    batch.environments = {"own": {"type": "UNMANAGED"}}
    assert [item.message for item in look(batch)] == ["it is VALID; its hosts are somebody's own"]


def test_a_queue_without_any(batch: FakeBatch) -> None:
    batch.environments = {}
    found = look(batch)
    assert [(item.subject, item.state) for item in found] == [("job queue spare", FAILED), ("job queue task", FAILED)]


def test_environments_that_may_not_be_looked_at(batch: FakeBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_request: Any) -> None:
        raise AwsError("can't: permission is missing", kind=Kind.DENIED, hint="allow batch:DescribeComputeEnvironments")

    monkeypatch.setattr(batch, "describe_compute_environments", denied)
    (found,) = look(batch)
    assert (found.state, found.hint) == (CheckState.UNKNOWN, "allow batch:DescribeComputeEnvironments")
