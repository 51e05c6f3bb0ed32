"""A file in each task's run directory that says where its log is, also after Batch has forgotten the job."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import append_line, read_tail
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_cwlogs.render import iso_time

if TYPE_CHECKING:
    from miniwdl_aws_hooks import JobChange

__all__ = ["FILE_NAME", "note_stream"]

FILE_NAME = "cloudwatch_logs.jsonl"
"""One JSON object per try of the task, the first try first."""

LOOKED_AT = 65_536
"""Bytes at the end of the file in which a note is looked for: some 200 tries, and a task may have added to them."""

logger = logging.getLogger(__name__)


def note_stream(change: JobChange) -> None:
    """
    Append the log stream of a job, when it has become known.

    A full disk or a missing directory is worth a debug message and nothing more: the run matters, the note doesn't.
    """
    if change.log_stream is None:
        return
    try:
        if change.log_stream not in _noted(change.run_dir):
            append_line(change.run_dir, FILE_NAME, json.dumps(_note(change)).encode())
    except OSError as exc:
        logger.debug("could not note log stream %s in %s: %s", change.log_stream, change.run_dir, exc)


def _noted(run_dir: str) -> list[object]:
    """Streams that have a note; lines that are none were not written here."""
    streams = []
    with suppress(FileNotFoundError):
        for line in read_tail(run_dir, FILE_NAME, LOOKED_AT).splitlines():
            with suppress(ValueError, KeyError, TypeError):
                streams.append(read_json(line)["stream"])
    return streams


def _note(change: JobChange) -> dict[str, str | int | None]:
    return {
        "group": change.log_group,
        "stream": change.log_stream,
        "job_id": change.job_id,
        "job_name": change.job_name,
        "try": change.try_number,
        "queue": change.queue,
        "noticed": iso_time(int(change.at * 1000)),
    }
