"""
The live panel below the log, on a terminal. Imports rich, so it is imported only when a run is followed there.

A thread of its own asks AWS Batch about the task jobs, since the main one sleeps while there is no news in the log.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from math import ceil
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from miniwdl_aws_core.aws.surprises import in_words
from miniwdl_aws_core.log_lines import read_line
from miniwdl_aws_core.terminal import coloured, plain, split_lines
from miniwdl_aws_submit_cli.formats import counted, duration
from miniwdl_aws_submit_cli.watch.progress import STATES, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import ConsoleOptions, RenderableType

    from miniwdl_aws_core.batch.job import Job

__all__ = ["LiveView", "log_text", "pause_after", "render"]

logger = logging.getLogger(__name__)

STYLES = {
    "waiting": "dim",
    "queued": "yellow",
    "starting": "cyan",
    "running": "bold blue",
    "succeeded": "green",
    "failed": "bold red",
    "cached": "magenta",
}
LEVELS = {"DEBUG": "dim", "VERBOSE": "dim", "INFO": "dim", "NOTICE": "", "WARNING": "yellow"}
"""Colours of the levels of miniwdl's log; of those that are missing, a line may take several rows."""
DATE = re.compile(r"\d{4}-\d\d-\d\d ")
DATE_LENGTH = 11
REFRESH = 4
"""Frames a second."""
LOOK_PERIOD = 5.0
"""Seconds between two requests about the task jobs, on average."""


def render(name: str, status: str, seconds: float, progress: Progress) -> Panel:
    """Draw the panel."""
    rows: list[RenderableType] = [_States(progress.counts())]
    if progress.queue_reason or progress.queue_position:
        place = f"position {progress.queue_position}" if progress.queue_position else ""
        told = "  ".join(part for part in (place, progress.queue_reason) if part)
        rows.append(_text(f"queue: {told}", "yellow"))
    troubles = [
        counted(number, one, more)
        for number, one, more in (
            (progress.lost_hosts, "lost host", "lost hosts"),
            (progress.retries, "retry", "retries"),
        )
        if number
    ]
    if troubles:
        rows.append(Text(", ".join(troubles), style="yellow"))
    if progress.uploaded:
        rows.append(_text(f"uploaded {progress.uploaded}", "green"))
    elif progress.uploading:
        rows.append(_text(f"uploading to {progress.uploading}", "cyan"))
    title = _text(f"{name}  {status or 'submitted'}  {duration(seconds)}")
    return Panel(Group(*rows), title=title, title_align="left", subtitle="Ctrl-C detaches, the run goes on")


class _States:
    """How many calls are in each state: in one line, or in as few of about equal length as fit."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._words = [Text(f"{state} {counts[state]}", STYLES[state] if counts[state] else "dim") for state in STATES]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for lines in range(1, len(self._words) + 1):
            size = ceil(len(self._words) / lines)
            rows = [self._words[start : start + size] for start in range(0, len(self._words), size)]
            for gap in ("   ", "  "):
                joined = [Text(gap).join(row) for row in rows]
                if lines == len(self._words) or max(map(len, joined)) <= options.max_width:
                    yield from joined
                    return


def _text(line: str, style: str = "") -> Text:
    """Make what rich writes: it reads no markup in it, but lets control sequences pass."""
    return Text(plain(line), style=style)


def pause_after(requests: int) -> float:
    """
    Say for how many seconds the next look waits: a run of 10,000 tasks takes a hundred requests to look at.

    AWS Batch answers 50 a second, to all runs of an account together; so this asks once in each period on average. What
    the log says shows at once in any case.
    """
    return LOOK_PERIOD * max(1, requests)


def log_text(line: str) -> Text | None:
    """
    Make a line of miniwdl's log fit for one row: without the date, in the colour of its level.

    :return: ``None`` of what has to be seen to its end: an error, and whatever isn't miniwdl's.
    """
    read = read_line(line)
    if read is None or read.level not in LEVELS or not DATE.match(line):
        return None
    return _text(line[DATE_LENGTH:].rstrip(), LEVELS[read.level])


class LiveView:
    """Shows log lines, and the panel below them."""

    def __init__(
        self,
        name: str,
        progress: Progress,
        update: Callable[[], int],
        *,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Prepare.

        :param update: asks AWS Batch, tells the progress, and says about how many requests it took; called again and
            again in a thread.
        :param stream: standard error when ``None``.
        :param clock: seconds since the epoch, as AWS Batch's times are.
        """
        self._name = name
        self._progress = progress
        self._update = update
        self._clock = clock
        self._opened = clock()
        self._state: Job | None = None
        self._console = Console(file=stream, stderr=stream is None)
        self._live = Live(console=self._console, get_renderable=self._frame, refresh_per_second=REFRESH, transient=True)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="panel", daemon=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._live.stop()

    def state(self, state: Job) -> None:
        """Show the state of the workflow job."""
        self._state = state

    def line(self, text: str) -> None:
        """Show the lines of an event of a log."""
        for line in split_lines(text):
            shown = log_text(line)
            if shown is None:
                self._console.print(Text.from_ansi(coloured(line)), soft_wrap=True)
            else:
                self._console.print(shown, no_wrap=True, overflow="ellipsis", crop=True)

    def _frame(self) -> Group:
        state = self._state
        status = state.status.lower() if state else ""
        if state and state.attempt > 1:
            status += f", attempt {state.attempt} of {state.max_attempts}"
        # A line of its own for the ^C that the terminal writes where the cursor is: at the end of the panel it would
        # begin a line that rich knows nothing of, and the top of the panel would stay.
        return Group(render(self._name, status, self._clock() - self._began, self._progress), Text())

    @property
    def _began(self) -> float:
        """When the run began, or was submitted while it waits: whoever comes back sees how old it is."""
        began = (self._state.started_at or self._state.created_at) if self._state else None
        return began / 1000 if began else self._opened

    def _watch(self) -> None:
        requests = 1
        while not self._stop.wait(pause_after(requests)):
            requests = self._look()

    def _look(self) -> int:
        # On errors the panel shows what the log says; whether contact is lost for good is the main thread's matter.
        try:
            return self._update()
        except Exception as exc:  # noqa: BLE001 - a thread that ends here would leave the panel as it is for good
            logger.debug("the panel could not be brought up to date: %s", in_words(exc))
            return 1
