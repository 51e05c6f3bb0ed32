from __future__ import annotations

import threading
import time

import pytest

from miniwdl_aws_batch_backend.process.admission import Order
from miniwdl_aws_batch_backend.process.termination import Mailbox, TerminationWatch


def test_news_and_no_news() -> None:
    box: Mailbox[int] = Mailbox(Order.HEARD)
    box.put(1)
    assert box.get(0) == 1
    assert box.get(0) is None


def test_all_who_wait_are_woken_together() -> None:
    watch = TerminationWatch()
    flag = threading.Event()
    waiting = threading.Barrier(51)
    results: list[bool] = []

    def wait() -> None:
        waiting.wait()
        results.append(watch.pause(60, flag.is_set))

    threads = [threading.Thread(target=wait) for _ in range(50)]
    for thread in threads:
        thread.start()
    waiting.wait()
    started = time.monotonic()
    flag.set()
    for thread in threads:
        thread.join(20)
    assert results == [True] * 50
    assert time.monotonic() - started < 10


def test_a_pause_ends_by_itself() -> None:
    assert TerminationWatch().pause(0.01, lambda: False) is False


def test_no_pause_begins_when_it_is_over_already() -> None:
    assert TerminationWatch().pause(60, lambda: True) is True


def test_news_that_came_before_the_flag_is_kept() -> None:
    watch = TerminationWatch()
    box: Mailbox[int] = Mailbox(Order.HEARD)
    with watch.waking(box, lambda: True):
        box.put(7)
        assert 7 in (box.get(5), box.get(5))


def test_a_flag_that_fails_is_looked_at_again(caplog: pytest.LogCaptureFixture) -> None:
    watch = TerminationWatch()
    watch.PERIOD = 0.0
    looks: list[Exception | bool] = [OSError("odd"), OSError("odd"), True]

    def terminating() -> bool:
        found = looks.pop(0)
        if isinstance(found, Exception):
            raise found
        looks.append(True)
        return found

    box: Mailbox[int] = Mailbox(Order.HEARD)
    with watch.waking(box, terminating):
        assert box.get(10) is None
    assert looks == [True], "woken, not waited for in vain"
    assert caplog.text.count("cannot tell whether the run is being terminated") == 1


def test_a_watch_whose_thread_can_not_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    watch = TerminationWatch()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            watch.pause(60, lambda: False)
    box: Mailbox[int] = Mailbox(Order.HEARD)
    with watch.waking(box, lambda: True):
        box.get(10)
    assert box.woken
