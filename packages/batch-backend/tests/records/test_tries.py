"""What is recorded of each try, and what it led to."""

from __future__ import annotations

import pytest
import WDL
from fake_batch import Fate

from miniwdl_aws_batch_backend.records.tries import try_record, what_follows
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.records.jobs import BATCH_JOBS, Followed, JobRecord
from miniwdl_aws_core.records.lines import read_file
from miniwdl_aws_core.records.usage import Source, Usage
from miniwdl_aws_hooks import FailureClass, FailurePolicy, FailureVerdict

TASK = """
version 1.1
task made {{
    command <<< {command} >>>
    output {{ String said = read_string(stdout()) }}
    runtime {{ {runtime} }}
}}
"""
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"

DETAIL = {
    "jobId": "j-1",
    "jobName": "sort-1",
    "jobQueue": "arn:aws:batch:eu-central-1:123456789012:job-queue/task",
    "jobDefinition": "arn:aws:batch:eu-central-1:123456789012:job-definition/d:1",
    "status": "FAILED",
    "statusReason": "Host EC2 (instance i-1) terminated.",
    "createdAt": 1000,
    "startedAt": 2000,
    "stoppedAt": 3000,
    "attempts": [],
    "container": {
        "image": "ubuntu:24.04",
        "exitCode": 143,
        "resourceRequirements": [
            {"type": "VCPU", "value": "2"},
            {"type": "MEMORY", "value": "3500"},
            {"type": "GPU", "value": "1"},
        ],
        "containerInstanceArn": "arn:aws:ecs:eu-central-1:123456789012:container-instance/c/1",
        "taskArn": "arn:aws:ecs:eu-central-1:123456789012:task/c/2",
        "logStreamName": "d/default/2",
    },
}


def tries(folder) -> list[JobRecord]:
    return list(read_file(JobRecord, folder, BATCH_JOBS).records)


def test_what_aws_tells() -> None:
    usage = Usage(Source.CGROUP2, cpu_seconds=1.0)
    record = try_record(
        Job.of(DETAIL), Followed.SPOT, call_path="call-sort", task="sort", number=2, exit_code=143,
        failure_class=FailureClass.HOST_LOST, usage=usage,
    )  # fmt: skip
    assert record == JobRecord(
        job_id="j-1",
        job_name="sort-1",
        call_path="call-sort",
        task_name="sort",
        try_number=2,
        status="FAILED",
        followed=Followed.SPOT,
        queue=DETAIL["jobQueue"],
        definition=DETAIL["jobDefinition"],
        image="ubuntu:24.04",
        exit_code=143,
        reason="Host EC2 (instance i-1) terminated.",
        failure_class="host-lost",
        log_group="/aws/batch/job",
        log_stream="d/default/2",
        created_at=1000,
        started_at=2000,
        stopped_at=3000,
        vcpus=2.0,
        memory_mib=3500,
        gpus=1,
        container_instance_arn=DETAIL["container"]["containerInstanceArn"],
        task_arn=DETAIL["container"]["taskArn"],
        usage=usage,
    )


def test_a_job_of_which_little_is_told() -> None:
    made_up = Job.made_up("j-1", "FAILED", name="n", queue="q", reason="vanished")
    record = try_record(made_up, Followed.FAILED, call_path="", task="t", number=1)
    assert (record.created_at, record.started_at, record.vcpus, record.gpus) == (None, None, None, 0)
    odd = {**DETAIL, "container": {"resourceRequirements": [{"type": "VCPU", "value": "many"}]}, "startedAt": None,
           "stoppedAt": None, "attempts": [{"startedAt": 5, "stoppedAt": 6}]}  # fmt: skip
    record = try_record(Job.of(odd), Followed.FAILED, call_path="", task="t", number=1)
    assert (record.started_at, record.stopped_at, record.vcpus) == (5, 6, None)


