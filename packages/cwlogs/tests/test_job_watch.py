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
def told():
    return []


@pytest.fixture
def watch(batch, logs, clock, told):
    def make(*job_ids, follow=True):
        return JobWatch(
            job_ids,
            batch.describe,
            lambda name, _born: LogStream(logs, name.group, name.name),
            follow=follow,
            tell=told.append,
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


LOST = {"statusReason": "Host EC2 (instance i-1) terminated."}


def test_a_later_attempt_is_shown_when_the_earlier_one_is_over(batch, watch, clock, told):
    batch.set("1", "RUNNING", "s1")
    jobs = watch("1")
    (first,) = jobs.new()
    lost = {**LOST, "container": {"logStreamName": "s1"}}
    batch.set("1", "RUNNABLE", "s1", attempts=[lost], retryStrategy={"attempts": 3})
    clock.sleep(6)
    assert names(jobs.new()) == []
    assert first.job_ended(), "although no other stream is known yet"
    batch.set("1", "RUNNING", "s2", attempts=[lost], retryStrategy={"attempts": 3})
    clock.sleep(6)
    assert (names(jobs.new()), told) == ([], []), "lines of the first may still come"
    jobs.over(first)
    (second,) = jobs.new()
    assert (second.stream.name, second.job_ended()) == ("s2", False)
    assert told == ["attempt 2 of 3: the host of attempt 1 was lost (Host EC2 (instance i-1) terminated.)"]
    assert not jobs.complete()


def test_attempts_that_are_all_over_come_one_after_the_other(batch, watch, clock, told):
    stopped = [int((clock() - ago) * 1000) for ago in (3600, 2)]
    unpulled = {"container": {"reason": "CannotPullContainerError: context canceled"}}
    attempts = [
        {**LOST, "container": {"logStreamName": "s1"}, "stoppedAt": stopped[0]},
        unpulled,
        {"container": {"logStreamName": "s3"}, "stoppedAt": stopped[1]},
    ]
    batch.set("1", "SUCCEEDED", "s3", attempts=attempts, retryStrategy={"attempts": 3}, stoppedAt=stopped[1])
    batch.set("2", "SUCCEEDED", "other")
    jobs = watch("1", "2")
    first, _other = jobs.new()
    assert (first.stream.name, first.grace, jobs.new()) == ("s1", 0.0, [])
    jobs.over(first)
    (third,) = jobs.new()
    assert (third.stream.name, third.grace) == ("s3", None)
    assert [note[:29] for note in told] == ["[name-1] attempt 2 of 3: the ", "[name-1] attempt 3 of 3: atte"]


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
