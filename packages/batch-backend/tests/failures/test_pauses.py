from __future__ import annotations

import pytest

from miniwdl_aws_batch_backend.failures.pauses import Pauses
from miniwdl_aws_hooks import FailureClass, FailurePolicy, FailureVerdict

C, P = FailureClass, FailurePolicy


def verdict(failure_class: FailureClass, policy: FailurePolicy = P.INFRASTRUCTURE) -> FailureVerdict:
    return FailureVerdict(failure_class, policy, "why")


def after(pauses: Pauses, *verdicts: FailureVerdict) -> list[float]:
    seconds = []
    for item in verdicts:
        pauses.failed(item)
        seconds.append(pauses.seconds)
    return seconds


@pytest.mark.parametrize(
    ("failure_class", "seconds"),
    [
        (C.IMAGE_TRANSIENT, [10, 30, 90, 270, 300, 300]),
        (C.CONTAINER_START, [10, 20, 40, 80, 160, 300]),
        (C.UNKNOWN, [10, 20, 40, 80, 160, 300]),
        (C.JOB_VANISHED, [10] * 6),
    ],
)
def test_pauses_grow_with_what_may_pass(failure_class: FailureClass, seconds: list[float]) -> None:
    assert after(Pauses(10, lambda: 1), *[verdict(failure_class)] * 6) == seconds


def test_chance_keeps_tasks_apart() -> None:
    chances = iter([0.0, 0.5])
    assert after(Pauses(10, lambda: next(chances)), *[verdict(C.IMAGE_TRANSIENT)] * 2) == [5, 22.5]


def test_what_does_not_pass_is_not_waited_for() -> None:
    pauses = Pauses(10, lambda: 1)
    assert pauses.seconds == 10
    seconds = after(
        pauses, verdict(C.UNKNOWN), verdict(C.UNKNOWN), verdict(C.TOOL_ERROR, P.RETRY), verdict(C.UNKNOWN),
        verdict(C.HOST_LOST, P.INTERRUPTED),
    )  # fmt: skip
    assert seconds == [10, 20, 10, 10, 10]


@pytest.mark.parametrize(("first", "seconds"), [(0, [0, 0]), (600, [600, 600])])
def test_no_pause_and_a_long_one(first: float, seconds: list[float]) -> None:
    assert after(Pauses(first, lambda: 1), *[verdict(C.UNKNOWN)] * 2) == seconds
