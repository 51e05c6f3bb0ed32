import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_cwlogs.errors import LogAccessError, NoLogError, UnreachableError
from miniwdl_aws_cwlogs.job_watch import JobWatch
from miniwdl_aws_cwlogs.stream import LogStream


class FakeBatch:
    def __init__(self):
        self.jobs = {}
        self.requests = []
        self.fault = None

    def set(self, job_id, status, stream=None, **details):
        container = {"logStreamName": stream} if stream else {}
        self.jobs[job_id] = {
            "jobId": job_id,
            "jobName": f"name-{job_id}",
            "status": status,
            "container": container,
            **details,
        }

    def describe(self, job_ids):
        self.requests.append(list(job_ids))
        if self.fault:
            raise self.fault
        return [Job.of(self.jobs[job_id]) for job_id in job_ids if job_id in self.jobs]


@pytest.fixture
def batch():
    return FakeBatch()


@pytest.fixture
def watch(batch, logs, clock):
    def make(*job_ids, follow=True):
        return JobWatch(
            job_ids,
            batch.describe,
            lambda name, _born: LogStream(logs, name.group, name.name),
            follow=follow,
            clock=clock,
            wall_clock=clock,
        )

    return make


def names(found):
    return [followed.stream.name for followed in found]


def test_streams_appear_as_jobs_start(batch, watch, clock):
    batch.set("1", "RUNNING", "s1")
    batch.set("2", "RUNNABLE")
    jobs = watch("1", "2")
    assert names(jobs.new()) == ["s1"]
    batch.set("2", "RUNNING", "s2")
    assert names(jobs.new()) == [], "Batch isn't asked again at once"
    clock.sleep(6)
    assert names(jobs.new()) == ["s2"]
    assert not jobs.complete()
    assert jobs.label("s2") == "name-2"


def test_a_job_that_ended_is_not_asked_about_again(batch, watch, clock):
    batch.set("1", "RUNNING", "s1")
    batch.set("2", "SUCCEEDED", "s2")
    jobs = watch("1", "2")
    first, second = jobs.new()
    assert (first.job_ended(), second.job_ended()) == (False, True)
    batch.set("1", "FAILED", "s1")
    clock.sleep(6)
    jobs.new()
    assert first.job_ended()
    assert jobs.complete()
    clock.sleep(6)
    jobs.new()
    assert batch.requests == [["1", "2"], ["1"]]


def test_a_later_attempt_ends_the_stream_of_the_earlier(batch, watch, clock):
    batch.set("1", "RUNNING", "s1")
    jobs = watch("1")
    (first,) = jobs.new()
    batch.set("1", "RUNNING", "s2", attempts=[{"container": {"logStreamName": "s1"}}])
    clock.sleep(6)
    (second,) = jobs.new()
    assert (first.job_ended(), second.job_ended()) == (True, False)


def test_old_jobs_need_no_grace_and_fresh_ones_do(batch, watch, clock):
    batch.set("old", "SUCCEEDED", "s1", stoppedAt=int((clock() - 3600) * 1000))
    batch.set("new", "SUCCEEDED", "s2", stoppedAt=int((clock() - 2) * 1000))
    old, new = watch("old", "new").new()
    assert (old.grace, new.grace) == (0.0, None)


def test_without_following_what_is_there_is_enough(batch, watch):
    batch.set("1", "RUNNING", "s1")
    jobs = watch("1", follow=False)
    (stream,) = jobs.new()
    assert jobs.complete()
    assert stream.job_ended()
    assert stream.grace == 0.0


@pytest.mark.parametrize("fault", [UnreachableError("no route"), LogAccessError("expired")])
def test_only_outages_of_batch_are_waited_out(batch, watch, clock, fault):
    batch.set("1", "RUNNING", "s1")
    jobs = watch("1")
    jobs.new()
    batch.fault = fault
    clock.sleep(6)
    if isinstance(fault, UnreachableError):
        assert jobs.new() == []
        assert not jobs.complete()
    else:
        with pytest.raises(LogAccessError):
            jobs.new()


def test_unknown_jobs(watch):
    with pytest.raises(NoLogError, match="does not know job 1") as caught:
        watch("1")
    assert "--group" in caught.value.hint


def test_jobs_that_did_not_run(batch, watch):
    batch.set("1", "FAILED", statusReason="Host EC2 (instance i-1) terminated.")
    with pytest.raises(NoLogError, match=r"did not run \(FAILED: Host EC2"):
        watch("1")
    batch.set("2", "RUNNABLE")
    with pytest.raises(NoLogError, match="RUNNABLE") as caught:
        watch("2", follow=False)
    assert "--follow" in caught.value.hint


def test_asks_about_a_hundred_at_a_time(batch, watch):
    for number in range(250):
        batch.set(str(number), "RUNNING", f"s{number}")
    jobs = watch(*map(str, range(250)))
    assert [len(request) for request in batch.requests] == [100, 100, 50]
    assert len(jobs.new()) == 250


def test_jobs_of_one_name_are_told_apart_by_their_ids(batch, watch):
    for job_id in ("0123456789", "abcdefghij"):
        batch.set(job_id, "RUNNING", f"s{job_id}", jobName="align")
    jobs = watch("0123456789", "abcdefghij")
    assert [jobs.label(name) for name in names(jobs.new())] == ["align 01234567", "align abcdefgh"]
