from __future__ import annotations

from dataclasses import replace

import pytest

from miniwdl_aws_run_report.model import Call, Run, State, Try, TryEnd
from miniwdl_aws_run_report.totals import quantile, totals_of
from miniwdl_aws_run_report.words import biggest_saving, call_name, cost_notes, dollars, hours, outcome

DONE = Try(1, TryEnd.SUCCEEDED, 0, 5, 10, 3610, vcpus=2, memory=2048, cost=0.5)


def test_sums() -> None:
    lost = Try(1, TryEnd.HOST_LOST, 0, None, 100, 1900, vcpus=2, memory=1024)
    never = Try(1, TryEnd.FAILED, 0, None, None, 30)
    calls = [
        Call("call-a", "a", State.SUCCEEDED, (lost, DONE)),
        Call("call-b", "b", State.CACHED),
        Call("call-c", "c", State.FAILED, (never,)),
    ]
    totals = totals_of(calls)
    assert (totals.calls, totals.tries, totals.lost, totals.count(State.CACHED)) == (3, 3, 1, 1)
    assert (totals.waiting, totals.running, totals.in_vain) == (140, 5400, 1800)
    assert (totals.vcpu_hours, totals.gib_hours) == (3, 2.5)
    assert (totals.cost, totals.unpriced, totals.unknown) == (0.5, 1, 0)


def test_what_is_under_way_counts_until_now() -> None:
    call = Call("call-a", "a", State.RUNNING, (Try(1, TryEnd.UNDER_WAY, 0, None, 10, vcpus=1),))
    assert totals_of([call], 110).running == 100
    assert totals_of([call]).running == 0


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 2.5), (1, 4), (0.1, 1.3)])
def test_quantile(share: float, value: float) -> None:
    assert quantile([1, 2, 3, 4], share) == pytest.approx(value)


def test_words() -> None:
    assert call_name("call-sub-1/call-sort-3", "sort") == "sub-1/sort-3"
    assert call_name("", "sort") == "sort"
    assert [dollars(amount) for amount in (0, 0.00123, 12.345)] == ["$0.00", "$0.0012", "$12.35"]
    assert [hours(amount) for amount in (0, 0.00123, 12.345)] == ["0.00", "0.0012", "12.35"]
    assert biggest_saving([]) == ""


def test_the_outcome_tells_retries_from_lost_hosts() -> None:
    ends = TryEnd.HOST_LOST, TryEnd.OUT_OF_MEMORY, TryEnd.FAILED, TryEnd.FAILED
    tries = tuple(Try(number, end, 0, 0, 0, 1) for number, end in enumerate(ends, start=1))
    run = Run("r", "align", State.FAILED, (Call("call-a", "a", State.FAILED, tries),), 0, 75)
    expected = "align failed after 1m15s: 1 call, 1 failed, 1 lost host, 1 time out of memory, 2 retries."
    assert outcome(run, totals_of(run.calls)) == expected


def test_the_outcome_of_a_run_under_way() -> None:
    run = Run("r", "align", State.RUNNING, (Call("call-a", "a", State.RUNNING),), 10, read_at=85)
    assert outcome(run, totals_of(run.calls)) == "align has run for 1m15s: 1 call, 1 running."
    assert outcome(replace(run, began=None), totals_of(run.calls)) == "align is under way: 1 call, 1 running."


def test_what_the_cost_leaves_out_is_said() -> None:
    priced, unknown = totals_of([Call("", "a", State.SUCCEEDED, (DONE,))]), totals_of([])
    assert any("the file system" in note for note in cost_notes(priced))
    assert cost_notes(unknown) == []
