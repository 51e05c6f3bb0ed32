"""How a run that somebody stays with is shown: by lines, or on a terminal by a live panel below them."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

from miniwdl_aws_core.terminal import split_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.watch.progress import Progress

__all__ = ["PlainView", "View", "choose_view"]


class View(Protocol):
    """What shows a run."""

    def state(self, state: Job) -> None:
        """Show the state of the workflow job."""
        ...

    def line(self, text: str) -> None:
        """Show the lines of an event of a log."""
        ...


class PlainView:
    """One line after the other, in order."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say = say

    def state(self, state: Job) -> None:
        """Show it when the job isn't over."""
        if not state.ended:
            self._say(f"[{state.status.lower()}]" + (f" {state.reason}" if state.reason else ""))

    def line(self, text: str) -> None:
        """Show them."""
        self._say(*split_lines(text))


def choose_view(
    name: str, progress: Progress, update: Callable[[], int], say: Callable[..., None], *, plain: bool
) -> AbstractContextManager[View]:
    """
    Make the live view on a terminal, else the plain one.

    :param update: tells the progress what AWS Batch knows, and returns about how many requests it took.
    """
    on_terminal = sys.stderr.isatty()  # noqa: TID251 - asks only
    if plain or not on_terminal or os.environ.get("TERM") == "dumb":
        return nullcontext(PlainView(say))
    from miniwdl_aws_submit_cli.watch.panel import LiveView

    return LiveView(name, progress, update)
