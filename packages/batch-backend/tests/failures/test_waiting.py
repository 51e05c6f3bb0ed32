from __future__ import annotations

import pytest
from fake_batch import FakeBatch, client_error

from miniwdl_aws_batch_backend.failures.waiting import QueueWait, WaitStep, explain, position_in
from miniwdl_aws_batch_backend.process.batch_api import BatchApi
from miniwdl_aws_batch_backend.process.watching.queues import QueuePositions
from miniwdl_aws_core.batch.job import Job

REASON = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is higher than ..."


def job(status: str = "RUNNABLE", reason: str | None = None) -> Job:
    return Job("j", status, status_reason=reason or "")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity", "EC2 has no such instances"),
        ("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated", "maxvCpus"),
        (REASON, "add larger ones"),
        ("MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS – Batch service role has a permission issue.", "service role"),  # noqa: RUF001 - AWS writes a dash
        ("MISCONFIGURATION:SOMETHING_NEW - x", "can't run the job"),
        ("ACTION_REQUIRED - CE(s) associated with the job queue are invalid.", "invalid"),
        ("UNDETERMINED - Batch job is blocked, root cause is undetermined.", "does not know"),
        ("Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "EC2 has no"),
    ],
)
def test_words(reason: str, words: str) -> None:
    assert words in (explain(reason) or "")


def test_no_words() -> None:
    assert explain("whatever") is None


def test_a_reason_must_hold_without_a_break() -> None:
    wait = QueueWait(limit=100)
    assert wait.observe(job(reason=REASON), 0)
    assert not wait.observe(job(reason=REASON), 50)
    assert wait.delay(50) == 50
    wait.observe(job(), 60)
    assert wait.step(150) is WaitStep.NOTHING
    assert wait.observe(job(reason=REASON), 160)
    assert wait.step(259) is WaitStep.NOTHING
    assert wait.step(260) is WaitStep.CHECK
    assert wait.held(260) == 100


def test_another_reason_is_news_but_no_break() -> None:
    wait = QueueWait(limit=100)
    wait.observe(job(reason=REASON), 0)
    assert wait.observe(job(reason="CAPACITY:x"), 50)
    assert wait.step(100) is WaitStep.CHECK


def test_without_a_limit_nothing_is_given_up() -> None:
    wait = QueueWait(limit=0)
    wait.observe(job(reason=REASON), 0)
    assert wait.step(10**9) is WaitStep.REPORT


def test_reports_become_rarer_and_end_with_the_wait() -> None:
    wait = QueueWait(limit=0)
    wait.observe(job(), 0)
    assert wait.delay(0) == 300
    assert wait.step(300) is WaitStep.REPORT
    assert wait.delay(300) == 600
    wait.observe(job("RUNNING"), 400)
    assert wait.delay(400) is None


def test_positions(batch: FakeBatch) -> None:
    batch.snapshot = ["a", "j"]
    now = [0.0]
    positions = QueuePositions(BatchApi(batch, 1), lambda: now[0])
    assert [positions.position("task", job_id) for job_id in ("a", "j", "z")] == [1, 2, None]
    assert batch.calls["get_job_queue_snapshot"] == 1
    now[0] = 61
    batch.snapshot = ["j"]
    assert positions.position("task", "j") == 1
    assert position_in({}, "j") is None


def test_positions_are_not_asked_again_where_that_is_forbidden(batch: FakeBatch) -> None:
    batch.errors["get_job_queue_snapshot"] = [client_error("GetJobQueueSnapshot", "AccessDeniedException")]
    positions = QueuePositions(BatchApi(batch, 1))
    assert [positions.position("task", "j") for _ in range(3)] == [None] * 3
    assert batch.calls["get_job_queue_snapshot"] == 1
