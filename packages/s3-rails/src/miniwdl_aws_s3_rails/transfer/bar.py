"""A bar of progress on a terminal. Only this module imports rich."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

__all__ = ["shown_bar"]


@contextmanager
def shown_bar(stream: TextIO, size: int, look: Callable[[], tuple[int, str]]) -> Iterator[Callable[[], None]]:
    """
    Show a bar while the block runs; nothing stays of it.

    :param size: bytes in all.
    :param look: tells how many are through, and where things stand in words.
    :return: what to call to bring the bar up to date.
    """
    columns = (BarColumn(bar_width=24), TextColumn("{task.description}"), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task(look()[1], total=size)

        def update() -> None:
            done, text = look()
            progress.update(task, completed=done, description=text)

        yield update
