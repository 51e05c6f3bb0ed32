"""
A private copy of a WDL zip or folder, which leads to nothing outside it.

Zips come from strangers. So each entry is looked at before any is unpacked, and a copy holds plain files and folders
alone: whatever reads, writes or deletes in it by a checked name stays in it.
"""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from miniwdl_aws_submit_cli.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["copy_source"]

MAX_SIZE = 2**30
"""Bytes that all files of a source may have. A small zip can say that it holds petabytes."""
MAX_FILES = 100_000
"""Files and folders. A few links in a folder can multiply without end, as can the entries of a zip."""


def copy_source(uri: str, path: str, target: Path) -> None:
    """
    Unpack a zip, or copy a folder with what the links in it lead to.

    :param uri: as the user wrote it, for messages.
    :param path: where it lies on this machine.
    :param target: does not exist yet.
    :raises WorkflowError: when something in it is no plain file or folder, or lies elsewhere; names the first.
    :raises OSError: when a file can't be read.
    """
    if Path(path).is_dir():
        _FolderCopy(path).run(target)
    else:
        _unpack(uri, path, target)


@dataclass
class _Amount:
    """What was found so far in a source."""

    uri: str
    files: int = 0
    size: int = 0

    def add(self, size: int) -> None:
        self.files += 1
        self.size += size
        if self.size > MAX_SIZE or self.files > MAX_FILES:
            raise WorkflowError(
                f"{self.uri} holds more than {MAX_SIZE >> 30} GiB or {MAX_FILES} files, too much for a WDL",
                hint="files that tasks read are inputs: name them, and leave them out of it",
            )


def _unpack(uri: str, path: str, target: Path) -> None:
    with _readable(uri), zipfile.ZipFile(path) as archive:
        _check_entries(uri, archive.infolist())
        # It reads no more of an entry than the size that was checked, whatever the entry really holds.
        archive.extractall(target)


@contextmanager
def _readable(uri: str) -> Iterator[None]:
    """Say of what can't be unpacked that it is so: a damaged zip can make zipfile fail in all these ways."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError) as exc:
        raise WorkflowError(f"{uri} can't be unpacked as a zip: {exc}") from exc


def _check_entries(uri: str, entries: Sequence[zipfile.ZipInfo]) -> None:
    amount = _Amount(uri)
    files: set[PurePosixPath] = set()
    folders = {PurePosixPath()}
    for entry in entries:
        # zipfile cuts the other name at a NUL, as C programs do.
        name = entry.orig_filename
        wrong, hint = _wrong_with(name, entry.external_attr >> 16)
        if wrong:
            raise WorkflowError(f"{uri} has the entry {name!r}, {wrong}", hint=hint)
        amount.add(entry.file_size)
        path = PurePosixPath(name)
        if path in files:
            raise WorkflowError(f"{uri} has the entry {name!r} more than once", hint="make the zip anew")
        folders.update(path.parents)
        (folders if entry.is_dir() else files).add(path)
    for path in sorted(files & folders):
        raise WorkflowError(f"{uri} has the entry {str(path)!r} as file and as folder", hint="make the zip anew")


def _wrong_with(name: str, mode: int) -> tuple[str, str]:
    """
    Tell what is wrong with an entry, and what to do; nothing where all is well.

    :param mode: type and permissions; 0 from systems that don't have them.
    """
    if "\0" in name or "\\" in name:
        return "whose name has a NUL or a backslash in it", "make the zip anew, with names such as tasks/align.wdl"
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        return "which would lie outside the folder that it is unpacked in", "make the zip anew, inside the folder"
    if stat.S_ISLNK(mode):
        return "which is a symbolic link", "zip what it leads to: `zip -r` without -y does"
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "which is no plain file or folder", "make the zip anew without it"
    return "", ""


class _FolderCopy:
    """Copies a folder; each link becomes what it leads to, as miniwdl makes plain files of them when it zips."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.root = Path(os.path.realpath(uri))
        self.amount = _Amount(uri)

    def run(self, target: Path) -> None:
        """Copy it all, into a folder to be made."""
        self._copy_folder(Path(self.uri), self.root, target, ())

    def _copy_folder(self, name: Path, real: Path, target: Path, above: tuple[Path, ...]) -> None:
        """
        Copy a folder below the root.

        :param name: as the user sees it.
        :param real: the same without links.
        :param above: real paths of the folders that it is in.
        """
        if real in above:
            raise _refused(name, "leads back to a folder above it, so its content has no end", "remove the link")
        target.mkdir()
        with os.scandir(real) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if not _is_text(entry.name):
                    raise _refused(name / entry.name, "has a name that is not valid UTF-8", "rename it")
                self._copy(name / entry.name, Path(entry.path), target / entry.name, (*above, real))

    def _copy(self, name: Path, path: Path, target: Path, above: tuple[Path, ...]) -> None:
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self.root):
            raise _refused(
                name,
                f"is a symbolic link that leads out of {self.uri}, to {real}",
                "only what lies in the folder belongs to the WDL: put a copy there, or name the file as an input",
            )
        try:
            found = real.lstat()
        except FileNotFoundError:
            raise _refused(name, "is a symbolic link that leads nowhere", "remove the link") from None
        if stat.S_ISDIR(found.st_mode):
            self.amount.add(0)
            self._copy_folder(name, real, target, above)
            return
        if not stat.S_ISREG(found.st_mode):
            # A link here has no end, or came in between.
            what = "is a symbolic link that leads nowhere" if stat.S_ISLNK(found.st_mode) else "is no file or folder"
            raise _refused(name, what, "remove it")
        self.amount.add(found.st_size)
        # Should it be exchanged just now, for a link or a pipe, then it is neither followed nor waited for.
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)


def _is_text(name: str) -> bool:
    """Whether a zip can hold a name; Python puts surrogates for bytes that are no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _refused(name: Path, what: str, hint: str) -> WorkflowError:
    return WorkflowError(f"{str(name)!r} {what}", hint=hint)
