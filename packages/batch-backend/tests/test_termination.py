from __future__ import annotations

import threading
import time

from miniwdl_aws_batch_backend.termination import Mailbox, TerminationWatch


def test_news_and_no_news() -> None:
    box: Mailbox[int] = Mailbox()
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
    box: Mailbox[int] = Mailbox()
    with watch.waking(box, lambda: True):
        box.put(7)
        assert 7 in (box.get(5), box.get(5))
