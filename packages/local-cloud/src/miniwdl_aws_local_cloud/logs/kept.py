"""
The log streams of earlier days: a file in the state folder for each, with a line for each event.

A line is a JSON array of an event's time, in milliseconds since 1970, and its message. Files are bounded: of a stream
the beginning stays, and of all streams the newest. A line that was cut, or is none of ours, is skipped.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["KEPT_STREAMS", "KeptStreams"]

logger = logging.getLogger(__name__)

KEPT_STREAMS = "streams"
MOST_STREAMS = 4000
"""Two for each job that is kept, as some have more attempts than one."""
MOST_BYTES = 256 * 1024 * 1024
MOST_OF_ONE = 16 * 1024 * 1024

Event = tuple[int, str]


class KeptStreams:
    """The files of one cloud."""

    def __init__(self, state: Path, most: int = MOST_STREAMS, most_bytes: int = MOST_BYTES, of_one: int = MOST_OF_ONE):
        """
        Use a state folder; nothing is read or made yet.

        :param most: streams beyond which the oldest go; tests lower it.
        :param most_bytes: the same, in bytes.
        :param of_one: bytes of a stream that are kept.
        """
        self._folder = state / KEPT_STREAMS
        self._most = most
        self._most_bytes = most_bytes
        self._of_one = of_one
        self._sizes: dict[Path, int] = {}
        self._writing = threading.Lock()

    def add(self, group: str, stream: str, events: Sequence[Event]) -> None:
        """Keep events of a stream; where they can't be written, they are forgotten with the cloud."""
        path = self._path(group, stream)
        data = "".join(f"{json.dumps(event)}\n" for event in events).encode()
        with self._writing:
            size = self._sizes.get(path, 0)
            if size > self._of_one:
                return
            self._sizes[path] = size + len(data)
        try:
            self._folder.mkdir(mode=stat.S_IRWXU, exist_ok=True)
            with open(path, "ab", opener=_for_its_owner) as file:
                file.write(data)
        except OSError as exc:
            logger.warning("a log stream is not kept: %s", exc)

    def read(self, group: str, stream: str) -> list[Event]:
        """Give what was kept of a stream; nothing where there is no file that can be read."""
        found = []
        for line in self._lines(self._path(group, stream)):
            with suppress(ValueError, TypeError, RecursionError):
                at, message = json.loads(line)
                if isinstance(at, int) and isinstance(message, str):
                    found.append((at, message))
        return found

    def tidy(self) -> None:
        """Remove the oldest beyond the bounds."""
        try:
            files = sorted(((found := path.lstat()).st_mtime, found.st_size, path) for path in self._folder.iterdir())
        except OSError:
            return
        left = self._most_bytes
        for number, (_at, size, path) in enumerate(reversed(files)):
            left -= size
            if number >= self._most or left < 0:
                with suppress(OSError):
                    path.unlink()

    def _path(self, group: str, stream: str) -> Path:
        return self._folder / f"{hashlib.sha256(json.dumps([group, stream]).encode()).hexdigest()}.jsonl"

    def _lines(self, path: Path) -> list[bytes]:
        try:
            with open(path, "rb", opener=_without_waiting) as file:
                regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
                return file.read(2 * self._of_one).splitlines() if regular else []
        except OSError:
            return []


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
