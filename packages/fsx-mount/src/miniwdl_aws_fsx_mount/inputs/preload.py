"""
Loading files from S3 before the task that needs them starts.

Where the command ``lfs`` is there, it asks for each file by ``lfs hsm_restore``, looks with ``lfs hsm_action`` until
nothing goes on any more (``NOOP``), and with ``lfs hsm_state`` whether the data has come: a file whose data is in S3
only is ``released``. The workflow job's image need not have ``lfs``, and a host may keep it to root. Then the first
byte of each file is read instead: FSx loads the whole file, and the reader waits until it is there. That is as right,
but a large file holds its reader up.

Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/preload-file-contents-hsm-dra.html
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.surprises import in_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Preloader", "files_of", "find_loader", "read_first_byte", "restore"]

logger = logging.getLogger(__name__)

READERS = 16

LFS_TIMEOUT = 60.0
"""Seconds that one call of `lfs` may take; none of them waits for data."""

FIRST_PERIOD, PERIOD = 0.1, 5.0
"""Seconds between two looks at a file that is coming, at first and later: each wait is twice the one before."""


def files_of(path: Path) -> list[Path]:
    """Regular files that a path stands for; links in a folder may lead anywhere."""
    if path.is_file():
        return [path]
    return sorted(item for item in path.rglob("*") if item.is_file() and not item.is_symlink())


def read_first_byte(path: Path) -> None:
    """Wait until a file's data is on the file system."""
    with path.open("rb") as file:
        file.read(1)


def restore(path: Path, lfs: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """
    Let Lustre fetch a file, and wait until its data is there.

    :param lfs: path of the command.
    """
    try:
        if not _is_released(path, lfs):
            return
        _lfs(lfs, "hsm_restore", path)
        wait = FIRST_PERIOD
        while "NOOP" not in _lfs(lfs, "hsm_action", path):
            sleep(wait)
            wait = min(2 * wait, PERIOD)
        if not _is_released(path, lfs):
            return
        logger.warning("Lustre did not restore %s, so it will be read", path)
    except (OSError, subprocess.SubprocessError) as exc:
        logger.debug("no lfs for %s: %s", path, getattr(exc, "stderr", None) or exc)
    read_first_byte(path)


def _is_released(path: Path, lfs: str) -> bool:
    return "released" in _lfs(lfs, "hsm_state", path)


def _lfs(lfs: str, command: str, path: Path) -> str:
    """Run a subcommand on a file, and return what it says after the file's name, which may be any text."""
    done = subprocess.run(
        [lfs, command, str(path)],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=LFS_TIMEOUT,
        check=True,
    )
    return done.stdout.removeprefix(str(path))


def find_loader() -> Callable[[Path], None]:
    """Choose how this machine loads a file."""
    lfs = shutil.which("lfs")
    return read_first_byte if lfs is None else lambda path: restore(path, lfs)


class Preloader:
    """A few threads that load; they end with the process, since what they do is never needed for a result."""

    def __init__(
        self,
        readers: int = READERS,
        load: Callable[[Path], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load or find_loader()
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
            except Exception as exc:  # noqa: BLE001 - a thread that ends here would leave the batch unfinished
                text = "could not preload %s, the task that reads it will try again: %s"
                logger.warning(text, file, in_words(exc))
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
