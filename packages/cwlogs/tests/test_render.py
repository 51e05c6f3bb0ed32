import json

import pytest

from miniwdl_aws_cwlogs.render import Renderer, iso_time
from miniwdl_aws_hooks import LogEvent


def render(message, **options):
    return Renderer(**options).render(LogEvent(1_700_000_000_123, message, "def/default/1"))


def test_plain_lines_stay_as_they_are():
    assert render("hello, wörld\tä") == "hello, wörld\tä\n"


def test_times_are_utc():
    assert iso_time(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"
    assert render("x", timestamps=True) == "2023-11-14T22:13:20.123Z x\n"


def test_every_line_of_a_stack_trace_gets_the_prefix():
    text = render("Traceback:\n  File x\nError\n", timestamps=False, label=lambda stream: "call-align")
    assert text == "[call-align] Traceback:\n[call-align]   File x\n[call-align] Error\n"


def test_progress_bars_become_lines():
    assert render("10%\r50%\r100%\r\n") == "10%\n50%\n100%\n"


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("\x1b(Btext\x1b", "text"),
        ("bell\x07 nul\x00 c1\x9b31m", "bell nul c131m"),
        ("\x1b]52;c;never ended", ""),
    ],
)
def test_files_get_no_control_sequences(message, plain):
    assert render(message) == plain + "\n"


def test_terminals_get_colours_and_nothing_else():
    assert render("\x1b[31mred\x1b[2J", colours=True) == "\x1b[31mred\x1b[0m\n"
    assert render("\x1b[2Jno colour", colours=True) == "no colour\n"


def test_json_keeps_the_message_whole():
    line = render("a\nb \x1b[31m \ud800\n", as_json=True, label=lambda stream: "align")
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "timestamp": "2023-11-14T22:13:20.123Z",
        "stream": "def/default/1",
        "job": "align",
        "message": "a\nb \x1b[31m \ud800",
    }


def test_a_megabyte_without_a_line_feed():
    message = "\x1b[31m" * 100_000 + "x" * 500_000
    assert render(message) == "x" * 500_000 + "\n"
