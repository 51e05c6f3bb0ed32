from datetime import UTC, timedelta, timezone

import pytest

from miniwdl_aws_core.log_lines import read_line

CHANGE = (
    "2026-11-25 16:42:22.340 wdl.w:top.w:call-sub-1.t:call-t-1 NOTICE AWS Batch job change :: "
    'status: "SUCCEEDED", jobId: "a77a", logStreamName: "d/default/717e"'
)


def test_text() -> None:
    line = read_line(CHANGE)
    assert line is not None
    assert (line.source, line.level, line.message) == (
        "wdl.w:top.w:call-sub-1.t:call-t-1", "NOTICE", "AWS Batch job change",
    )  # fmt: skip
    assert line.fields == {"status": "SUCCEEDED", "jobId": "a77a", "logStreamName": "d/default/717e"}
    assert line.is_task
    assert line.call == "call-sub-1/call-t-1"


def test_json_says_the_same() -> None:
    text = (
        '{"level": "NOTICE", "message": "AWS Batch job change", "status": "SUCCEEDED", "timestamp": 1.5,'
        ' "source": "wdl.w:top.t:call-t", "levelno": 25}'
    )
    line = read_line(text)
    assert line is not None
    assert (line.message, line.fields["status"], line.call) == ("AWS Batch job change", "SUCCEEDED", "call-t")


def test_values_hold_commas_colons_and_brackets() -> None:
    line = read_line('2026-11-25 16:42:22 wdl.t:a ERROR failed :: stderr: ["a, b: c", "d"], exit: 1, info: {"x": [1]}')
    assert line is not None
    assert line.fields == {"stderr": ["a, b: c", "d"], "exit": 1, "info": {"x": [1]}}


def test_a_cut_line_keeps_what_is_whole() -> None:
    line = read_line(CHANGE[:-12])
    assert line is not None
    assert list(line.fields) == ["status", "jobId"]


def test_colours_do_not_matter() -> None:
    line = read_line("\x1b[32m2026-11-25 16:42:22.340 wdl.w:top NOTICE done\x1b[0m")
    assert line is not None
    assert (line.message, line.is_task, line.call) == ("done", False, "")


def test_a_call_may_have_dots_in_its_name() -> None:
    line = read_line("2026-11-25 16:42:22 wdl.w:top.t:call-x-0-k1.fq NOTICE done")
    assert line is not None
    assert line.call == "call-x-0-k1.fq"


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[1]", "hello", '  "dir": "/mnt/fsx",', "2026-11-25 no time"])
def test_other_lines(text: str) -> None:
    assert read_line(text) is None


def test_the_time_of_text_is_that_of_a_zone() -> None:
    line = read_line(CHANGE)
    assert line is not None
    assert line.at(UTC) == 1795624942.34
    assert line.at(timezone(timedelta(hours=1))) == 1795624942.34 - 3600


@pytest.mark.parametrize(("time", "at"), [("1.5", 1.5), ("2", 2.0), ('"soon"', None), ("null", None)])
def test_the_time_of_json_is_that_of_the_epoch(time: str, at: float | None) -> None:
    line = read_line(f'{{"level": "INFO", "message": "m", "source": "wdl.t:a", "timestamp": {time}}}')
    assert line is not None
    assert line.at() == at


def test_a_time_that_no_clock_shows_is_none() -> None:
    line = read_line("2026-13-41 99:42:22.340 wdl.w:top NOTICE done")
    assert line is not None
    assert line.at(UTC) is None
