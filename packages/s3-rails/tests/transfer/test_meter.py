import io
import threading

import pytest

from miniwdl_aws_s3_rails.transfer.meter import Meter


def test_line() -> None:
    times = iter([10.0, 14.0])
    meter = Meter("uploading", 3, 4096, lambda _line: None, clock=lambda: next(times))
    meter.add(3000)
    meter.add(-1000)
    meter.add(2096)
    meter.finish_one()
    assert meter.line() == "uploading: 1 of 3 objects, 4.0 KiB of 4.0 KiB, 1.0 KiB/s"


class Time:
    """A clock that only waiting moves, for a number of waits."""

    def __init__(self, waits: int) -> None:
        self.now, self.waits = 0.0, waits

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        self.waits -= 1
        return self.waits < 0


def test_a_line_every_ten_seconds_without_a_terminal() -> None:
    said: list[str] = []
    time = Time(3)
    meter = Meter("uploading", 2, 4096, said.append, clock=time)
    meter.add(1200)
    with meter.reporting(stream=io.StringIO(), wait=time.wait):
        pass
    assert said == [f"uploading: 0 of 2 objects, 1.2 KiB of 4.0 KiB, {rate} B/s" for rate in (120, 60, 40)]
    assert time.now == 40


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    said: list[str] = []
    terminal, shown = Terminal(), threading.Event()
    meter = Meter("uploading", 2, 4096, said.append)

    def wait(_seconds: float) -> bool:
        if "1 of 2 objects" in terminal.getvalue():
            shown.set()
        return shown.is_set()

    with meter.reporting(stream=terminal, wait=wait):
        meter.add(1024)
        meter.finish_one()
        assert shown.wait(10)
    assert "uploading: 1 of 2 objects, 1.0 KiB of 4.0 KiB" in terminal.getvalue()
    assert said == [], "no lines beside it"


def test_the_display_ends_with_the_block() -> None:
    with pytest.raises(ValueError, match="broke"), Meter("staging", 1, 1, print).reporting(stream=io.StringIO()):
        raise ValueError("broke")
    assert not [thread for thread in threading.enumerate() if thread.name == "s3-rails-progress"]


def test_a_display_that_fails_is_no_matter() -> None:
    def say(_line: str) -> None:
        raise BrokenPipeError

    time = Time(3)
    with Meter("uploading", 2, 4096, say, clock=time).reporting(stream=io.StringIO(), wait=time.wait):
        pass
