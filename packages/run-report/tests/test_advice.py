from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.hosts.environments import placeable
from miniwdl_aws_run_report.advice import MIB, advise, input_name, overrides
from miniwdl_aws_run_report.model import Call, Run, State, Try, TryEnd, Used
from miniwdl_aws_run_report.words import biggest_saving, resized


def one(
    peak: float | None, memory: int = 8000, end: TryEnd = TryEnd.SUCCEEDED, cores: float = 4, **fields: object
) -> Try:
    used = Used(None if peak is None else int(peak * MIB), cpu_seconds=cores * 3600, wall=3600)
    item = Try(1, end, 0, 0, 0, 3600, vcpus=4, memory=memory, used=used)
    return replace(item, **fields)  # type: ignore[arg-type]


def run_of(*tries: Try, path: str = "call-sort-3-NA12878") -> Run:
    return Run("r", "align", State.SUCCEEDED, (Call(path, "sort", State.SUCCEEDED, tries),))


def test_memory_is_the_highest_peak_and_a_fifth() -> None:
    (advice,) = advise([run_of(one(1000), one(2000)), run_of(one(1500))])
    assert (advice.memory, advice.peak, advice.suggested_memory, advice.measured) == (8000, 2000, 2420, 3)
    assert advice.saved_gib_hours == pytest.approx(3 * (8000 - 2420) / 1024)
    # The task backend asks AWS Batch for a little less than the task says.
    assert overrides([advice], "align") == {"align.sort.runtime.memory": "2816 MiB"}
    assert placeable(2816) == 2420


def test_what_was_held_without_caches_is_told_and_lowers_nothing() -> None:
    held = [
        replace(item, used=replace(item.used, held_memory=mib * MIB))
        for item, mib in ((one(7900), 700), (one(7000), 900))
    ]
    (advice,) = advise([run_of(*held, one(5000))])
    assert (advice.peak, advice.held, advice.mostly_caches, advice.changes) == (7900, 900, True, False)
    (less,) = advise([run_of(one(7900))])
    assert (less.held, less.mostly_caches) == (None, False)


@given(st.lists(st.floats(1, 7999), min_size=1), st.lists(st.integers(300, 8000)))
def test_never_below_what_was_seen_nor_where_it_ran_out(peaks: list[float], lacking: list[int]) -> None:
    tries = [*(one(peak) for peak in peaks), *(one(None, lack, TryEnd.OUT_OF_MEMORY) for lack in lacking)]
    (advice,) = advise([run_of(*tries)])
    assert advice.suggested_memory >= max(peaks)
    assert all(advice.suggested_memory > lack for lack in lacking)
    assert advice.suggested_vcpus == 4


def test_what_ran_out_of_memory_gets_more_than_it_had() -> None:
    (advice,) = advise([run_of(one(8000, 8000, TryEnd.OUT_OF_MEMORY), one(8100, 16000))])
    assert advice.suggested_memory == 12026
    assert advice.suggested_memory > 8000


def test_hardly_less_is_no_change() -> None:
    (advice,) = advise([run_of(one(7000))])
    assert not advice.changes
    assert overrides([advice], "align") == {}


@pytest.mark.parametrize(("cores", "wanted"), [(0.5, 1), (1.0, 1), (1.05, 2), (1.9, 2), (2.0, 4), (3.9, 4), (8, 4)])
def test_processors(cores: float, wanted: float) -> None:
    (advice,) = advise([run_of(one(7900, cores=cores))])
    assert advice.suggested_vcpus == wanted


def test_cost_follows_the_larger_share_of_the_instance() -> None:
    host = {"instance_vcpus": 16, "instance_memory": 16000, "cost": 1.0}
    (advice,) = advise([run_of(one(1000, **host))])
    assert advice.saved_cost == pytest.approx(1 - (4 / 16) / (8000 / 16000))


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (one(1000), "sort would do with 1204 MiB instead of 8000, and save 6.64 GiB-hours"),
        (one(7900, cores=1.5), "sort would do with 2 vCPUs instead of 4, and save 2.00 vCPU-hours"),
        (
            one(1000, cores=1.5, instance_vcpus=8, instance_memory=32000, cost=1.0),
            "sort would do with 1204 MiB instead of 8000 and 2 vCPUs instead of 4, and save $0.5000",
        ),
        (one(1000, instance_vcpus=8, instance_memory=32000, cost=1.0), ""),  # the vCPUs are what it pays for
        (one(8000, 8000, TryEnd.OUT_OF_MEMORY), ""),
        (one(1000, stopped=4), ""),  # not worth a word
    ],
)
def test_the_biggest_saving_is_named_with_all_that_it_takes(item: Try, words: str) -> None:
    assert biggest_saving(advise([run_of(item)])) == words


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (one(1000), "sort: 1204 MiB instead of 8000 (peak 1000), saves 6.64 GiB-hours"),
        (one(7900, cores=1), "sort: 1 vCPU instead of 4, saves 3.00 vCPU-hours"),
        (one(8000, 8000, TryEnd.OUT_OF_MEMORY), "sort: 12026 MiB instead of 8000 (peak 8000)"),
    ],
)
def test_what_is_changed_is_said(item: Try, words: str) -> None:
    (advice,) = advise([run_of(item)])
    assert resized(advice) == words


def test_nothing_is_said_of_what_nobody_measured() -> None:
    assert advise([run_of(one(None))]) == []
    assert advise([Run("r", "align", State.SUCCEEDED)]) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [("call-sort", "sort"), ("call-sort-3-NA-1.x", "sort"), ("call-sub-1/call-sort-2", "sub.sort"), ("", "")],
)
def test_inputs_name_calls_and_not_shards(path: str, name: str) -> None:
    assert input_name(path) == name


def test_a_single_task_has_its_own_name_alone() -> None:
    advice = advise([run_of(one(1000, cores=1), path="")])
    assert overrides(advice, "sort") == {"sort.runtime.memory": "1536 MiB", "sort.runtime.cpu": 1}
