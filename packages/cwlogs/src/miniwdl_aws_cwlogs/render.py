"""
Log events as text for a terminal, a file or a program: pure functions of an event.

What a task prints is not to be trusted with a terminal: of its control sequences only colours get through, and only to
a terminal. A file gets plain text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_hooks import LogEvent

__all__ = ["Renderer", "iso_time"]

# ECMA-48: strings (OSC, DCS, SOS, PM, APC) up to their terminator, control sequences, two-byte escapes.
_ESCAPE = re.compile(
    r"\x1b[\]PX^_].*?(?:\x1b\\|\x07|$)"
    r"|(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
# C0 and C1 controls but tab and line feed; a lone ESC is gone by then.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_RESET = "\x1b[0m"


def iso_time(milliseconds: int) -> str:
    """Write a time as ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Renderer:
    """How events are to look."""

    timestamps: bool = False
    as_json: bool = False
    colours: bool = False
    """Whether the reader is a terminal that wants colours."""
    label: Callable[[str], str] | None = None
    """Names the writer of a stream, where several are shown at once."""

    def render(self, event: LogEvent) -> str:
        """Text of an event with its line feed; each line of a longer event gets the same prefix."""
        if self.as_json:
            return json.dumps(self._fields(event)) + "\n"
        prefix = f"{iso_time(event.timestamp)} " if self.timestamps else ""
        if self.label:
            prefix += f"[{self.label(event.stream)}] "
        # A progress bar redraws its line by carriage returns: each state is a line of its own here.
        text = event.message.rstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n")
        return "".join(f"{prefix}{self._clean(line)}\n" for line in text.split("\n"))

    def _fields(self, event: LogEvent) -> dict[str, str]:
        fields = {"timestamp": iso_time(event.timestamp), "stream": event.stream}
        if self.label:
            fields["job"] = self.label(event.stream)
        return {**fields, "message": event.message.rstrip("\r\n")}

    def _clean(self, line: str) -> str:
        if line.isascii() and line.isprintable():
            return line
        coloured = False

        def keep(match: re.Match[str]) -> str:
            nonlocal coloured
            if self.colours and _COLOUR.fullmatch(match.group()):
                coloured = True
                return match.group()
            return ""

        cleaned = _CONTROL.sub("", _ESCAPE.sub(keep, line))
        return cleaned + _RESET if coloured else cleaned