@pytest.mark.parametrize(
    ("policy", "changes", "followed"),
    [
        (FailurePolicy.RETRY, {}, Followed.FAILED),
        (FailurePolicy.RETRY, {"maxRetries": 1}, Followed.RETRY),
        (FailurePolicy.RETRY, {"maxRetries": 1, "tries": 2}, Followed.FAILED),
        (FailurePolicy.RETRY, {"maxRetries": 1, "tries": 3, "interruptions": 2, "preemptible": 2}, Followed.RETRY),
        (FailurePolicy.RETRY, {"maxRetries": 1, "tries": 3, "interruptions": 2, "preemptible": 1}, Followed.FAILED),
        (FailurePolicy.FAIL, {"maxRetries": 1}, Followed.FAILED),
        (FailurePolicy.INTERRUPTED, {"preemptible": 1}, Followed.SPOT),
        (FailurePolicy.INTERRUPTED, {"preemptible": 1, "interruptions": 1, "tries": 2}, Followed.FAILED),
        (FailurePolicy.INTERRUPTED, {"maxRetries": 1}, Followed.RETRY),
        (FailurePolicy.INFRASTRUCTURE, {"faults_left": 1}, Followed.RESUBMITTED),
        (FailurePolicy.INFRASTRUCTURE, {"maxRetries": 1}, Followed.RETRY),
        (FailurePolicy.RETRY, {"maxRetries": 1, "grows": True}, Followed.MEMORY_GROWN),
        (FailurePolicy.RETRY, {"grows": True}, Followed.FAILED),
    ],
)
def test_what_a_failure_leads_to(policy: FailurePolicy, changes: dict, followed: Followed) -> None:
    known = {"tries": 1, "interruptions": 0, "faults_left": 0, "grows": False, **changes}
    runtime = {name: known.pop(name) for name in ("maxRetries", "preemptible") if name in known}
    kind = FailureClass.OUT_OF_MEMORY if known["grows"] else FailureClass.TOOL_ERROR
    assert what_follows(FailureVerdict(kind, policy, ""), runtime, **known) is followed


def test_a_task_that_succeeds_leaves_one_record(run) -> None:
    folder, _ = run(TASK.format(command="i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done; echo", runtime=""))
    (record,) = tries(folder)
    assert (record.call_path, record.task_name, record.try_number) == ("", "made", 1)
    assert (record.status, record.followed, record.exit_code, record.failure_class) == ("SUCCEEDED", "done", 0, None)
    assert record.job_id in run.batch.jobs
    assert record.usage is not None
    assert record.usage.source is Source.TIMES
    assert record.usage.cpu_seconds


def test_a_call_below_another(run) -> None:
    folder, _ = run(
        TASK.format(command="exit 3", runtime="returnCodes: [3]")
        + "workflow outer { call made } task unused { command {} }"
    )
    (record,) = tries(folder / "call-made")
    assert (record.call_path, record.followed, record.exit_code) == ("call-made", "done", 3)


def test_tries_say_what_they_led_to(run) -> None:
    run.batch.fates = [Fate(lose_host=True), Fate(mount_missing=True), Fate(reason=OUT_OF_MEMORY), Fate(), Fate()]
    folder, _ = run(
        TASK.format(
            command="case $PWD in */work) sleep 60;; */work3) exit 137;; */work4) exit 1;; esac; echo",
            runtime='preemptible: 1 maxRetries: 2 memory: "1 GiB"',
        ),
        options={"aws": {"memory_retry_multiplier": 2}},
    )
    assert [(item.try_number, item.followed, item.failure_class, item.exit_code) for item in tries(folder)] == [
        (1, "spot", "host-lost", None),
        (2, "resubmitted", "mount-missing", 76),
        (3, "memory-grown", "out-of-memory", 137),
        (4, "retry", "tool-error", 1),
        (5, "done", None, 0),
    ]
    used = [item.usage is not None for item in tries(folder)]
    assert used == [False, False, True, True, True]


def test_a_task_that_fails(run) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(TASK.format(command="exit 4", runtime=""))
    (record,) = tries(WDL.runtime.error_json(caught.value)["cause"]["dir"])
    assert (record.status, record.followed, record.exit_code) == ("FAILED", "failed", 4)


def test_a_try_that_can_not_be_recorded_fails_no_task(run, caplog) -> None:
    run(
        TASK.format(
            command=f"mkdir ../../../{BATCH_JOBS} || mkdir $(dirname $(readlink -f $0))/{BATCH_JOBS}; echo", runtime=""
        )
    )
    assert "could not be recorded" in caplog.text
