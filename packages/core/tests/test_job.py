"""What AWS Batch tells of jobs, read."""

from __future__ import annotations

from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job, StreamName

EXITED = "Essential container in task exited"


def job(**details: Any) -> Job:
    return Job.of({"jobId": "j-1", "jobName": "align", "status": "RUNNING", **details})


def logging_to(**options: str) -> dict[str, Any]:
    return {"logDriver": "awslogs", "options": options}


def test_little_is_told_of_a_job_in_a_list() -> None:
    found = Job.of({"jobId": "j", "status": "RUNNABLE"})
    assert found == Job("j", "RUNNABLE")
    assert (found.stream, found.seconds(5), found.ended, found.queue, found.reason) == (None, None, False, "", "")


@pytest.mark.parametrize("missing", ["jobId", "status"])
def test_what_lacks_an_id_or_a_status_is_not_aws(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        Job.of({key: "x" for key in ("jobId", "status") if key != missing})


def test_null_is_as_good_as_absent() -> None:
    keys = (
        "jobQueue",
        "attempts",
        "container",
        "statusReason",
        "tags",
        "arrayProperties",
        "parameters",
        "ecsProperties",
        "stoppedAt",
        "consumableResourceProperties",
    )
    assert Job.of({"jobId": "j", "status": "FAILED", **dict.fromkeys(keys)}) == Job("j", "FAILED")


def test_what_it_is() -> None:
    found = job(
        jobQueue="arn:aws:batch:r:1:job-queue/task",
        jobDefinition="arn:d:1",
        createdAt=1,
        startedAt=10_000,
        stoppedAt=22_500,
        tags={"a": "b"},
        container={
            "command": ["true", "x"],
            "environment": [{"name": "A", "value": "1"}],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}],
        },
    )
    assert (found.queue, found.definition, found.tags, found.command) == ("task", "arn:d:1", {"a": "b"}, ("true", "x"))
    assert (found.environment, found.resources) == ({"A": "1"}, {"VCPU": "2"})
    assert (found.created_at, found.seconds(0)) == (1, 12.5)
    assert job(startedAt=10_000).seconds(15) == 5


def test_what_lacks_a_name_or_a_value_is_left_out() -> None:
    found = job(
        container={
            "environment": [{"name": "A"}, {"value": "1"}, {"name": "B", "value": "2"}],
            "resourceRequirements": [{"type": "GPU"}, {"value": "2"}, {"type": "VCPU", "value": "1"}],
        }
    )
    assert (found.environment, found.resources) == ({"A": "", "B": "2"}, {"VCPU": "1"})


def test_a_job_that_waits_has_a_reason_and_no_stream() -> None:
    found = job(status="RUNNABLE", statusReason="MISCONFIGURATION:...", container={"vcpus": 1})
    assert (found.status_reason, found.streams) == ("MISCONFIGURATION:...", ())


def test_reasons_from_all_four_places_each_once() -> None:
    attempts = [
        {"statusReason": "an earlier one", "container": {"reason": "an earlier container's"}},
        {"statusReason": "host lost", "container": {"reason": "OutOfMemoryError: killed", "exitCode": 137}},
    ]
    found = job(status="FAILED", statusReason=EXITED, attempts=attempts, container={"reason": "pull"})
    assert found.reasons == (EXITED, "host lost", "pull", "OutOfMemoryError: killed")
    assert found.reason == "host lost; pull; OutOfMemoryError: killed"
    assert [attempt.container_reason for attempt in found.attempts][1] == "OutOfMemoryError: killed"
    same = job(
        status="FAILED",
        statusReason="x",
        attempts=[{"statusReason": "x", "container": {"reason": "y"}}],
        container={"reason": "y"},
    )
    assert same.reasons == ("x", "y")
    assert job(statusReason=EXITED).reason == ""


def test_the_exit_code_may_be_the_last_attempts_alone() -> None:
    attempts = [{"container": {"exitCode": 9}}, {"container": {"exitCode": 3}}]
    assert job(status="FAILED", attempts=attempts).exit_code == 3
    assert job(status="SUCCEEDED", attempts=attempts, container={"exitCode": 0}).exit_code == 0
    assert job(status="FAILED").exit_code is None


LOST = {"statusReason": "Host EC2 (instance i-1) terminated.", "container": {"exitCode": 143, "reason": "gone"}}


@pytest.mark.parametrize("status", ["RUNNABLE", "STARTING", "RUNNING"])
def test_what_ended_an_earlier_attempt_is_not_said_of_a_job_that_goes_on(status: str) -> None:
    left = {"exitCode": 143, "reason": "gone", "logStreamName": "a1"}
    again = job(status=status, attempts=[LOST], container=left, retryStrategy={"attempts": 3}, startedAt=10_000)
    assert (again.reason, again.container_reason, again.exit_code) == ("", "", None)
    assert (again.attempt, again.max_attempts) == (2, 3)
    assert (again.seconds(15) is None) == (status == "RUNNABLE")


