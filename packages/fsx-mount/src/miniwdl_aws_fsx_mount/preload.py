"""
Loading files from S3 before the task that needs them starts.

FSx loads the whole of a file when its first byte is read, and the reader waits until it is there. So reading one byte
of many files at once loads them in parallel and sees the end of each, without `lfs`, which the workflow job's image
would have to contain, and without being root, which `lfs hsm_restore` demands.
"""

from __future__ import annotations

import logging
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Preloader", "files_of"]

logger = logging.getLogger(__name__)

READERS = 16


def files_of(path: Path) -> list[Path]:
    """Regular files that a path stands for."""
    return [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())


def read_first_byte(path: Path) -> None:
    """Wait until a file's data is on the file system."""
    with path.open("rb") as file:
        file.read(1)


class Preloader:
    """A few threads that read; they end with the process, since what they do is never needed for a result."""

    def __init__(
        self,
        readers: int = READERS,
        load: Callable[[Path], None] = read_first_byte,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._clock = clock
        self._queue: SimpleQueue[tuple[Path, _Batch]] = SimpleQueue()
        for _ in range(readers):
            threading.Thread(target=self._run, daemon=True, name="fsx-preload").start()

    def preload(self, name: str, path: Path) -> threading.Event:
        """
        Load a file, or everything in a folder.

        :param name: what to call it in the log.
        :return: set when all of it is there, or has failed.
        """
        files = files_of(path)
        batch = _Batch(name, len(files), sum(file.stat().st_size for file in files), self._clock())
        if not files:
            batch.done.set()
        for file in files:
            self._queue.put((file, batch))
        return batch.done

    def _run(self) -> None:
        while True:
            file, batch = self._queue.get()
            try:
                self._load(file)
            except OSError as exc:
                logger.warning("could not preload %s, the task that reads it will try again: %s", file, exc)
            batch.finish_one(self._clock())


class _Batch:
    """Files of one input."""

    def __init__(self, name: str, count: int, size: int, started: float) -> None:
        self.done = threading.Event()
        self._name, self._count, self._size, self._started = name, count, size, started
        self._left = count
        self._lock = threading.Lock()

    def finish_one(self, now: float) -> None:
        with self._lock:
            self._left -= 1
            if self._left:
                return
        logger.info(
            "preloaded %s: %d files, %d bytes, %.1f s", self._name, self._count, self._size, now - self._started
        )
        self.done.set()
