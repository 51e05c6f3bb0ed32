"""
Where the object of a key lies as a file. Pure, apart from looking whether a path is taken.

An ordinary key is a path under its bucket's folder. A key that is no such path (``a//b``, ``../a``, ``a/``, a part
longer than a file name may be, a key below another object's) goes to the side folder ``.odd-keys/<bucket>/``: the
object is ``<SHA-256 of the key>``, and beside it ``<SHA-256>.key`` holds the key itself. Bucket names can't begin with
a dot, so the side folder is never a bucket's.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SIDE_FOLDER", "KeyPaths", "is_plain"]

SIDE_FOLDER = ".odd-keys"
KEY_SUFFIX = ".key"
MAX_PART = 255
"""Bytes of a file name, on all common file systems."""
MAX_PATH = 1000
"""Bytes of the path below the bucket's folder: macOS allows 1024 in all."""


def is_plain(key: str) -> bool:
    """Whether a key can be a relative path as it is."""
    try:
        parts = key.encode("utf-8").split(b"/")
    except UnicodeEncodeError:
        return False
    return len(key) <= MAX_PATH and all(
        0 < len(part) <= MAX_PART and part not in {b".", b".."} and b"\0" not in part and b"\\" not in part
        for part in parts
    )


class KeyPaths:
    """Paths of one bucket's objects."""

    def __init__(self, root: Path, bucket: str) -> None:
        """Look below the folder of all buckets."""
        self.folder = root / bucket
        self._side = root / SIDE_FOLDER / bucket

    def find(self, key: str) -> Path:
        """Give the file of an object, or of none: never that of another key, as which a path may be read."""
        odd = self._odd(key)
        return odd if odd.exists() or not is_plain(key) else self.folder / key

    def choose(self, key: str) -> Path:
        """Give the file for an object to be written, making the folders that it needs."""
        odd = self._odd(key)
        path = self.folder / key if is_plain(key) and not odd.exists() else odd
        if path != odd:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):  # another object is a part of the path
                path = odd
            else:
                path = odd if path.is_dir() else path
        if path == odd:
            self._side.mkdir(parents=True, exist_ok=True)
            odd.with_suffix(KEY_SUFFIX).write_bytes(_encode(key))
        return path

    def remove(self, key: str) -> None:
        """Remove an object's file, and the folders that become empty."""
        path = self.find(key)
        path.unlink(missing_ok=True)
        if path.parent == self._side:
            path.with_suffix(KEY_SUFFIX).unlink(missing_ok=True)
        folder = path.parent
        while folder not in {self.folder, self._side}:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _odd(self, key: str) -> Path:
        return self._side / hashlib.sha256(_encode(key)).hexdigest()

    def plain_files(self, prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
        """
        List the files below the bucket's folder that are objects, also those that somebody put there: key and file.

        :param prefix: of the keys, of which other ones may be among those listed.
        :raises OSError: when folders go meanwhile, or can't be read.
        """
        above, slash, _name = prefix.rpartition("/")
        folder = self.folder / above
        if (is_plain(above) or not above) and folder.is_dir():
            yield from ((key, entry) for key, entry in _files(str(folder), above + slash) if is_plain(key))

    def items(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """List the objects: key and file."""
        yield from self.plain_files()
        if self._side.is_dir():
            with os.scandir(self._side) as entries:
                for entry in entries:
                    note = self._side / (entry.name + KEY_SUFFIX)
                    if not entry.name.endswith(KEY_SUFFIX) and note.exists():
                        yield note.read_bytes().decode("utf-8", "surrogatepass"), entry


def _encode(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _files(folder: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path, f"{prefix}{entry.name}/")
            elif entry.is_file():
                yield prefix + entry.name, entry
