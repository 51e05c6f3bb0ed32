"""
The records of a whole run as two files, which can go where its directory doesn't.

In a run directory each task has a file of its own. Ten thousand of them would be ten thousand objects in S3, to be
listed and asked for one by one; so they become one, each record with the path of its call.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from miniwdl_aws_core import beneath
from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord
from miniwdl_aws_core.records.jobs import BATCH_JOBS, JobRecord
from miniwdl_aws_core.records.lines import line_of, read_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import DataclassInstance

__all__ = ["MAX_FOLDED", "RECORDS", "folded"]

RECORDS = (BATCH_JOBS, BATCH_HOSTS)
"""Names of both files."""

MAX_FOLDED = 64 * 1024 * 1024
"""Bytes of each, some fifty thousand tries; records beyond them are left out."""

MAX_DEPTH = 16
"""Workflows within workflows that are looked into, and tasks that pretend to be some."""

MAX_FOLDERS = 200_000
"""Folders that are looked into, for the same reason."""

_CALL = "call-"
"""How miniwdl names the directories of calls; see ``WDL.runtime.workflow``."""


def folded(run_dir: Path) -> dict[str, str]:
    """
    Fold the records of a run.

    A record is said to be of the call in whose directory it lies, whatever it says itself. Of a host the last record
    counts. No link is followed, and what can't be read is left out.

    :return: texts by their names; without the one for which there are no records.
    """
    hosts: dict[str, HostRecord] = {}
    with suppress(OSError):
        hosts = {item.container_instance_arn: item for item in read_file(HostRecord, run_dir, BATCH_HOSTS).records}
    texts = {BATCH_JOBS: _text(_jobs(run_dir)), BATCH_HOSTS: _text(iter(hosts.values()))}
    return {name: text for name, text in texts.items() if text}


def _jobs(run_dir: Path) -> Iterator[JobRecord]:
    waiting, seen = [""], 0
    while waiting and seen < MAX_FOLDERS:
        place = waiting.pop()
        seen += 1
        found: tuple[JobRecord, ...] = ()
        with suppress(OSError):
            found = read_file(JobRecord, run_dir, f"{place}/{BATCH_JOBS}".lstrip("/")).records
        yield from (replace(record, call_path=place) for record in found)
        # A task has no calls. The topmost directory is always looked into: one such file there would hide all others.
        if not (found and place) and place.count("/") < MAX_DEPTH:
            waiting += _calls(run_dir, place)


def _calls(run_dir: Path, place: str) -> list[str]:
    """List the directories of calls in a folder, the last one first."""
    names: list[str] = []
    with suppress(OSError), beneath.folder(run_dir, place) as folder, os.scandir(folder) as entries:
        names = [
            entry.name for entry in entries if entry.name.startswith(_CALL) and entry.is_dir(follow_symlinks=False)
        ]
    return [f"{place}/{name}".lstrip("/") for name in sorted(names, reverse=True)]


def _text(records: Iterator[DataclassInstance]) -> str:
    lines: list[str] = []
    size = 0
    for record in records:
        line = line_of(record).decode()
        size += len(line) + 1
        if size > MAX_FOLDED:
            break
        lines.append(f"{line}\n")
    return "".join(lines)
