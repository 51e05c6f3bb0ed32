from __future__ import annotations

import json
import threading
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from fake_batch import client_error

from miniwdl_aws_batch_backend.process.admission import Order
from miniwdl_aws_batch_backend.process.batch_api import BatchApi, connect
from miniwdl_aws_batch_backend.process.termination import Mailbox
from miniwdl_aws_batch_backend.process.watching.poller import JobPoller, Missing, PollPlan, Seen
from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.batch.job import Job

if TYPE_CHECKING:
    from collections.abc import Sequence


def detail(job_id: str, status: str = "RUNNABLE", **more: Any) -> dict[str, Any]:
    return {"jobId": job_id, "status": status, **more}


def job(job_id: str, status: str = "RUNNABLE", **more: Any) -> Job:
    return Job.of(detail(job_id, status, **more))


@pytest.fixture
def plan() -> PollPlan:
    return PollPlan(period_min=1, period_max=10, grace=300)


def watch(plan: PollPlan, *job_ids: str, now: float = 0.0) -> dict[str, Mailbox[Any]]:
    boxes = {job_id: Mailbox[Any](Order.HEARD) for job_id in job_ids}
    for job_id, box in boxes.items():
        plan.add(job_id, box, now)
    return boxes


def news(box: Mailbox[Any]) -> list[Any]:
    found = []
    while (item := box.get(0)) is not None:
        found.append(item)
    return found


def test_each_change_is_told_once(plan: PollPlan) -> None:
    box = watch(plan, "a")["a"]
    for status in ("RUNNABLE", "RUNNABLE", "RUNNING", "RUNNING", "SUCCEEDED"):
        plan.observe(["a"], [job("a", status)], 1)
    assert [item.job.status for item in news(box)] == ["RUNNABLE", "RUNNING", "SUCCEEDED"]


def test_a_new_reason_or_log_stream_is_a_change(plan: PollPlan) -> None:
    box = watch(plan, "a")["a"]
    plan.observe(["a"], [job("a")], 1)
    plan.observe(["a"], [job("a", statusReason="CAPACITY:x")], 2)
    plan.observe(["a"], [job("a", "RUNNING")], 3)
    plan.observe(["a"], [job("a", "RUNNING", container={"logStreamName": "s"})], 4)
    assert len(news(box)) == 4


def test_a_missing_job_is_reported_after_the_grace_only(plan: PollPlan) -> None:
    box = watch(plan, "a")["a"]
    plan.observe(["a"], [], 299)
    assert news(box) == []
    plan.observe(["a"], [], 301)
    assert news(box) == [Missing(301)]
    plan.observe(["a"], [job("a")], 302)
    assert isinstance(news(box)[0], Seen)
    plan.observe(["a"], [], 500)
    assert news(box) == []


def test_at_most_100_are_asked_about_and_all_have_their_turn(plan: PollPlan) -> None:
    watch(plan, *map(str, range(250)))
    seen: set[str] = set()
    for now in range(1, 4):
        ids = plan.next_ids()
        assert len(ids) <= 100
        seen.update(ids)
        plan.observe(ids, [job(job_id) for job_id in ids], now)
    assert len(seen) == 250


def test_running_jobs_come_first(plan: PollPlan) -> None:
    watch(plan, *map(str, range(300)))
    for now in (0.33, 0.66, 1.0):
        ids = plan.next_ids()
        plan.observe(ids, [job(job_id, "RUNNING" if int(job_id) >= 290 else "RUNNABLE") for job_id in ids], now)
    assert set(map(str, range(290, 300))) <= set(plan.next_ids())


def test_the_pace_falls_when_nothing_changes_and_recovers(plan: PollPlan) -> None:
    watch(plan, "a")
    plan.observe(["a"], [job("a")], 0)
    assert plan.delay(0, 0) == 1
    for _ in range(20):
        plan.observe(["a"], [job("a")], 0)
    assert plan.delay(0, 0) == 10
    plan.observe(["a"], [job("a", "RUNNING")], 0)
    assert plan.delay(0, 0) == 1


def test_a_quiet_sweep_over_many_jobs_takes_no_longer_than_over_one(plan: PollPlan) -> None:
    watch(plan, *map(str, range(500)))
    plan.sweep = 10
    assert plan.delay(0, 0) == 2
    watch(plan, *map(str, range(5000)))
    plan.sweep = 10
    assert plan.delay(0, 0) == 0.25, "requests never come closer than a quarter of the shortest period"