def test_each_attempt_has_streams_of_its_own() -> None:
    attempts = [{"container": {"logStreamName": "a1"}}, {"container": {}}]
    waiting = job(status="RUNNABLE", attempts=attempts, container={"logStreamName": "a1"})
    running = job(attempts=attempts, container={"logStreamName": "a3"})
    ended = job(status="FAILED", attempts=[*attempts, {"container": {"logStreamName": "a3"}}])
    just_ended = job(status="FAILED", attempts=attempts, container={"logStreamName": "a3"})

    def names(found: Job) -> list[list[str]]:
        return [[stream.name for stream in found.streams_of(number)] for number in (1, 2, 3, 4)]

    assert [found.attempt for found in (job(), job(status="FAILED"), waiting, running, ended)] == [1, 1, 3, 3, 3]
    assert names(waiting) == [["a1"], [], [], []], "its container is still that of the attempt before"
    assert names(running) == names(ended) == names(just_ended) == [["a1"], [], ["a3"], []]


@pytest.mark.parametrize("key", ["isTerminated", "isCancelled"])
def test_stopped_by_somebody(key: str) -> None:
    assert job(**{key: True}).was_stopped
    assert not job(**{key: False}).was_stopped


def test_the_stream_of_a_running_job() -> None:
    assert job(container={"logStreamName": "def/default/1"}).streams == (StreamName("/aws/batch/job", "def/default/1"),)


def test_another_group_and_region() -> None:
    configuration = logging_to(**{"awslogs-group": "/lab/jobs", "awslogs-region": "us-east-1"})
    found = job(container={"logStreamName": "s", "logConfiguration": configuration})
    assert found.stream == StreamName("/lab/jobs", "s", "us-east-1")


def test_streams_of_all_attempts_in_order_each_once() -> None:
    attempts = [{"container": {"logStreamName": "a1"}}, {"container": {}}, {"container": {"logStreamName": "a3"}}]
    running = job(attempts=attempts[:2], container={"logStreamName": "a3"})
    assert [stream.name for stream in running.streams] == ["a1", "a3"]
    assert job(status="FAILED", attempts=attempts, container={"logStreamName": "a3"}).streams == running.streams
    assert job(attempts=attempts[:1]).stream == StreamName("/aws/batch/job", "a1")


def test_attempts_use_the_jobs_log_configuration() -> None:
    container = {"logStreamName": "a2", "logConfiguration": logging_to(**{"awslogs-group": "/lab"})}
    found = job(attempts=[{"container": {"logStreamName": "a1"}}], container=container)
    assert [stream.group for stream in found.streams] == ["/lab", "/lab"]


def test_several_containers() -> None:
    side = {"logStreamName": "s2", "logConfiguration": logging_to(**{"awslogs-group": "/side"})}
    containers = [{"logStreamName": "m2"}, side]
    attempt = {"taskProperties": [{"containers": [{"logStreamName": "m1"}, {"logStreamName": "s1"}]}]}
    found = job(attempts=[attempt], ecsProperties={"taskProperties": [{"containers": containers}]})
    assert [(stream.group, stream.name) for stream in found.streams] == [
        ("/aws/batch/job", "m1"),
        ("/side", "s1"),
        ("/aws/batch/job", "m2"),
        ("/side", "s2"),
    ]


def test_another_driver_has_no_stream_in_cloudwatch() -> None:
    found = job(container={"logStreamName": "s", "logConfiguration": {"logDriver": "splunk"}})
    assert (found.streams, found.log_drivers) == ((), ("splunk",))


def test_the_way_into_its_container() -> None:
    told = {"taskArn": "arn:t", "containerInstanceArn": "arn:i", "enableExecuteCommand": True}
    found = job(container=told)
    assert (found.task_arn, found.container_instance_arn, found.execute_command) == ("arn:t", "arn:i", True)
    assert job(container={"taskArn": "arn:t"}).execute_command is False


def test_parents_and_other_places() -> None:
    assert job(arrayProperties={"size": 40}).array_size == 40
    child = job(arrayProperties={"index": 3}, parameters={"a": "b"})
    assert (child.array_size, child.array_index, child.parameters) == (None, 3, {"a": "b"})
    assert job(arrayProperties={"size": 2, "statusSummary": {"FAILED": 2}}).array_summary == {"FAILED": 2}
    assert (job(nodeProperties={"numNodes": 4}).nodes, job(nodeProperties={}).nodes, job().nodes) == (4, 1, None)
    assert job(eksProperties={}).on_eks


def test_what_aws_does_not_tell_is_made_up() -> None:
    assert Job.made_up("j", "SUBMITTED", name="n", queue="q").detail == {
        "jobId": "j",
        "jobName": "n",
        "jobQueue": "q",
        "status": "SUBMITTED",
    }
    given_up = job(status="RUNNABLE", statusReason="CAPACITY", jobQueue="q").failed_for("waited in vain")
    assert (given_up.status, given_up.reasons, given_up.queue_arn) == ("FAILED", ("waited in vain",), "q")
    assert given_up.detail["statusReason"] == "waited in vain"
