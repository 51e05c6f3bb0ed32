"""Text of others, made fit for a terminal. Pure."""

from __future__ import annotations

import re

__all__ = ["printable"]

# CSI and OSC sequences, other escapes, and control characters but for the tab.
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?|[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]"
)


def printable(text: str) -> str:
    """
    Take away what would move the cursor or colour the screen, whatever a task printed.

    A progress bar redraws its line by carriage returns: each state becomes a line of its own.
    """
    return _CONTROL.sub("", text.rstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n"))
