from __future__ import annotations

from miniwdl_aws_local_cloud.batch.jobs import Job, JobSpec
from miniwdl_aws_local_cloud.batch.placement import Pool


def job(name: str, vcpus: float = 1, priority: int = 1) -> Job:
    container = {"resourceRequirements": [{"type": "VCPU", "value": str(vcpus)}]}
    return Job(JobSpec(name, "q", priority, "e", "c", "d", container, {}, 1, (), None, ()), {"jobId": name})


def test_hands_out_what_is_there_in_order() -> None:
    pool = Pool(2)
    first, second, third = jobs = [job("a"), job("b"), job("c")]
    for item in jobs:
        pool.add(item)
    assert pool.waiting() == jobs
    assert [pool.take(), pool.take(), pool.take()] == [first, second, None]
    pool.give_back(first)
    assert pool.take() is third


def test_priority_of_the_queue_goes_first() -> None:
    pool = Pool(1)
    low, high = job("low"), job("high", priority=2)
    pool.add(low)
    pool.add(high)
    assert pool.take() is high


def test_a_large_job_is_not_passed_over() -> None:
    pool = Pool(4)
    running, large, small = job("running"), job("large", 4), job("small")
    pool.add(running)
    assert pool.take() is running
    pool.add(large)
    pool.add(small)
    assert pool.take() is None
    pool.give_back(running)
    assert pool.take() is large


def test_a_job_beyond_the_size_of_the_pool_takes_all_of_it() -> None:
    pool = Pool(2)
    huge = job("huge", 64)
    pool.add(huge)
    assert pool.take() is huge
    assert pool.free == 0
    pool.give_back(huge)
    assert pool.free == 2


def test_a_removed_job_is_never_taken() -> None:
    pool = Pool(1)
    gone, stays = job("gone"), job("stays", 0.25)
    pool.add(gone)
    pool.add(stays)
    pool.remove(gone)
    assert pool.waiting() == [stays]
    assert pool.take() is stays
    assert pool.free == 0.75
