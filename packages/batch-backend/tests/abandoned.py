"""A journal that a killed process has left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.process.adoption.journal import Entry, Journal

if TYPE_CHECKING:
    from pathlib import Path


def abandon(folder: Path, process: str, *entries: Entry, owner: str | None = None) -> Path:
    """Leave a journal as a killed process does: the kernel drops its lock, and nobody deletes the file."""
    journal = Journal(folder, process, owner)
    for entry in entries:
        journal.intend(replace(entry, job_id=None))
        if entry.job_id:
            journal.submitted(entry.name, entry.job_id)
    copy = journal.path.read_bytes()
    journal.close()
    journal.path.write_bytes(copy)
    return journal.path
