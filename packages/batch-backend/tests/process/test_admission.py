"""Few tasks compute at a time, and none waits for ever."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from WDL.runtime import config

from miniwdl_aws_batch_backend.process.admission import ADMISSION, AT_ONCE, Admission, Order, admit_tasks
from miniwdl_aws_batch_backend.process.batch_api import BatchApi
from miniwdl_aws_batch_backend.process.termination import Mailbox
from miniwdl_aws_hooks import hookimpl

A_WHILE = 0.2
"""Seconds in which a thread that nobody holds up has long gone on."""
SCATTER = """
version 1.1
workflow w { scatter (i in range(12)) { call t } }
task t { command { true } }
"""


class Task:
    """A thread that is admitted, and stays until it may leave."""

    def __init__(self, admission: Admission, order: Order = Order.SUBMITS) -> None:
        self._admission = admission
        self._order = order
        self._may_leave = threading.Event()
        self._entered = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._admission.enter(self._order)
        self._entered.set()
        self._may_leave.wait(20)
        self._admission.leave()

    def is_inside(self, within: float = 20) -> bool:
        return self._entered.wait(within)

    def leave(self, *others: Task) -> None:
        for task in (self, *others):
            task._may_leave.set()
        for task in (self, *others):
            task._thread.join(20)
            assert not task._thread.is_alive()


def test_who_comes_late_waits_until_somebody_leaves() -> None:
    admission = Admission(at_once=2, patience=60)
    first, second = Task(admission), Task(admission)
    assert first.is_inside()
    assert second.is_inside()
    third = Task(admission)
    assert not third.is_inside(A_WHILE)
    second.leave()
    assert third.is_inside()
    fourth = Task(admission)
    assert not fourth.is_inside(A_WHILE)
    first.leave(third)
    assert fourth.is_inside()
    fourth.leave()


def test_they_come_in_their_order() -> None:
    admission = Admission(at_once=1, patience=60)
    inside = Task(admission)
    assert inside.is_inside()
    waiting = {}
    for name, order in (("c", Order.HEARD), ("b1", Order.SUBMITS), ("a", Order.LEADS), ("b2", Order.SUBMITS)):
        waiting[name] = Task(admission, order)
        assert not waiting[name].is_inside(A_WHILE / 4)
    for _, task in sorted(waiting.items()):
        inside.leave()
        assert task.is_inside()
        inside = task
    inside.leave()


def test_nobody_waits_for_ever_for_those_who_stay() -> None:
    admission = Admission(at_once=1, patience=0.01)
    stays, impatient = Task(admission), Task(admission)
    assert stays.is_inside()
    assert impatient.is_inside()
    admission.patience = 60
    late = Task(admission)
    assert not late.is_inside(A_WHILE)
    impatient.leave()
    assert not late.is_inside(A_WHILE), "who lost patience has no place to hand on"
    stays.leave()
    assert late.is_inside()
    late.leave()


def test_a_task_within_a_task_needs_no_place() -> None:
    admission = Admission(at_once=1, patience=60)
    with admission.admitted():
        with admission.admitted():
            pass
        assert admission.is_inside()
    assert not admission.is_inside()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: admission.enter() or admission.is_inside()).result(20)


def test_a_thread_that_never_entered_waits_for_news_as_well() -> None:
    admission = Admission(at_once=1, patience=60)
    box: Mailbox[int] = Mailbox(Order.HEARD, admission)
    assert box.get(0) is None
    assert not admission.is_inside()


def test_who_waits_for_news_lets_another_one_in() -> None:
    admission = Admission(at_once=1, patience=60)
    box: Mailbox[str] = Mailbox(Order.HEARD, admission)

    def waits() -> tuple[str | None, bool]:
        with admission.admitted():
            return box.get(20), admission.is_inside()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(waits)
        other = Task(admission)
        assert other.is_inside()
        box.put("news")
        assert not waiting.done()
        other.leave()
        assert waiting.result(20) == ("news", True)


def test_who_is_to_stop_its_job_does_not_wait_for_others() -> None:
    admission = Admission(at_once=1, patience=60)
    box: Mailbox[str] = Mailbox(Order.HEARD, admission)

    def waits() -> str | None:
        with admission.admitted():
            return box.get(20)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(waits)
        other = Task(admission)
        assert other.is_inside()
        box.wake()
        assert waiting.result(20) is None
    other.leave()


def test_who_waits_for_an_answer_of_aws_lets_others_in_and_comes_before_those_who_wait() -> None:
    api = BatchApi(SimpleNamespace(deregister_job_definition=lambda **_: {"inside": ADMISSION.is_inside()}))
    with ADMISSION.admitted():
        for ask in (api.call_once, api.call):
            assert ask("deregister_job_definition") == {"inside": False}
            assert ADMISSION.is_inside()
    assert api.call("deregister_job_definition") == {"inside": False}
    assert not ADMISSION.is_inside()

    with ADMISSION.admitted():
        with pytest.raises(KeyError), ADMISSION.outside():
            raise KeyError
        assert not ADMISSION.is_inside(), "who has failed has little left to do"

    admission = Admission(at_once=1, patience=0.01)
    with admission.admitted():
        with admission.outside():
            inside = Task(admission)
            assert inside.is_inside()
            admission.patience = 60
            later = [Task(admission) for _ in range(5)]
            assert not later[0].is_inside(A_WHILE)
            admission.patience = 0.01
        assert admission.is_inside(), "though one who is inside may wait for it"
    inside.leave(*later)


def plugged_in(backend: str) -> Any:
    cfg = config.Loader(logging.getLogger(), overrides={"scheduler": {"container_backend": backend}})
    plugin: Any = admit_tasks
    return plugin(cfg, logging.getLogger(), ["w", "call-t"], "/run", None, inputs=1)


@pytest.mark.parametrize(("backend", "inside"), [("aws_batch", True), ("docker_swarm", False)])
def test_a_task_is_inside_as_long_as_miniwdl_works_for_it(backend: str, inside: bool) -> None:
    steps = plugged_in(backend)
    assert next(steps) == {"inputs": 1}
    assert ADMISSION.is_inside() is inside
    assert steps.send({"command": "c"}) == {"command": "c"}
    assert steps.send({"outputs": "o"}) == {"outputs": "o"}
    assert ADMISSION.is_inside() is inside
    steps.close()
    assert not ADMISSION.is_inside()


class Watching:
    """Notes for each change of a job whether its task's thread is inside."""

    def __init__(self) -> None:
        self.inside: list[bool] = []

    @hookimpl
    def miniwdl_aws_job_changed(self, change: Any) -> None:
        self.inside.append(ADMISSION.is_inside())


def test_all_tasks_of_a_run_compute_inside_and_leave(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Watching()
    run.manager.register(watching)
    monkeypatch.setattr(ADMISSION, "patience", 60)
    run(SCATTER)
    assert watching.inside
    assert all(watching.inside)
    tasks = [Task(ADMISSION) for _ in range(AT_ONCE)]
    assert all(task.is_inside() for task in tasks)
    for task in tasks:
        task.leave()
