"""
What Python says by itself in a command: log records, warnings and tracebacks, made fit for a terminal.

They quote file names, and what AWS answered. Imported once a command begins its work: ``--help`` needs none of it.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import say
from miniwdl_aws_core.terminal import plain, split_lines

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["LineFormatter", "fit_for_terminals"]

_as_python_does = warnings.formatwarning


class LineFormatter(logging.Formatter):
    """Makes one line of a record, and further ones of its traceback only."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """Write the line."""
        return plain(super().formatMessage(record))

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Write the traceback."""
        return "\n".join(_lines(super().formatException(ei)))


def fit_for_terminals() -> None:
    """Let what no handler and nobody else takes go through the same rule as what the command says itself."""
    if logging.lastResort:
        logging.lastResort.setFormatter(LineFormatter())
    warnings.formatwarning = _format_warning
    sys.excepthook = _show
    threading.excepthook = _show_of_thread


def _lines(text: str) -> list[str]:
    return [plain(line) for line in split_lines(text)]


def _format_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    return "\n".join(_lines(_as_python_does(message, category, filename, lineno, line))) + "\n"


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    say(*_lines("".join(traceback.format_exception(kind, error, trace))))


def _show_of_thread(about: threading.ExceptHookArgs) -> None:
    say(f"in thread {about.thread.name if about.thread else None}:")
    if about.exc_value:
        _show(about.exc_type, about.exc_value, about.exc_traceback)
