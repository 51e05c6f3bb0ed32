"""The live view in a real pseudo-terminal, its screen read by a terminal emulator."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest
from rich.console import Console

from miniwdl_aws_submit_cli.panel import render
from miniwdl_aws_submit_cli.progress import Progress

COLUMNS, ROWS = 100, 30
PATIENCE = 20


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.raw = b""
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self._program = pexpect.spawn(
            sys.executable,
            [str(Path(__file__).with_name("terminal.py"))],
            dimensions=(ROWS, COLUMNS),
            env=environ,
            echo=False,
            timeout=PATIENCE,
        )

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def shows(self, *texts: str, until: Callable[[str], bool] = lambda _screen: True) -> str:
        """Read until all texts are on the screen, and a condition holds; return it."""
        while not all(text in (screen := "\n".join(self.lines())) for text in texts) or not until(screen):
            try:
                chunk = self._program.read_nonblocking(65536, timeout=PATIENCE)
            except (pexpect.EOF, pexpect.TIMEOUT):
                raise AssertionError(f"expected {texts} on\n" + "\n".join(self.lines())) from None
            self.raw += chunk
            self._stream.feed(chunk)
        return "\n".join(self.lines())

    def step(self) -> None:
        self._program.sendline()

    def close(self) -> None:
        self._program.close(force=True)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_terminal(**environ: str) -> Terminal:
        opened.append(Terminal({"TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environ}))
        return opened[-1]

    yield open_terminal
    for found in opened:
        found.close()


def one_panel_below_the_log(screen: str) -> bool:
    return screen.count("genome_stats") == 1 and screen.splitlines()[-1].startswith("╰")


def test_a_screen_per_state(terminal: Callable[..., Terminal]) -> None:
    view = terminal()
    view.shows("genome_stats  submitted  0s", "waiting 0", "Ctrl-C detaches, the run goes on")
    for texts in (
        ["genome_stats  runnable  1m05s"],
        ["genome_stats  running  2m10s"],
        ["waiting 4   queued 0", "t:call-t-3 NOTICE task setup"],
        ["waiting 3   queued 1", "queue: position 2  CAPACITY:INSUFFICIENT - no hosts"],
        ["waiting 2   queued 1   starting 0   running 1"],
        ["1 lost host"],
        ["running 0   succeeded 1"],
        ["cached 1"],
        ["failed 1   cached 1"],
        ["evil line", "failed 1   cached 1"],
        ["uploading to s3://demo/out/"],
        ["uploaded 80.8 KiB"],
    ):
        view.step()
        view.shows(*texts, until=one_panel_below_the_log)  # what is read may end in the middle of a frame
    view.step()
    screen = view.shows("the end")
    assert "Ctrl-C" not in screen
    first = next(line for line in screen.splitlines() if "NOTICE" in line)
    assert first.endswith("call-t-0 NOTICE task setup")


def test_no_color_is_honoured(terminal: Callable[..., Terminal]) -> None:
    coloured, plain = terminal(), terminal(NO_COLOR="1")
    for view in (coloured, plain):
        for _ in range(3):
            view.step()
        view.shows("waiting 4")
        view.step()
        view.shows("queued 1")
    assert b"\x1b[33m" in coloured.raw
    assert b"\x1b[33m" not in plain.raw


def test_a_narrow_terminal_loses_no_state() -> None:
    console = Console(width=30, record=True, file=io.StringIO())
    console.print(render("n", "running", 5, Progress(calls={"a": "running"})))
    text = console.export_text()
    for state in ("waiting 0", "running 1", "cached 0"):
        assert state in text
