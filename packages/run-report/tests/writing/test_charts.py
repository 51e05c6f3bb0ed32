from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miniwdl_aws_core.records.usage import UsagePoint
from miniwdl_aws_run_report.writing.charts import COLUMNS, LETTERS, chart

MIB = 1 << 20
WHOLE = st.integers(0, 10**18)
POINTS = st.lists(st.builds(UsagePoint, seconds=WHOLE.map(float), memory=WHOLE, cpu_seconds=st.floats(0, 1e12)))


def test_one_column_a_sample_where_they_are_few() -> None:
    points = [UsagePoint(10.0, 0, 5.0), UsagePoint(20.0, 63 * MIB, 25.0), UsagePoint(30.0, 21 * MIB, 25.0)]
    assert chart(points) == [30, 63, "A/V", 2.0, "Q/A"]


def test_a_short_peak_is_still_there_among_many() -> None:
    points = [UsagePoint(float(at), MIB * (630 if at == 777 else 10), at * 0.5) for at in range(1, 2001)]
    seconds, memory, held, cores, busy = chart(points) or []
    assert (seconds, memory, cores) == (2000, 630, 0.5)
    assert held == "B" * 18 + "/" + "B" * 29
    assert busy == "/" * COLUMNS


def test_what_lies_between_samples_is_drawn_between_them() -> None:
    apart = [
        UsagePoint(1.0, MIB, 1.0),
        UsagePoint(2.0, MIB, 2.0),
        UsagePoint(3.0, MIB, 3.0),
        UsagePoint(40.0, MIB, 40.0),
    ]
    assert chart(apart) == [40, 1, "////", 1.0, "////"]


@pytest.mark.parametrize("points", [[], [UsagePoint(1.0, 1, 1.0)], [UsagePoint(9.0, 1, 1.0), UsagePoint(3.0, 1, 1.0)]])
def test_nothing_is_drawn_without_two_samples(points: list[UsagePoint]) -> None:
    assert chart(points) is None


@example([UsagePoint(1.0, 0, 2.3e-308), UsagePoint(2.0, 0, 0.0)])
@given(POINTS)
def test_whatever_a_task_leaves_makes_a_chart_or_none(points: list[UsagePoint]) -> None:
    drawn = chart(points)
    if drawn is not None:
        json.dumps(drawn, allow_nan=False)
        assert 2 <= len(drawn[2]) == len(drawn[4]) <= COLUMNS
        assert set(drawn[2] + drawn[4]) <= set(LETTERS)
