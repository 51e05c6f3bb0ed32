from __future__ import annotations

import json
from dataclasses import replace

from miniwdl_aws_run_report.model import Call, Run, State, Try, TryEnd, Used
from miniwdl_aws_run_report.writing.comparison import compare, compare_document, compare_page


def run_of(name: str, seconds: float, task: str = "sort", cost: float | None = None) -> Run:
    used = Used(peak_memory=2 << 30)
    item = Try(1, TryEnd.SUCCEEDED, 0, 0, 10, 10 + seconds, vcpus=2, memory=1024, cost=cost, used=used)
    call = Call("call-x", task, State.SUCCEEDED, (item,))
    return Run(name, "align", State.SUCCEEDED, (call,), 0, 20 + seconds)


def cells(lines: list[str], name: str) -> list[str]:
    (line,) = [line for line in lines if line.startswith(f"{name}  ")]
    return line.removeprefix(name).split()


def test_how_much_more_or_less_the_second_one_took() -> None:
    lines = compare(run_of("first", 3600, cost=0.5), run_of("second", 1800, cost=0.125))
    assert lines[0].split() == ["first", "second", "change"]
    assert cells(lines, "time") == ["1h00m", "30m20s", "-50", "%"]
    assert cells(lines, "sort: GiB-hours") == ["1.00", "0.50", "-50", "%"]
    assert cells(lines, "cost") == ["$0.5000", "$0.1250", "-75", "%"]
    assert cells(lines, "calls") == ["1", "1"]


def test_what_only_one_of_them_has() -> None:
    lines = compare(run_of("first", 10), run_of("second", 10, "align"))
    assert cells(lines, "sort: calls") == ["1", "-"]
    assert cells(lines, "align: calls") == ["-", "1"]
    assert (cells(lines, "sort: task"), cells(lines, "align: task")) == (["gone"], ["new"])


def test_what_neither_of_them_has_is_left_out() -> None:
    lines = compare(run_of("first", 10), run_of("second", 20))
    assert not [line for line in lines if line.startswith(("cached", "failed", "lost hosts", "cost", "sort: cost"))]
    assert cells(lines, "GiB-hours") == ["0.0028", "0.0056", "+100", "%"]


def test_for_programs() -> None:
    told = compare_document(run_of("first", 3600, cost=0.5), run_of("second", 1800, "align"))
    assert [run["name"] for run in told["runs"]] == ["first", "second"]
    assert told["figures"]["seconds"] == [3620, 1820]
    assert told["figures"]["peakMiB"] == [2048, 2048]
    assert {task: found["in"] for task, found in told["tasks"].items()} == {"sort": "gone", "align": "new"}
    assert told["tasks"]["sort"]["figures"]["cost"] == [0.5, None]
    json.dumps(told, allow_nan=False)


def test_the_page_shows_the_same_and_lets_nothing_run(failed_run: Run, hostile: str) -> None:
    other = replace(failed_run, calls=(replace(failed_run.calls[0], task=hostile),))
    page = compare_page(failed_run, other)
    assert "script-src 'none'" in page
    assert "<script" not in page
    assert "<img" not in page
    rows = page.count('<tr><th scope="row">')
    assert rows == len(compare(failed_run, other)) - 1


def test_names_of_runs_stay_on_their_line(failed_run: Run, hostile: str) -> None:
    assert all("\x1b" not in line for line in compare(failed_run, replace(failed_run, name=hostile)))
