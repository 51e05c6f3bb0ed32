"""Counts what travels, and shows it: a bar on a terminal, else a line now and then. Only this module imports rich."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from miniwdl_aws_core.sizes import human_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import TextIO

__all__ = ["Meter"]

PERIOD = 10.0
"""Seconds between two lines of progress."""

FRAME = 0.2
"""Seconds between two looks of the bar."""


class Meter:
    """Progress of one group of transfers."""

    def __init__(
        self,
        verb: str,
        objects: int,
        size: int,
        say: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Start the clock.

        :param verb: what is being done, to begin lines with: ``uploading``.
        :param say: takes a line of text.
        """
        self._verb, self._objects, self._size, self._say, self._clock = verb, objects, size, say, clock
        self._started = clock()
        self._lock = threading.Lock()
        self._done = 0
        self._bytes = 0

    def add(self, size: int) -> None:
        """Note bytes that travelled, or did so in vain (negative)."""
        with self._lock:
            self._bytes += size

    def finish_one(self) -> None:
        """Note an object that is through."""
        with self._lock:
            self._done += 1

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return self._clock() - self._started

    def line(self) -> str:
        """Where things stand."""
        rate = self._bytes / max(self.seconds, 1e-3)
        return (
            f"{self._verb}: {self._done} of {self._objects} objects, "
            f"{human_size(self._bytes)} of {human_size(self._size)}, {human_size(rate)}/s"
        )

    @contextmanager
    def reporting(
        self, *, stream: TextIO | None = None, wait: Callable[[float], bool] | None = None
    ) -> Iterator[Meter]:
        """
        Show progress while the block runs.

        :param stream: where a bar goes if it is a terminal; standard error.
        :param wait: waits for some seconds or the end of the block, and tells whether it was the end; for tests.
        """
        ended = threading.Event()
        wait = wait or ended.wait
        stream = stream or sys.stderr  # noqa: TID251 - for a bar, which draws nothing but numbers of ours
        on_terminal = stream.isatty()
        period = FRAME if on_terminal else PERIOD

        def report() -> None:
            if wait(period):
                return  # what takes no time needs no bar
            # What can't be shown, to a terminal that is gone for instance, is no reason for a traceback.
            with (
                suppress(Exception),
                self._bar(stream) if on_terminal else nullcontext(lambda: self._say(self.line())) as show,
            ):
                show()
                while not wait(period):
                    show()

        thread = threading.Thread(target=report, daemon=True, name="s3-rails-progress")
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()

    def _bar(self, stream: TextIO) -> AbstractContextManager[Callable[[], None]]:
        return _shown_bar(stream, self._size, lambda: (self._bytes, self.line()))


@contextmanager
def _shown_bar(stream: TextIO, size: int, look: Callable[[], tuple[int, str]]) -> Iterator[Callable[[], None]]:
    """
    Show a bar while the block runs; nothing stays of it.

    :param size: bytes in all.
    :param look: tells how many are through, and where things stand in words.
    :return: what to call to bring the bar up to date.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(bar_width=24), TextColumn("{task.description}"), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task(look()[1], total=size)

        def update() -> None:
            done, text = look()
            progress.update(task, completed=done, description=text)

        yield update
