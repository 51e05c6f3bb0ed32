"""
Hears from miniwdl's log where a run will be, as soon as it says so: in the first line of the run itself. Pure.

What miniwdl prints for programs comes at its end, and a user wants to look into the run directory before that. The line
is the one of ``run_local_workflow`` or ``run_local_task`` of ``WDL.runtime``; it comes before any task could write one
like it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.log_lines import TASK_SETUP, WORKFLOW_START, read_line

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Beginning"]

LONGEST = 1 << 16
"""Bytes of a line beyond which it isn't that one."""


class Beginning:
    """Listens until miniwdl has said where it runs."""

    def __init__(self, tell: Callable[[Path], None]) -> None:
        """
        Listen.

        :param tell: hears the run directory, once.
        """
        self._tell = tell
        self._rest = b""
        self._listens = True

    def hear(self, piece: bytes) -> None:
        """Take the next piece of the log; pieces end anywhere."""
        if not self._listens:
            return
        *lines, rest = (self._rest + piece).split(b"\n")
        self._rest = rest[:LONGEST]
        for line in lines:
            if run_dir := _run_dir(line.decode(errors="replace")):
                self._listens, self._rest = False, b""
                self._tell(run_dir)
                return


def _run_dir(text: str) -> Path | None:
    line = read_line(text)
    if line is None or line.message not in (WORKFLOW_START, TASK_SETUP):
        return None
    run_dir = line.fields.get("dir")
    return Path(run_dir) if isinstance(run_dir, str) and run_dir.startswith("/") else None
