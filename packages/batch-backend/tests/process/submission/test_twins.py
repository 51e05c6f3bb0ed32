"""All who look for jobs of one name share what is told of it, as long as that may be true."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from miniwdl_aws_batch_backend.process.submission.twins import PERIOD, SETTLED, Twins
from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_core.batch.job import Job


class Aws:
    def __init__(self) -> None:
        self.now = 100.0
        self.looks = 0
        self.error: AwsError | None = None
        self.twins = Twins(self.list_jobs, lambda: self.now)
        self.twins.unanswered("n")

    def list_jobs(self, queue: str, name: str) -> list[Job]:
        assert (queue, name) == ("q", "n")
        self.looks += 1
        if self.error:
            raise self.error
        return [Job.made_up(f"look {self.looks}", "RUNNING", name=name, queue=queue)]

    def told(self, *, at_once: bool = False) -> str:
        (job,) = self.twins.named("q", "n", at_once=at_once)
        return job.job_id


def test_an_answer_is_good_for_a_while_and_in_the_end_for_ever() -> None:
    aws = Aws()
    assert [aws.told(), aws.told()] == ["look 1"] * 2
    aws.now += PERIOD + 1
    assert aws.told() == "look 2"
    aws.now += SETTLED
    assert aws.told() == "look 3"
    aws.now += 10_000
    assert [aws.told(), aws.told(at_once=True)] == ["look 3"] * 2


def test_who_stops_everything_wants_to_know_it_now() -> None:
    aws = Aws()
    aws.told()
    aws.now += 1
    assert aws.told(at_once=True) == "look 2"


def test_another_request_may_have_made_another_job() -> None:
    aws = Aws()
    aws.now += SETTLED
    aws.told()
    aws.twins.unanswered("n")
    assert aws.told() == "look 2"


def test_a_failed_look_is_shared_and_made_again_later() -> None:
    aws = Aws()
    aws.now += SETTLED
    aws.error = AwsError("no", kind=Kind.THROTTLED, retryable=True)
    for _ in range(2):
        with pytest.raises(AwsError, match="no"):
            aws.told()
    assert aws.looks == 1
    aws.error = None
    aws.now += PERIOD + 1
    assert aws.told() == "look 2"


def test_many_who_stop_at_once_look_a_few_times() -> None:
    aws, all_ask = Aws(), threading.Barrier(20)

    def ask() -> str:
        all_ask.wait()
        return aws.told(at_once=True)

    with ThreadPoolExecutor(20) as pool:
        assert [future.result() for future in [pool.submit(ask) for _ in range(20)]] == ["look 1"] * 20
