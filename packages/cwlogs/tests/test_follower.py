import logging
import time

import pytest

from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_cwlogs.errors import LogAccessError, LostContactError, ThrottledError, UnreachableError
from miniwdl_aws_cwlogs.follower import FixedStreams, Followed, Follower, Pace
from miniwdl_aws_cwlogs.stream import LogStream

END = "[miniwdl-aws] end of log"


@pytest.fixture
def follower(clock):
    return Follower(SelfTuningRate(5, clock=clock, sleep=clock.sleep), clock=clock, sleep=clock.sleep)


def followed(logs, *names, job_ended=lambda: True, **kwargs):
    return FixedStreams([Followed(LogStream(logs, "g", name), job_ended, **kwargs) for name in names])


def messages(events):
    return [event.message for event in events]


def test_reads_a_finished_log_at_once(follower, logs, clock):
    logs.write("s", "a", "b")
    started = clock()
    assert messages(follower.events(followed(logs, "s", grace=0.0))) == ["a", "b"]
    assert clock() - started < 1


def test_waits_for_the_end_marker_and_hides_it(follower, logs, clock):
    logs.write("s", "a")
    clock.on_sleep.append(
        lambda now: now > 1100 and "b" not in str(logs.streams) and logs.write("s", "b", END + "\n", "c")
    )
    stream = followed(logs, "s", job_ended=lambda: False, end_marker=END)
    assert messages(follower.events(stream)) == ["a", "b"]


def test_without_a_marker_silence_after_the_jobs_end_is_the_end(follower, logs, clock):
    logs.write("s", "a")
    late = ["late"]
    clock.on_sleep.append(lambda now: now > 1025 and late and logs.write("s", late.pop()))
    stream = followed(logs, "s", job_ended=lambda: clock() > 1020)
    assert messages(follower.events(stream)) == ["a", "late"]
    assert clock() > 1035, "the late line starts the grace period anew"
    assert clock() < 1045


def test_a_stream_that_never_appears_ends_with_its_job(follower, logs, clock):
    assert messages(follower.events(followed(logs, "s", job_ended=lambda: clock() > 1060))) == []
    assert 1070 < clock() < 1080


def test_waits_for_a_stream_that_does_not_exist_yet(follower, logs, clock):
    clock.on_sleep.append(lambda now: now > 1200 and "s" not in logs.streams and logs.write("s", "hello", END))
    stream = followed(logs, "s", job_ended=lambda: False, end_marker=END)
    assert messages(follower.events(stream)) == ["hello"]


def test_a_large_backlog_is_read_without_pauses(follower, logs, clock):
    logs.page_size = 1000
    logs.write("s", *map(str, range(5000)))
    assert len(messages(follower.events(followed(logs, "s", grace=0.0)))) == 5000
    assert clock() - 1000 < 2


def test_many_streams_come_in_their_own_order(follower, logs):
    logs.page_size = 7
    names = [f"s{n}" for n in range(500)]
    for name in names:
        logs.write(name, *map(str, range(10)))
    lines = [(event.stream, event.message) for event in follower.events(followed(logs, *names, grace=0.0))]
    assert len(lines) == 5000
    for name in names[::50]:
        assert [message for stream, message in lines if stream == name] == [str(n) for n in range(10)]


def test_the_active_are_asked_more_often_and_the_budget_holds(logs, clock):
    budget, alone = SelfTuningRate(5, clock=clock, sleep=clock.sleep), Pace(crowded=1000)
    follower = Follower(budget, pace=alone, clock=clock, sleep=clock.sleep)
    idle = [f"idle{n}" for n in range(20)]
    for name in (*idle, "busy"):
        logs.write(name, "start")
    clock.on_sleep.append(lambda now: logs.write("busy", f"at {now}"))
    stream = followed(logs, *idle, "busy", job_ended=lambda: clock() > 1300)
    for _ in follower.events(stream):
        if clock() > 1300:
            break
    assert sum(logs.requests.values()) <= 5 * (clock() - 1000) + 5
    mean_idle = sum(logs.requests[name] for name in idle) / len(idle)
    assert logs.requests["busy"] > 1.5 * mean_idle
    assert min(logs.requests[name] for name in idle) > 10, "the silent ones are not forgotten"


def test_throttling_slows_down_and_loses_nothing(logs, clock):
    budget = SelfTuningRate(5, clock=clock, sleep=clock.sleep)
    follower = Follower(budget, clock=clock, sleep=clock.sleep)
    logs.page_size = 1
    logs.write("s", "a", "b", "c", END)
    logs.faults = [None, ThrottledError("slow down"), ThrottledError("slow down")]
    events = follower.events(followed(logs, "s", job_ended=lambda: False, end_marker=END))
    assert next(events).message == "a"
    assert next(events).message == "b"
    assert budget.rate < 3
    assert messages(events) == ["c"]


def test_an_outage_is_waited_out(follower, logs, clock, caplog):
    logs.page_size = 1
    logs.write("s", "a", "b", END)
    logs.faults = [None] + [UnreachableError("no route to host")] * 100
    with caplog.at_level(logging.WARNING):
        events = follower.events(followed(logs, "s", job_ended=lambda: False, end_marker=END))
        assert messages(events) == ["a", "b"]
    assert [record.message for record in caplog.records] == [
        "no contact with CloudWatch Logs (no route to host); trying on",
        "in contact with CloudWatch Logs again",
    ]


def test_contact_may_be_lost_for_good(follower, logs, clock):
    logs.write("s", "a")
    logs.faults = [None] + [UnreachableError("no route to host")] * 10_000
    events = follower.events(followed(logs, "s", job_ended=lambda: False))
    assert next(events).message == "a"
    with pytest.raises(LostContactError, match="900 seconds: no route to host"):
        next(events)


def test_patience_is_short_before_the_first_answer(follower, logs, clock):
    logs.faults = [UnreachableError("no route to host")] * 10_000
    with pytest.raises(LostContactError, match="20 seconds"):
        next(follower.events(followed(logs, "s", job_ended=lambda: False)))
    assert clock() < 1030


def test_a_refusal_is_not_tried_again(follower, logs):
    logs.faults = [LogAccessError("not allowed")]
    with pytest.raises(LogAccessError):
        next(follower.events(followed(logs, "s")))
    assert logs.requests["s"] == 1


def test_streams_may_be_discovered_late(follower, logs, clock):
    class Late:
        def __init__(self):
            self.pending = [(1000, "first"), (1100, "second"), (1500, "third")]

        def new(self):
            found = [name for due, name in self.pending if due <= clock()]
            self.pending = [(due, name) for due, name in self.pending if due > clock()]
            return [Followed(LogStream(logs, "g", name), lambda: True) for name in found]

        def complete(self):
            return not self.pending

    for name in ("first", "second", "third"):
        logs.write(name, f"line of {name}")
    assert messages(follower.events(Late())) == ["line of first", "line of second", "line of third"]


def test_pages_are_never_empty(follower, logs, clock):
    logs.write("s", "a")
    logs.empty_pages = 3
    assert [len(page) for page in follower.pages(followed(logs, "s"))] == [1]


def test_merging_costs_little(logs):
    """A sanity bound far above what a machine needs: no step may be quadratic in the number of streams or events."""
    names = [f"s{n}" for n in range(500)]
    for name in names:
        logs.write(name, *["line"] * 200)
    started = time.process_time()
    follower = Follower(SelfTuningRate(1e9), pace=Pace(active=1e-6, idle=1e-6))
    assert sum(1 for _ in follower.events(followed(logs, *names, grace=0.0))) == 100_000
    assert time.process_time() - started < 10
