from collections.abc import Mapping
from typing import Any

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_submit_cli.errors import LostContactError, RefusedError
from miniwdl_aws_submit_cli.watch.watcher import Watcher

Answer = Mapping[str, Any] | Exception | None


class Time:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


def watcher(time: Time, *answers: Answer, patience: float = 60) -> Watcher:
    """Give each answer once, then the last one for ever."""
    remaining = list(answers)

    def describe(ids: list[str]) -> dict[str, Job]:
        answer = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if isinstance(answer, Exception):
            raise answer
        return {ids[0]: Job.of({"jobId": ids[0], **answer})} if answer else {}

    return Watcher(describe, "j", clock=lambda: time.now, sleep=time.sleep, patience=patience)


def finish(found: Watcher) -> tuple[Job, list[str]]:
    seen: list[str] = []
    return found.look_until(on_change=lambda state: seen.append(state.status)), seen


DONE = {"status": "SUCCEEDED", "container": {"exitCode": 0, "logStreamName": "s"}}


def test_each_state_is_told_once() -> None:
    state, seen = finish(watcher(Time(), None, {"status": "RUNNABLE"}, {"status": "RUNNABLE"}, DONE))
    assert seen == ["RUNNABLE", "SUCCEEDED"]
    assert (state.exit_code, state.stream and state.stream.name) == (0, "s")


def test_a_condition_ends_the_wait() -> None:
    running = {"status": "RUNNING", "container": {"logStreamName": "s"}}
    found = watcher(Time(), {"status": "STARTING"}, running, DONE)
    assert found.look_until(lambda state: state.stream is not None).status == "RUNNING"


def test_it_asks_more_rarely_while_nothing_changes() -> None:
    time = Time()
    finish(watcher(time, *[{"status": "RUNNING"}] * 20, DONE))
    assert time.naps[0] == 1
    assert max(time.naps) == 5
    assert time.naps == sorted(time.naps)


def test_a_fresh_answer_is_not_asked_for_again() -> None:
    time = Time()
    found = watcher(time, {"status": "RUNNING"}, DONE)
    assert found.look().status == found.look().status == "RUNNING"
    time.sleep(2)
    assert found.look().ended


def test_trouble_that_passes_is_borne() -> None:
    trouble = RefusedError("slow down", retryable=True)
    state, _seen = finish(watcher(Time(), {"status": "RUNNING"}, trouble, None, trouble, DONE))
    assert state.status == "SUCCEEDED"


@pytest.mark.parametrize("answer", [None, RefusedError("no network", retryable=True)])
def test_contact_is_lost_after_a_while(answer: Answer) -> None:
    time = Time()
    with pytest.raises(LostContactError, match="lost contact with job j for 1 minutes"):
        finish(watcher(time, {"status": "RUNNING"}, answer))
    assert 60 <= time.now < 70


def test_contact_is_lost_at_once_when_credentials_are_refused() -> None:
    time = Time()
    with pytest.raises(LostContactError, match="expired") as caught:
        finish(watcher(time, {"status": "RUNNING"}, RefusedError("expired", hint="log in", retryable=False)))
    assert caught.value.hint == "log in"
    assert time.now < 5
