import pytest

from miniwdl_aws_cwlogs.budget import Budget


def spent(budget, clock, requests):
    start = clock()
    for _ in range(requests):
        budget.acquire()
    return clock() - start


def test_a_burst_is_free_then_the_rate_holds(clock):
    budget = Budget(5, clock=clock, sleep=clock.sleep)
    assert spent(budget, clock, 5) == pytest.approx(0, abs=1e-6)
    assert spent(budget, clock, 50) == pytest.approx(10)


def test_a_pause_gives_the_burst_back_but_no_more(clock):
    budget = Budget(5, clock=clock, sleep=clock.sleep)
    spent(budget, clock, 5)
    clock.sleep(3600)
    assert spent(budget, clock, 5) == pytest.approx(0, abs=1e-6)
    assert spent(budget, clock, 1) == pytest.approx(0.2)


def test_throttling_halves_the_rate_and_pauses(clock):
    budget = Budget(8, clock=clock, sleep=clock.sleep)
    budget.throttled()
    assert budget.rate == 4
    assert spent(budget, clock, 1) > 0
    assert spent(budget, clock, 40) == pytest.approx(10)


def test_the_rate_never_falls_to_nothing(clock):
    budget = Budget(8, clock=clock, sleep=clock.sleep)
    for _ in range(100):
        budget.throttled()
    assert budget.rate == pytest.approx(0.4)


def test_answers_bring_the_rate_back(clock):
    budget = Budget(10, clock=clock, sleep=clock.sleep)
    budget.throttled()
    budget.answered()
    assert 5 < budget.rate < 6
    for _ in range(100):
        budget.answered()
    assert budget.rate == 10


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_must_be_positive(rate):
    with pytest.raises(ValueError, match="above 0"):
        Budget(rate)