def test_news_of_many_jobs_takes_no_longer_than_of_one(plan: PollPlan) -> None:
    watch(plan, *map(str, range(400)))
    now, asked = 0.0, 0
    while asked < 400:
        now += plan.delay(now, now)
        ids = plan.next_ids()
        plan.observe(ids, [job(job_id) for job_id in ids], now)
        asked += len(ids)
    assert now == 1


def test_who_was_left_out_waits_no_longer_than_for_a_sweep(plan: PollPlan) -> None:
    watch(plan, *map(str, range(108)))
    for now, pause in ((1.0, 0.25), (1.25, 0.5)):
        ids = plan.next_ids()
        plan.observe(ids, [job(job_id) for job_id in ids], now)
        assert plan.delay(now, now) == pause


def test_requests_get_rarer_when_aws_throttles_them_and_slowly_more_again(plan: PollPlan) -> None:
    watch(plan, "a")
    before = plan.delay(0, 0)
    plan.throttled()
    assert plan.delay(0, 0) == 2 * before
    plan.observe(["a"], [job("a")], 1)
    assert 1.5 * before < plan.delay(0, 0) < 2 * before
    for status in ("STARTING", "RUNNING") * 20:
        plan.observe(["a"], [job("a", status)], 2)
    assert plan.delay(0, 0) == before
    for _ in range(99):
        plan.throttled()
    assert plan.delay(0, 0) == plan.MOST * before


def test_a_throttled_request_is_not_repeated_at_once_and_nothing_to_worry_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked, done = [], threading.Event()

    class Client:
        def describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
            asked.append(list(jobs))
            if len(asked) <= 2:
                raise client_error("DescribeJobs", "TooManyRequestsException", status=429)
            done.set()
            return {"jobs": [detail(jobs[0], "SUCCEEDED")]}

    slept: list[float] = []
    api = BatchApi(Client(), sleep=slept.append)
    plan = PollPlan(0.01, 0.01, 300)
    poller = JobPoller(partial(api.describe, gives_way=True), plan)
    box: Mailbox[Any] = Mailbox(Order.HEARD)
    with poller.watch("a", box):
        assert done.wait(60)
        assert box.get(60) is not None
    assert plan.stretch == pytest.approx(4 * plan.RECOVERY)
    assert slept == []
    assert caplog.text == ""


class Arrays:
    """An account with arrays that a plan asks about; tells how many ids that took."""

    def __init__(self, plan: PollPlan, *sizes: int) -> None:
        self.plan, self.now = plan, 0.0
        self.states = {f"p{number}:{index}": "RUNNABLE" for number, size in enumerate(sizes) for index in range(size)}
        self.boxes = watch(plan, *self.states)
        self.tell_counts = True

    def answer(self, job_id: str) -> Job:
        if job_id in self.states:
            return job(job_id, self.states[job_id])
        counts = Counter(state for child, state in self.states.items() if child.startswith(f"{job_id}:"))
        told = dict(counts) if self.tell_counts else {"RUNNABLE": 1}
        return job(job_id, "PENDING", arrayProperties={"size": 9, "statusSummary": told})

    def round(self, seconds: float = 1.0) -> list[str]:
        self.now += seconds
        asked = self.plan.next_ids()
        self.plan.observe(asked, [self.answer(job_id) for job_id in asked], self.now)
        return asked

    def settle(self) -> None:
        """Ask until all that is to be known is."""
        assert any(set(self.round()) == {"p0", "p1"} and self.round() == ["p0", "p1"] for _ in range(20))


def test_arrays_are_asked_about_by_their_parents_while_nothing_changes(plan: PollPlan) -> None:
    arrays = Arrays(plan, 150, 250)
    arrays.settle()
    for box in arrays.boxes.values():
        assert len(news(box)) == 1
    arrays.states["p1:7"] = "RUNNING"
    assert arrays.round() == ["p0", "p1"]
    assert plan.delay(0, 0) == 0.25, "their children are due"
    asked = [job_id for _ in range(4) for job_id in arrays.round()]
    assert {job_id for job_id in asked if ":" in job_id} == {job_id for job_id in arrays.states if job_id[1] == "1"}
    assert [item.job.status for item in news(arrays.boxes["p1:7"])] == ["RUNNING"]


def test_children_are_looked_at_now_and_then_whatever_their_parent_tells(plan: PollPlan) -> None:
    arrays = Arrays(plan, 150, 250)
    arrays.tell_counts = False
    arrays.settle()
    arrays.states["p0:3"] = "SUCCEEDED"
    for _ in range(75):
        arrays.round()
    assert news(arrays.boxes["p0:3"])[-1].job.status == "SUCCEEDED"


