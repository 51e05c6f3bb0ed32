import pytest

from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.runs.queues import QueueTable


def described(name: str, state: str = "ENABLED", status: str = "VALID", reason: str = "") -> dict[str, object]:
    return {
        "jobQueueName": name,
        "jobQueueArn": f"arn:aws:batch:r:1:job-queue/{name}",
        "state": state,
        "status": status,
        "statusReason": reason,
        "tags": {"DefaultTaskQueue": "t"},
    }


TABLE = QueueTable(
    [described("a"), described("off", "DISABLED"), described("bad", status="INVALID", reason="no hosts")]
)


def test_found_by_name_and_by_arn() -> None:
    assert TABLE.find("a", "--x").tags == {"DefaultTaskQueue": "t"}
    assert TABLE.find("arn:aws:batch:r:1:job-queue/a", "--x").name == "a"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zzz", "--x: there is no job queue zzz"),
        ("off", "--x: job queue off is DISABLED: it takes no jobs"),
        ("bad", r"--x: job queue bad is INVALID: its jobs would not run \(no hosts\)"),
    ],
)
def test_queues_that_take_no_jobs_are_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TABLE.find(name, "--x")


def test_the_hint_names_some_queues() -> None:
    many = QueueTable([described(f"q{n:02}") for n in range(20)])
    assert many.known() == "the queues there are: q00, q01, q02, q03, q04, q05, q06, q07, ..."
    assert "AWS_REGION" in QueueTable([]).known()
