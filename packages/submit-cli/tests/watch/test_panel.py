"""The live view in a real pseudo-terminal, its screen read by a terminal emulator."""

import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest
from rich.console import Console

from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.watch.panel import LOOK_PERIOD, LiveView, log_text, pause_after, render
from miniwdl_aws_submit_cli.watch.progress import Progress

COLUMNS, ROWS = 100, 30
PATIENCE = 20


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, environ: dict[str, str], *, echo: bool) -> None:
        self.raw = b""
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self._program = pexpect.spawn(
            sys.executable,
            [str(Path(__file__).with_name("terminal.py"))],
            dimensions=(ROWS, COLUMNS),
            env=environ,
            echo=echo,
            timeout=PATIENCE,
        )

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def shows(self, *texts: str, until: Callable[[str], bool] = lambda _screen: True) -> str:
        """Read until all texts are on the screen, and a condition holds; return it."""
        deadline = time.monotonic() + PATIENCE  # the panel is drawn again and again, so its program is never silent
        while not all(text in (screen := "\n".join(self.lines())) for text in texts) or not until(screen):
            assert time.monotonic() < deadline, f"expected {texts} on\n{screen}"
            try:
                chunk = self._program.read_nonblocking(65536, timeout=PATIENCE)
            except (pexpect.EOF, pexpect.TIMEOUT):
                raise AssertionError(f"expected {texts} on\n{screen}") from None
            self.raw += chunk
            self._stream.feed(chunk)
        return "\n".join(self.lines())

    def step(self) -> None:
        self._program.sendline()

    def press_ctrl_c(self) -> None:
        self._program.sendintr()

    def close(self) -> None:
        self._program.close(force=True)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_terminal(*, echo: bool = False, **environ: str) -> Terminal:
        environ = {"TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environ}
        opened.append(Terminal(environ, echo=echo))
        return opened[-1]

    yield open_terminal
    for found in opened:
        found.close()


STATES = ("waiting", "queued", "starting", "running", "succeeded", "failed", "cached")
NO_HOSTS = "queue: position 2  CAPACITY:INSUFFICIENT - no hosts"
LOST = "1 lost host"


def panel(status: str, elapsed: str, counts: str, *notes: str) -> str:
    """The panel as it has to stand at the lower end of the screen."""
    rows = ["   ".join(f"{state} {count}" for state, count in zip(STATES, counts, strict=True)), *notes]
    return "\n".join(
        [
            f"╭─ genome_stats  {status}  {elapsed} ".ljust(COLUMNS - 1, "─") + "╮",
            *(f"│ {row}".ljust(COLUMNS - 1) + "│" for row in rows),
            "╰" + " Ctrl-C detaches, the run goes on ".center(COLUMNS - 2, "─") + "╯",
        ]
    )


SCREENS = [
    panel("runnable", "1m00s", "0000000"),
    panel("running", "1m00s", "0000000"),
    panel("running", "2m05s", "4000000"),
    panel("running", "3m10s", "3100000", NO_HOSTS),
    panel("running", "4m15s", "2101000", NO_HOSTS),
    panel("running", "5m20s", "2101000", NO_HOSTS, LOST),
    panel("running", "6m25s", "2100100", NO_HOSTS, LOST),
    panel("running", "7m30s", "1100101", NO_HOSTS, LOST),
    panel("running", "8m35s", "0100111", NO_HOSTS, LOST),
    panel("running", "9m40s", "0100111", NO_HOSTS, LOST),
    panel("running", "10m45s", "0100111", NO_HOSTS, LOST, "uploading to s3://demo/out/"),
    panel("running", "11m50s", "0100111", NO_HOSTS, LOST, "uploaded 80.8 KiB"),
    panel("running, attempt 2 of 3", "12m55s", "0100111", NO_HOSTS, LOST, "uploaded 80.8 KiB"),
]
"""
The panel after each step of terminal.py, of 65 seconds; its clock counts from when the run was submitted (5), and then
from when it began (70): whoever comes back sees how old it is.
"""


def test_a_screen_per_state(terminal: Callable[..., Terminal]) -> None:
    view = terminal()
    view.shows("genome_stats  submitted  0s", "waiting 0", "Ctrl-C detaches, the run goes on")
    for expected in SCREENS:
        view.step()
        # What is read may end in the middle of a frame; in the end there is one panel, and it is below the log.
        view.shows(expected, until=lambda screen: screen.count("genome_stats") == 1 and screen[-1] == "╯")
    assert "evil line" in view.shows("NOTICE task setup")
    view.step()
    screen = view.shows("the end")
    assert "Ctrl-C" not in screen
    first = next(line for line in screen.splitlines() if "NOTICE" in line)
    assert first.endswith("call-t-0 NOTICE task setup")


def test_ctrl_c_leaves_nothing_of_the_panel(terminal: Callable[..., Terminal]) -> None:
    view = terminal(echo=True)
    view.shows("waiting 0", "Ctrl-C detaches, the run goes on")
    view.press_ctrl_c()
    assert view.shows("the end") == "the end"


def test_no_color_is_honoured(terminal: Callable[..., Terminal]) -> None:
    coloured, plain = terminal(), terminal(NO_COLOR="1")
    for view in (coloured, plain):
        for _ in range(3):
            view.step()
        view.shows("waiting 4")
        view.step()
        view.shows("queued 1")
        for _ in range(6):
            view.step()
        view.shows("evil line")
    for colour in (b"\x1b[33m", b"\x1b[35mline"):
        assert colour in coloured.raw
        assert colour not in plain.raw


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (100, ["waiting 0   queued 0   starting 0   running 1   succeeded 0   failed 0   cached 0"]),
        (80, ["waiting 0  queued 0  starting 0  running 1  succeeded 0  failed 0  cached 0"]),
        (60, ["waiting 0   queued 0   starting 0   running 1", "succeeded 0   failed 0   cached 0"]),
        (30, ["waiting 0   queued 0", "starting 0   running 1", "succeeded 0   failed 0", "cached 0"]),
    ],
)
def test_a_narrow_terminal_loses_no_state_and_leaves_none_alone(width: int, lines: list[str]) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render("n", "running", 5, Progress(calls={"a": "running"})))
    _top, *rows, _bottom = console.export_text().splitlines()
    assert [row.strip("│ ") for row in rows] == lines