def test_what_fits_into_one_request_is_asked_about_child_by_child(plan: PollPlan) -> None:
    arrays = Arrays(plan, 40, 60)
    for _ in range(5):
        assert sorted(arrays.round()) == sorted(arrays.states)


def test_quiet_arrays_take_no_more_requests_than_their_parents(plan: PollPlan) -> None:
    arrays = Arrays(plan, 150, 250)
    for _ in range(40):
        arrays.round()
    assert plan.delay(0, 0) == plan.period_max, "one request in a sweep"


def test_nobody_asks_about_an_array_of_which_no_child_is_watched(plan: PollPlan) -> None:
    arrays = Arrays(plan, 150, 250)
    arrays.settle()
    for job_id in [job_id for job_id in arrays.states if job_id.startswith("p0:")]:
        del plan.watched[job_id]
    assert arrays.round() == ["p1"]


def test_a_parent_that_aws_does_not_tell_of_keeps_no_child_from_being_asked_about(plan: PollPlan) -> None:
    arrays = Arrays(plan, 150, 250)
    arrays.settle()
    plan.observe(["p0"], [], arrays.now)
    assert all(job_id.startswith(("p0:", "p1")) for job_id in arrays.round())


def test_a_job_that_nobody_watches_any_more(plan: PollPlan) -> None:
    watch(plan, "a")
    ids = plan.next_ids()
    plan.watched.clear()
    plan.observe(ids, [job("a")], 1)


class Source:
    """Answers of DescribeJobs, with failures on demand."""

    def __init__(self) -> None:
        self.failures = 0
        self.asked: list[Sequence[str]] = []
        self.done = threading.Event()

    def __call__(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        self.asked.append(ids)
        if self.failures:
            self.failures -= 1
            raise AwsError("no", code="AccessDeniedException")
        return [job(job_id, "SUCCEEDED") for job_id in ids]


def test_the_thread_tells_and_survives_failures() -> None:
    source = Source()
    source.failures = 3
    poller = JobPoller(source, PollPlan(0.01, 0.02, 300))
    box: Mailbox[Any] = Mailbox(Order.HEARD)
    with poller.watch("a", box):
        item = box.get(10)
    assert isinstance(item, Seen)
    assert len(source.asked) >= 4
    with poller.watch("b", box):
        item = box.get(10)
    assert item.job.job_id == "b"


def test_the_thread_survives_whatever_it_meets(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    met: list[Any] = [
        ValueError("odd\nSECRET"),
        [{}],
        [{"jobId": "a"}],
        TypeError(),
        None,
        AwsError("no", code="x"),
    ]

    def describe(ids: Sequence[str]) -> Any:
        nonlocal now
        now += 25
        if not met:
            return [job(job_id, "SUCCEEDED") for job_id in ids]
        item = met.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    poller = JobPoller(describe, PollPlan(0, 0, 300), clock=lambda: now)
    box: Mailbox[Any] = Mailbox(Order.HEARD)
    with poller.watch("a", box):
        item = box.get(10)
    assert item.job.status == "SUCCEEDED"
    with poller.watch("b", box):
        assert box.get(10)
    assert [record.message for record in caplog.records] == [
        "cannot ask AWS Batch about 1 jobs for 0 s, trying on: ValueError: odd",
        "cannot ask AWS Batch about 1 jobs for 75 s, trying on: TypeError",
        "AWS Batch answers again, after 150 s",
    ]


def test_the_thread_survives_a_portal_and_a_moody_credential_process(portal: Any, credential_process: Any) -> None:
    portal(b"<html></html>", json.dumps({"jobs": [detail("a", "SUCCEEDED")]}).encode())
    credential_process(None, "", "garbage")
    api = BatchApi(connect(None), 1)
    poller = JobPoller(api.describe, PollPlan(0, 0, 300))
    box: Mailbox[Any] = Mailbox(Order.HEARD)
    with poller.watch("a", box):
        item = box.get(30)
    assert item.job.status == "SUCCEEDED"


def test_a_page_that_fails_keeps_no_other_waiting(plan: PollPlan) -> None:
    watch(plan, *map(str, range(150)))
    first = plan.next_ids()
    plan.postpone(first, 1)
    assert not set(plan.next_ids()[:50]) & set(first)


def test_a_thread_that_can_not_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    poller = JobPoller(Source(), PollPlan(0.01, 0.02, 300))
    box: Mailbox[Any] = Mailbox(Order.HEARD)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError), poller.watch("a", box):
            pass
    with poller.watch("b", box):
        item = box.get(10)
    assert item.job.job_id == "b"


def no_thread(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
