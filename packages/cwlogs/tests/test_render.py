import json

from miniwdl_aws_cwlogs.render import Renderer, iso_time
from miniwdl_aws_hooks import LogEvent


def render(message, **options):
    return Renderer(**options).lines(LogEvent(1_700_000_000_123, message, "def/default/1"))


def test_plain_lines_stay_as_they_are():
    assert render("hello, wörld\tä") == ["hello, wörld\tä"]


def test_times_are_utc():
    assert iso_time(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"
    assert render("x", timestamps=True) == ["2023-11-14T22:13:20.123Z x"]


def test_every_line_of_a_stack_trace_gets_the_prefix():
    lines = render("Traceback:\n  File x\nError\n", label=lambda stream: "call-align")
    assert lines == ["[call-align] Traceback:", "[call-align]   File x", "[call-align] Error"]


def test_progress_bars_become_lines():
    assert render("10%\r50%\r100%\r\n") == ["10%", "50%", "100%"]


def test_json_keeps_the_message_whole():
    (line,) = render("a\nb \x1b[31m \ud800\n", as_json=True, label=lambda stream: "align")
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {
        "timestamp": "2023-11-14T22:13:20.123Z",
        "stream": "def/default/1",
        "job": "align",
        "message": "a\nb \x1b[31m \ud800",
    }
