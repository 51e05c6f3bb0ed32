from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from miniwdl_aws_run_report.writing.trace import COLUMNS, write_trace

if TYPE_CHECKING:
    from miniwdl_aws_run_report.model import Run


def rows(run: Run) -> list[dict[str, str]]:
    heads, *lines = [line.split("\t") for line in write_trace(run)]
    assert heads == [column.name for column in COLUMNS]
    assert {len(line) for line in lines} == {len(heads)}
    return [dict(zip(heads, line, strict=True)) for line in lines]


def test_a_line_for_each_try(failed_run: Run) -> None:
    first, second = rows(failed_run)
    assert (first["task_id"], first["process"], first["name"], first["attempt"]) == ("1", "align", "call-align-0", "1")
    assert (first["status"], first["exit"], first["realtime"], first["duration"]) == ("FAILED", "-", "52000", "60000")
    assert (second["attempt"], second["exit"], second["failure_class"], second["market"]) == (
        "2", "3", "tool-error", "-",
    )  # fmt: skip
    assert first["market"] == "spot"


def test_what_shows_nothing_is_a_dash(failed_run: Run) -> None:
    (call, *_) = failed_run.calls
    odd = replace(call, tries=(replace(call.tries[0], queue="\x1b[0m", image="a\tb"),))
    (row,) = rows(replace(failed_run, calls=(odd,)))
    assert (row["queue"], row["container"]) == ("-", "a b")


def test_cached_calls_have_one_too(large_run: Run) -> None:
    cached = [row for row in rows(large_run) if row["status"] == "CACHED"]
    assert len(cached) > 100
    assert {(row["attempt"], row["start"]) for row in cached} == {("0", "-")}
