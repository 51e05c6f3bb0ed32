from __future__ import annotations

import pytest

from miniwdl_aws_batch_backend.rate import SelfTuningRate


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.stop = False

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.now += seconds
        return self.stop


@pytest.fixture
def time() -> Time:
    return Time()


def test_the_rate_holds_in_the_long_run(time: Time) -> None:
    rate = SelfTuningRate(50, time)
    started = time.now
    for _ in range(500):
        assert rate.acquire(time.pause)
    assert 500 / (time.now - started + rate.BURST / 50) <= 51


def test_a_burst_after_a_pause_is_limited(time: Time) -> None:
    rate = SelfTuningRate(50, time)
    time.now += 3600
    started = time.now
    for _ in range(rate.BURST + 50):
        rate.acquire(time.pause)
    assert time.now - started == pytest.approx(1.0, abs=0.03)


def test_a_throttle_halves_and_successes_restore(time: Time) -> None:
    rate = SelfTuningRate(50, time)
    rate.throttled()
    assert rate.rate == 25
    for _ in range(25):
        rate.succeeded()
    assert rate.rate == 50


def test_throttles_in_flight_together_count_once(time: Time) -> None:
    rate = SelfTuningRate(50, time)
    for _ in range(10):
        rate.throttled()
    assert rate.rate == 25
    time.now += 1.5
    rate.throttled()
    assert rate.rate == 12.5


def test_it_never_stops_altogether(time: Time) -> None:
    rate = SelfTuningRate(50, time)
    for _ in range(100):
        time.now += 2
        rate.throttled()
    assert rate.rate == rate.MIN_RATE


def test_a_throttle_delays_the_next_request(time: Time) -> None:
    rate = SelfTuningRate(50, time)
    rate.throttled()
    started = time.now
    rate.acquire(time.pause)
    assert time.now - started == pytest.approx(1 / 25)


def test_giving_up(time: Time) -> None:
    rate = SelfTuningRate(1, time)
    time.stop = True
    assert not all(rate.acquire(time.pause) for _ in range(20))
