"""Many jobs that are stopped at the same time."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from fake_batch import FakeBatch, FakeJob, Fate, client_error

from miniwdl_aws_batch_backend.process.batch_api import BatchApi
from miniwdl_aws_batch_backend.process.submission.stopper import Stopper


def jobs(batch: FakeBatch, count: int) -> list[str]:
    definition = {"jobDefinitionName": "d", "containerProperties": {"image": "i"}}
    made = [FakeJob({"jobName": "n", "jobQueue": "q"}, definition, Fate()) for _ in range(count)]
    batch.jobs.update((job.job_id, job) for job in made)
    return [job.job_id for job in made]


def stop_all(batch: FakeBatch, job_ids: list[str], attempts: int = 1) -> dict[str, str]:
    """Stop each from a thread of its own, all of them while a first request is under way."""
    api = BatchApi(batch, attempts, sleep=lambda _seconds: None)
    stopper, failed = Stopper(api), {}
    with stopper._sending:
        threads = [threading.Thread(target=lambda i=i: failed.update(stopper.stop([i]))) for i in job_ids]  # type: ignore[misc]
        for thread in threads:
            thread.start()
        pause = threading.Event()
        while stopper._together and len(stopper._waiting) < len(job_ids):
            pause.wait(0.01)
    for thread in threads:
        thread.join(60)
    return failed


def test_fifty_go_in_a_request(batch: FakeBatch) -> None:
    assert stop_all(batch, jobs(batch, 120)) == {}
    assert batch.alive == []
    assert (batch.calls["terminate_jobs"], batch.calls["terminate_job"]) == (3, 0)


def test_one_has_the_older_request(batch: FakeBatch) -> None:
    (one,) = jobs(batch, 1)
    assert stop_all(batch, [one]) == {}
    assert (batch.calls["terminate_jobs"], batch.calls["terminate_job"]) == (0, 1)


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
def test_where_aws_refuses_it_they_go_one_by_one(batch: FakeBatch, code: str) -> None:
    batch.errors["terminate_jobs"] = [client_error("TerminateJobs", code)] * 9
    assert stop_all(batch, jobs(batch, 120)) == {}
    assert batch.alive == []
    assert (batch.calls["terminate_jobs"], batch.calls["terminate_job"]) == (1, 120)


def test_an_older_botocore_does_without(batch: FakeBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(FakeBatch, "terminate_jobs")
    assert stop_all(batch, jobs(batch, 3)) == {}
    assert batch.calls["terminate_job"] == 3


def test_those_that_aws_leaves_out_are_asked_for_alone(batch: FakeBatch) -> None:
    ids = jobs(batch, 5)
    batch.stubborn = set(ids[:2])
    assert stop_all(batch, ids) == {}
    assert batch.alive == []
    assert batch.calls["terminate_job"] == 2


def test_what_can_not_be_stopped_is_named(batch: FakeBatch) -> None:
    ids = jobs(batch, 3)
    error: Any = client_error("TerminateJob", "ServerException", "down", 500)
    batch.errors["terminate_jobs"], batch.errors["terminate_job"] = [error], [error] * 3
    failed = stop_all(batch, ids)
    assert set(failed) == set(ids)
    assert "down" in next(iter(failed.values()))
