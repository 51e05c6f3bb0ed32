from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.aws.backoff import Backoff


def test_pauses_grow_up_to_the_longest() -> None:
    assert [Backoff(10, 300, 3).pause(number, 1) for number in range(1, 7)] == [10, 30, 90, 270, 300, 300]
    assert [Backoff(0.5, 10).pause(number, 0) for number in range(1, 7)] == [0.25, 0.5, 1, 2, 4, 5]


def test_without_growth_they_stay() -> None:
    assert Backoff(7, 300, 1).pause(50, 1) == 7


@given(
    backoff=st.builds(Backoff, st.floats(0, 3600), st.floats(0, 3600), st.floats(1, 10)),
    number=st.integers(1, 10**6),
    chance=st.floats(0, 1),
)
def test_no_pause_is_longer_than_the_longest_or_shorter_than_half_of_it_by_chance(backoff, number, chance) -> None:
    pause = backoff.pause(number, chance)
    assert 0 <= pause <= backoff.longest
    assert backoff.pause(number, 0) <= pause <= backoff.pause(number, 1)
    assert backoff.pause(number, 1) <= backoff.pause(number + 1, 1)
