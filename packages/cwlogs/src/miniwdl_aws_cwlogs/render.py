"""
Log events as lines, for people or for a program: pure functions of an event.

What a task prints is not to be trusted with a terminal; :mod:`miniwdl_aws_core.console`, which writes them, sees to it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from miniwdl_aws_core.terminal import split_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_hooks import LogEvent

__all__ = ["Renderer", "iso_time"]


def iso_time(milliseconds: int) -> str:
    """Write a time as ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Renderer:
    """How events are to look."""

    timestamps: bool = False
    as_json: bool = False
    label: Callable[[str], str] | None = None
    """Names the writer of a stream, where several are shown at once."""

    def lines(self, event: LogEvent) -> list[str]:
        """Write an event; each line of a longer one gets the same prefix."""
        if self.as_json:
            return [json.dumps(self._fields(event))]
        prefix = f"{iso_time(event.timestamp)} " if self.timestamps else ""
        if self.label:
            prefix += f"[{self.label(event.stream)}] "
        return [prefix + line for line in split_lines(event.message)]

    def _fields(self, event: LogEvent) -> dict[str, str]:
        fields = {"timestamp": iso_time(event.timestamp), "stream": event.stream}
        if self.label:
            fields["job"] = self.label(event.stream)
        return {**fields, "message": event.message.rstrip("\r\n")}
