from __future__ import annotations

import pytest

from miniwdl_aws_core.aws.rate import SelfTuningRate


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.stop = False

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> bool:
        assert seconds > 0
        self.now += seconds
        return self.stop

    def rate(self, highest: float, burst: float = 0.2, **more: float) -> SelfTuningRate:
        return SelfTuningRate(highest, burst=burst, clock=self, sleep=self.pause, **more)

    def spent(self, rate: SelfTuningRate, requests: int) -> float:
        started = self.now
        assert all(rate.acquire() for _ in range(requests))
        return self.now - started


@pytest.fixture
def time() -> Time:
    return Time()


def test_a_burst_is_free_then_the_rate_holds(time: Time) -> None:
    rate = time.rate(50)
    assert time.spent(rate, 10) == pytest.approx(0, abs=1e-6)
    assert time.spent(rate, 500) == pytest.approx(10)


def test_at_once_or_not_at_all(time: Time) -> None:
    rate = time.rate(50)
    before = time.now
    assert [rate.at_once() for _ in range(12)] == [True] * 10 + [False] * 2
    assert time.now == before
    time.now += 1 / 50
    assert [rate.at_once(), rate.at_once()] == [True, False]


def test_nobody_goes_before_those_who_wait(time: Time) -> None:
    rate = time.rate(50)
    time.spent(rate, 10)
    went: list[bool] = []

    def meanwhile(seconds: float) -> bool:
        time.now += seconds
        went.append(rate.at_once())
        return False

    assert rate.acquire(meanwhile)
    assert went == [False]


def test_a_pause_gives_the_burst_back_but_no_more(time: Time) -> None:
    rate = time.rate(50)
    time.spent(rate, 10)
    time.now += 3600
    assert time.spent(rate, 10) == pytest.approx(0, abs=1e-6)
    assert time.spent(rate, 50) == pytest.approx(1.0)


def test_a_burst_is_one_request_at_least(time: Time) -> None:
    rate = time.rate(0.5, burst=1.0)
    assert time.spent(rate, 1) == 0
    assert time.spent(rate, 1) == pytest.approx(2)


def test_a_throttle_halves_and_successes_restore(time: Time) -> None:
    rate = time.rate(50)
    rate.throttled()
    assert rate.rate == 25
    rate.succeeded()
    assert rate.rate == 26
    for _ in range(25):
        rate.succeeded()
    assert rate.rate == 50


def test_throttles_in_flight_together_count_once(time: Time) -> None:
    rate = time.rate(50)
    for _ in range(10):
        rate.throttled()
    assert rate.rate == 25
    time.now += 1.5
    rate.throttled()
    assert rate.rate == 12.5


@pytest.mark.parametrize(("more", "lowest"), [({}, 2.5), ({"lowest": 0.2}, 0.2), ({"lowest": 100}, 50)])
def test_it_never_stops_altogether(time: Time, more: dict[str, float], lowest: float) -> None:
    rate = time.rate(50, **more)
    for _ in range(100):
        time.now += 2
        rate.throttled()
    assert rate.rate == lowest


@pytest.mark.parametrize("highest", [50, 1])
def test_a_throttle_takes_the_burst_away(time: Time, highest: float) -> None:
    rate = time.rate(highest)
    rate.throttled()
    assert time.spent(rate, 1) == pytest.approx(2 / highest)


def test_a_rate_that_drops_holds_for_who_waits_already(time: Time) -> None:
    rate = time.rate(1)

    def pause(seconds: float) -> None:
        if rate.rate == 1:
            rate.throttled()
        time.now += seconds

    started = time.now
    rate.acquire(pause)
    rate.acquire(pause)
    assert time.now - started == pytest.approx(2)


def test_giving_up(time: Time) -> None:
    rate = time.rate(1)
    time.stop = True
    assert not all(rate.acquire(time.pause) for _ in range(20))


@pytest.mark.parametrize("highest", [0, -1])
def test_a_rate_must_be_positive(highest: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        SelfTuningRate(highest)
