"""
Which jobs a process has submitted, kept on the shared file system for the case that the process is killed.

Each process has a journal of its own, ``{root}/.miniwdl-aws/journal/*.jsonl``, and holds a lock on it while it lives; a
journal without a lock belonged to a process that was killed, since others delete theirs. File systems without locks
between hosts can't have journals.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.arrays import child_id
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.state import shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "Journal", "LeftJournal", "claiming", "held_elsewhere", "journal_folder", "left_journals"]


@dataclass(frozen=True)
class Entry:
    """A job about to be submitted, or submitted."""

    key: str
    """Of the call; see :func:`~miniwdl_aws_batch_backend.process.adoption.callkey.call_key`."""
    name: str
    """The jobName, which no other job has, but for the children of one array."""
    queue: str
    task_dir: str
    number: int
    """Of the job in its task directory, where its results go."""
    place: str
    """Where it works while it is under way: path of the work directory, in a folder that jobs can write to."""
    job_id: str | None = None
    """``None`` when the process was killed before it learned the id."""
    index: int | None = None
    """Which child it is of an array of that name."""

    @property
    def label(self) -> str:
        """What no other job has."""
        return self.name if self.index is None else child_id(self.name, self.index)

    def of(self, taken: str) -> str:
        """Tell the job's id, given that of what AWS has taken."""
        return taken if self.index is None else child_id(taken, self.index)


def journal_folder(root: str) -> Path:
    """
    Make the folder of journals on a shared file system.

    :raises OSError: when that can't be done.
    """
    return shared_folder(root, "journal")


class Journal:
    """The journal of this process."""

    def __init__(self, folder: Path, process: str, owner: str | None) -> None:
        """
        Open it.

        :param process: a text that no other process has.
        :param owner: id of the Batch job that this process is, if it is one.
        :raises OSError: when the folder can't be written or locked.
        """
        self.path = folder / f"{process}.jsonl"
        self._lock = threading.Lock()
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise
        self._write({"owner": owner, "host": socket.gethostname(), "pid": os.getpid()})

    def intend(self, *entries: Entry) -> None:
        """Note jobs before they are submitted, so that they can be found by their name whatever happens."""
        self._write(*map(asdict, entries))
        os.fdatasync(self._file)

    def submitted(self, name: str, job_id: str) -> None:
        """Note the id that AWS gave to the job of a name, or to the array."""
        self._write({"name": name, "job_id": job_id})

    def close(self) -> None:
        """Delete it: a process that ends in an orderly way leaves no job behind."""
        with self._lock:
            if self._file >= 0:
                self.path.unlink(missing_ok=True)
                os.close(self._file)
                self._file = -1

    def _write(self, *records: dict[str, Any]) -> None:
        text = "".join(f"{json.dumps(record)}\n" for record in records)
        with self._lock:
            if self._file >= 0:
                os.write(self._file, text.encode())


@dataclass(frozen=True)
class LeftJournal:
    """The journal of another process."""

    path: Path
    owner: str | None
    entries: tuple[Entry, ...]
    """Of jobs that nobody has claimed."""
    host: str | None = None

    @classmethod
    def read(cls, path: Path) -> LeftJournal:
        """Read what is there; a line that the process was killed over, or of another version, is left out."""
        owner: str | None = None
        host: str | None = None
        entries: dict[str, Entry] = {}
        taken: dict[str, str] = {}
        for number, line in enumerate(path.read_text(errors="replace").splitlines()):
            with suppress(ValueError, TypeError, KeyError):
                record = read_json(line)
                if number == 0:
                    owner, host = record["owner"], record.get("host")
                elif "claimed" in record:
                    entries.pop(record["claimed"], None)
                elif "key" in record:
                    entry = Entry(**record)
                    entries[entry.label] = entry
                else:
                    taken[record["name"]] = record["job_id"]
        found = tuple(
            replace(entry, job_id=entry.of(taken[entry.name])) if entry.name in taken else entry
            for entry in entries.values()
        )
        return cls(path, owner, found, host)

    def is_dead(self) -> bool:
        """Whether the process that wrote it is gone."""
        try:
            with self.path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def holds(self, entry: Entry) -> bool:
        """Whether a job is there for anybody to take over, while :func:`claiming`."""
        try:
            return entry.label in {item.label for item in self.read(self.path).entries} and self.is_dead()
        except OSError:
            return False

    def claim(self, entry: Entry) -> bool:
        """Note that somebody has taken a job over, while :func:`claiming`; False when it can't be noted."""
        try:
            with self.path.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                file.write(json.dumps({"claimed": entry.label}).encode() + b"\n")
        except OSError:
            return False
        return True


@contextmanager
def claiming(folder: Path) -> Iterator[None]:
    """Let one process at a time claim jobs."""
    with (folder / "claims.lock").open("ab") as file:
        with suppress(PermissionError):
            Path(file.name).chmod(0o666)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def left_journals(folder: Path, own: Path) -> list[LeftJournal]:
    """Journals of killed processes."""
    return [journal for journal in _journals(folder) if journal.path != own and journal.is_dead()]


def held_elsewhere(folder: Path, owner: str) -> list[Path]:
    """Journals of a job whose locks are held on other hosts: of its earlier attempts, or what is left of them."""
    here = socket.gethostname()
    others = (journal for journal in _journals(folder) if journal.owner == owner and journal.host != here)
    return [journal.path for journal in others if not journal.is_dead()]


def _journals(folder: Path) -> Iterator[LeftJournal]:
    """Read all journals of this user: nobody else's word is taken for what a job did, or for what to wait for."""
    for path in sorted(folder.glob("*.jsonl")):
        journal = None
        with suppress(OSError):
            if not path.is_symlink() and path.stat().st_uid == os.geteuid():
                journal = LeftJournal.read(path)
        if journal:
            yield journal
