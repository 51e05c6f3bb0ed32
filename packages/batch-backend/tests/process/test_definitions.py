from __future__ import annotations

from typing import Any

import pytest
from fake_batch import FakeBatch, client_error

from miniwdl_aws_batch_backend.process.batch_api import BatchApi
from miniwdl_aws_batch_backend.process.definitions import TaskDefinitions
from miniwdl_aws_core.aws.rate import SelfTuningRate

THROTTLED = client_error("DeregisterJobDefinition", "TooManyRequestsException", status=429)
DENIED = client_error("DeregisterJobDefinition", "AccessDeniedException", status=403)
REFUSED = client_error("DeregisterJobDefinition", "ClientException")
BROKEN = client_error("DeregisterJobDefinition", "ServerException", status=500)

NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}]
DEFINITION = {"type": "container", "containerProperties": {"image": "i", "resourceRequirements": NEEDS}}


class Process:
    """What a process of miniwdl's has of it, with a clock of its own."""

    def __init__(self, batch: FakeBatch) -> None:
        self.batch = batch
        self.now = 0.0
        clock: Any = {"clock": lambda: self.now, "sleep": self.sleep}
        rate = SelfTuningRate(50, burst=0.2, **clock)
        self.definitions = TaskDefinitions(BatchApi(batch), rate, **clock)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def use(self, *names: str, own: bool = True) -> None:
        for name in names:
            tags = {"tags": {"miniwdl-run-dir": "r"}} if own else {}
            self.definitions.arn_of({"jobDefinitionName": name, **DEFINITION, **tags})

    def close(self, *errors: Exception) -> int:
        """Return how many definitions are left."""
        self.batch.errors["deregister_job_definition"] = list(errors)
        self.definitions.close()
        return sum(item["status"] == "ACTIVE" for item in self.batch.definitions)


@pytest.fixture
def process(batch: FakeBatch) -> Process:
    return Process(batch)


def test_those_of_a_run_are_deregistered_and_the_others_stay(process: Process, caplog: Any) -> None:
    process.use("a", "b")
    process.use("c", "d", own=False)
    assert process.close() == 2
    assert process.close() == 2, "a second time is nothing"
    assert process.batch.calls["deregister_job_definition"] == 2
    assert caplog.text == ""


def test_a_renewed_one_is_deregistered_too(process: Process, batch: FakeBatch) -> None:
    process.use("a")
    arn = batch.definitions[0]["jobDefinitionArn"]
    assert process.definitions.renewed(arn) is None, "it is active"
    batch.deregister_job_definition(arn)
    fresh = process.definitions.renewed(arn)
    assert fresh == batch.definitions[1]["jobDefinitionArn"]
    assert process.close() == 0


def test_requests_keep_to_the_rate(process: Process) -> None:
    process.use(*map(str, range(110)))
    assert process.close() == 0
    assert process.now == pytest.approx(2, abs=0.1), "50 a second, but for the first ten"


def test_a_throttled_request_is_repeated_more_slowly(process: Process, caplog: Any) -> None:
    process.use("a", "b")
    assert process.close(THROTTLED, THROTTLED, BROKEN) == 0
    assert process.now > 0.5
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("errors", "left", "message"),
    [
        (
            [DENIED],
            3,
            "registered: 3 (`miniwdl-aws sweep` finds them), as can't deregister the job definition: permission",
        ),
        (
            [REFUSED],
            1,
            "registered: 1 (`miniwdl-aws sweep` finds them), as can't deregister the job definition: scripted",
        ),
        ([THROTTLED] * 100, 3, "registered: 3 (`miniwdl-aws sweep` finds them), as there was no time left for it"),
        (
            [BROKEN] * 100,
            3,
            "registered: 3 (`miniwdl-aws sweep` finds them), as can't deregister the job definition: AWS has trouble",
        ),
    ],
)
def test_what_goes_wrong_is_one_warning_and_takes_no_long_time(
    process: Process, caplog: Any, errors: list[Exception], left: int, message: str
) -> None:
    process.use("a", "b", "c")
    assert process.close(*errors) == left
    assert process.now <= TaskDefinitions.PATIENCE
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert message in record.getMessage()


def test_a_missing_permission_is_named(process: Process, caplog: Any) -> None:
    process.use("a")
    process.close(DENIED)
    assert "allow DeregisterJobDefinition in the IAM policy" in caplog.text