def test_the_panel_is_kept_up_to_date_whatever_an_update_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miniwdl_aws_submit_cli.watch.panel.LOOK_PERIOD", 0)
    again = threading.Event()
    met: list[Exception] = [KeyError("createdAt"), RefusedError("no")]

    def update() -> int:
        if met:
            raise met.pop(0)
        again.set()
        return 1

    with LiveView("run", Progress(), update, stream=io.StringIO()):
        assert again.wait(10)


LONG = "2026-11-25 16:42:22.123 wdl.w:top.t:call-a {} " + "word " * 60


def test_a_line_of_the_log_takes_one_row_without_its_date_and_in_the_colour_of_its_level() -> None:
    out = io.StringIO()
    view = LiveView("run", Progress(), lambda: 1, stream=out)
    view._console = Console(file=out, width=80, force_terminal=True, color_system="standard")
    view.line(LONG.format("WARNING"))
    (row,) = out.getvalue().splitlines()
    assert "16:42:22.123" in row
    assert "2026" not in row
    assert "\x1b[33m" in row
    assert "…" in row


@pytest.mark.parametrize(
    "line", [LONG.format("ERROR"), "what the uploader says " * 20, '{"source": "x"}', "2026-11-25"]
)
def test_an_error_and_what_others_write_is_seen_to_its_end(line: str) -> None:
    assert log_text(line) is None
    out = io.StringIO()
    view = LiveView("run", Progress(), lambda: 1, stream=out)
    view.line(line)
    assert "…" not in out.getvalue()


def test_a_large_run_is_looked_at_less_often() -> None:
    assert pause_after(0) == pause_after(1) == LOOK_PERIOD
    assert pause_after(100) == 100 * LOOK_PERIOD
