"""A file in each task's run directory that says where its log is, also after Batch has forgotten the job."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_cwlogs.render import iso_time

if TYPE_CHECKING:
    from miniwdl_aws_hooks import JobChange

__all__ = ["FILE_NAME", "note_stream"]

FILE_NAME = "cloudwatch_logs.jsonl"
"""One JSON object per try of the task, the first try first."""

logger = logging.getLogger(__name__)


def note_stream(change: JobChange) -> None:
    """
    Append the log stream of a job, when it has become known.

    A full disk or a missing directory is worth a debug message and nothing more: the run matters, the note doesn't.
    """
    if change.log_stream is None:
        return
    path = Path(change.run_dir) / FILE_NAME
    try:
        notes = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if any(json.loads(note)["stream"] == change.log_stream for note in notes):
            return
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(_note(change)) + "\n")
    except (OSError, ValueError, KeyError, TypeError) as exc:
        logger.debug("could not note log stream %s in %s: %s", change.log_stream, path, exc)


def _note(change: JobChange) -> dict[str, str | int | None]:
    return {
        "stream": change.log_stream,
        "job_id": change.job_id,
        "job_name": change.job_name,
        "try": change.try_number,
        "queue": change.queue,
        "noticed": iso_time(int(change.at * 1000)),
    }
