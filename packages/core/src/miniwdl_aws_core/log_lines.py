"""
Lines of a workflow job's log, read back: miniwdl's text format, and its JSON format (``--log-json``). Pure.

Source: ``StructuredLogMessage`` of ``WDL._util``: ``message :: key: JSON, key: JSON``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.tags import call_path
from miniwdl_aws_core.options.json_text import is_too_deep, read_json
from miniwdl_aws_core.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

__all__ = [
    "TASK_CACHED",
    "TASK_DONE",
    "TASK_INTERRUPTED",
    "TASK_RETRIED",
    "TASK_SETUP",
    "WORKFLOW_START",
    "LogLine",
    "is_task_failure",
    "read_line",
    "template_pattern",
]

# Messages of miniwdl's own: run_local_workflow of WDL.runtime.workflow, run_local_task and _try_task of
# WDL.runtime.task.
WORKFLOW_START = "workflow start"
TASK_SETUP = "task setup"
TASK_DONE = "done"
TASK_CACHED = "done (cached)"
TASK_INTERRUPTED = "interrupted task will be retried"
TASK_RETRIED = "failed task will be retried"

_TEXT = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<source>\S+) (?P<level>[A-Z]+) (?P<rest>.*)", re.DOTALL
)
_PARTS = re.compile(r"\.(?=[wt]:)")
_KEY = re.compile(r"\s*([A-Za-z_]\w*): ")
_decoder = json.JSONDecoder()


@dataclass(frozen=True)
class LogLine:
    """One line."""

    source: str
    """Name of the logger: ``wdl.w:align.w:call-sub-1.t:call-sort``."""
    level: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    time: str | float | None = None
    """As it stands there: local time in text, which names no zone; seconds since the epoch in JSON."""

    def at(self, zone: tzinfo | None = None) -> float | None:
        """
        When it was written, in seconds since the epoch; ``None`` where the line doesn't say, or says nonsense.

        :param zone: of the machine that wrote it, for text; ``None`` for that of this machine.
        """
        try:
            if isinstance(self.time, str):
                written = datetime.fromisoformat(self.time)
                return (written.replace(tzinfo=zone) if zone else written).timestamp()
            return None if self.time is None else float(self.time)
        except (ValueError, OverflowError, OSError):
            return None

    @property
    def is_task(self) -> bool:
        """Whether a task wrote it, not a workflow."""
        return self.source.startswith("wdl.") and self.source.rpartition(".")[2].startswith("t:")

    @property
    def call(self) -> str:
        """Path of the call within the run, as its directories are named: ``call-sub-1/call-sort``."""
        _wdl, _top, *inner = _PARTS.split(self.source)
        return call_path("/".join(part[2:] for part in inner))


def read_line(text: str) -> LogLine | None:
    """Read a line; ``None`` when it isn't one that miniwdl's logging wrote."""
    if text.startswith("{"):
        return _read_json(text)
    match = _TEXT.fullmatch(plain(text.rstrip()))
    if not match:
        return None
    message, _, rest = match["rest"].partition(" :: ")
    return LogLine(match["source"], match["level"], message, _read_fields(rest), match["time"])


def is_task_failure(line: LogLine) -> bool:
    """Whether a task failed for good: the text of ``RunFailed`` of ``WDL.runtime.error``."""
    return line.level == "ERROR" and line.message.startswith("task ") and line.message.endswith(" failed")


def template_pattern(template: str) -> re.Pattern[str]:
    """Make a regular expression for what ``logging`` makes of a template; its groups are the arguments."""
    return re.compile("(.*?)".join(map(re.escape, re.split(r"%(?:\.\d+)?[dfs]", template))))


def _read_json(text: str) -> LogLine | None:
    try:
        value = read_json(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or not {"source", "level", "message"} <= value.keys():
        return None
    fields = {key: item for key, item in value.items() if key not in ("source", "level", "message", "timestamp")}
    time = value.get("timestamp")
    time = float(time) if isinstance(time, int | float) else None
    return LogLine(str(value["source"]), str(value["level"]), str(value["message"]), fields, time)


def _read_fields(text: str) -> dict[str, Any]:
    """Read ``key: JSON, key: JSON``; stop at what isn't so, since a line may have been cut."""
    fields: dict[str, Any] = {}
    if is_too_deep(text):
        return fields
    at = 0
    while match := _KEY.match(text, at):
        try:
            fields[match[1]], at = _decoder.raw_decode(text, match.end())
        except ValueError:
            break
        if text[at : at + 1] != ",":
            break
        at += 1
    return fields
