"""
Reads a run out of its directory: miniwdl's own files, and what the task backend has recorded beside them.

Tasks may write there: nothing is read through a link, and nothing that is larger than what miniwdl or the backend
would write.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import is_file, open_file, read_bytes
from miniwdl_aws_core.log_lines import read_line
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.run_files import INPUTS_JSON, JSON_LOGS, RUN_LOGS
from miniwdl_aws_hooks.protocol import ERROR_JSON, OUTPUTS_JSON
from miniwdl_aws_run_report.errors import NoRunError, UnreadableError
from miniwdl_aws_run_report.model import Run, State
from miniwdl_aws_run_report.reading.events import Events
from miniwdl_aws_run_report.reading.failure import failure_of
from miniwdl_aws_run_report.reading.recorded import read_records, with_records
from miniwdl_aws_run_report.reading.sampled import read_series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from miniwdl_aws_core.records.hosts import HostRecord
    from miniwdl_aws_core.records.jobs import JobRecord
    from miniwdl_aws_run_report.model import Call

__all__ = ["LARGEST", "LOGS", "NAMES", "content_of", "lines_of", "read_folder", "read_log", "run_of"]

LOGS = (*JSON_LOGS, *RUN_LOGS)
"""The log of a run, the best one first."""

NAMES = (INPUTS_JSON, OUTPUTS_JSON, ERROR_JSON)
"""What else miniwdl writes of a run."""

LONGEST_LINE = MIB
"""Bytes; miniwdl cuts the values that it logs at 4 KiB each."""

LARGEST = 16 * MIB
"""Bytes of a JSON file; a larger one is left out, with a note."""

OLD = 3600.0
"""Seconds of silence after which a run that has not ended may have been killed."""


def read_folder(folder: Path, *, now: float, zone: tzinfo | None = None) -> Run:
    """
    Read the run of a directory.

    :param now: seconds since the epoch.
    :param zone: of the machine that ran it, whose local time is in its log; ``None`` for that of this machine.
    :raises NoRunError: when it is not the directory of a run.
    """
    name = next((name for name in LOGS if is_file(folder, name)), None)
    if name is None:
        raise NoRunError(
            f"{folder} is not a run directory of miniwdl's",
            hint=f"one has a file {' or '.join(RUN_LOGS)}; `_LAST` beside the runs is a link to the newest",
        )
    try:
        with os.fdopen(open_file(folder, name), "rb") as file:
            events = read_log(lines_of(file), zone)
    except OSError as exc:
        raise UnreadableError(f"{folder / name} can't be read: {exc.strerror}") from exc
    notes: list[str] = []
    files = {name: content_of(name, partial(read_bytes, folder, name, LARGEST), notes) for name in NAMES}
    run = run_of(events, folder.resolve().name, files, now=now)
    directories = {path: below(events.directory, place) for path, place in events.folders().items()}
    jobs, hosts = read_records(folder, {path: place for path, place in directories.items() if place}, notes)
    calls = tuple(
        _recorded(call, jobs.get(call.path, ()), hosts, folder, directories.get(call.path)) for call in run.calls
    )
    return replace(run, calls=calls, directory=str(folder.resolve()), notes=(*run.notes, *notes))


def _recorded(
    call: Call, jobs: Sequence[JobRecord], hosts: Mapping[str, HostRecord], folder: Path, directory: str | None
) -> Call:
    return with_records(call, jobs, hosts, read_series(folder, directory, jobs) if directory else None)


def read_log(lines: Iterable[str], zone: tzinfo | None = None) -> Events:
    """Read the lines of a run's log; what isn't miniwdl's is passed over."""
    events = Events(zone)
    for text in lines:
        line = read_line(text)
        if line:
            events.read(line)
    return events


def run_of(events: Events, name: str, files: dict[str, dict[str, Any]], *, now: float) -> Run:
    """
    Make a run of what its log and its JSON files say.

    :param files: content of those that are there, by their names.
    """
    state, error = events.state, files.get(ERROR_JSON) or {}
    if state is State.RUNNING and error:  # miniwdl says nothing in the log where it was told to end
        state = State.FAILED
    if state is State.RUNNING and files.get(OUTPUTS_JSON):
        state = State.SUCCEEDED
    events.state = state
    events.ended = events.ended if events.ended is not None or state is State.RUNNING else events.latest
    notes = []
    if state is State.RUNNING and events.latest is not None and now - events.latest > OLD:
        hours = (now - events.latest) / 3600
        notes.append(f"its log does not say that it has ended, and its last line is {hours:.0f} h old: it may be gone")
    return Run(
        name=name,
        target=events.target,
        state=state,
        calls=tuple(events.calls()),
        began=events.began,
        ended=events.ended,
        failure=failure_of(error, events.message) if state is State.FAILED else None,
        directory=events.directory,
        source=events.source,
        miniwdl=events.miniwdl,
        inputs=files.get(INPUTS_JSON) or {},
        outputs=files.get(OUTPUTS_JSON) or {} if state is not State.FAILED else {},
        notes=tuple(notes),
        read_at=now,
    )


def below(run: str, folder: str) -> str | None:
    """Path of a call's directory below the run's, both as the log names them; ``None`` when it is none."""
    try:
        return str(PurePosixPath(folder).relative_to(run))
    except ValueError:
        return None


def lines_of(file: Any) -> Iterator[str]:
    """Give lines, of which each is miniwdl's whole; the rest of one that is too long is passed over."""
    cut = False
    while line := file.readline(LONGEST_LINE):
        if not cut:
            yield line.decode(errors="replace").rstrip("\n")
        cut = not line.endswith(b"\n")


def content_of(name: str, read: Callable[[], bytes | None], notes: list[str]) -> dict[str, Any]:
    """
    Read a JSON file of a run; what is missing is empty, and so is what is none of miniwdl's, with a note.

    :param read: gives its content, or ``None`` or ``FileNotFoundError`` where there is none.
    """
    try:
        told = read()
        content = {} if told is None else read_json(told)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        notes.append(f"{name} is left out: {exc.strerror if isinstance(exc, OSError) else 'it is not JSON'}")
        return {}
    return content if isinstance(content, dict) else {}
