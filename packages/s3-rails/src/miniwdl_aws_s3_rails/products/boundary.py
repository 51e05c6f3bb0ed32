"""
Finds out which files of a run directory may leave it: what miniwdl linked in ``out/``, logs and error.json.

This is a security boundary. Tasks can write into the run directory, and name things as they like; so nothing is
followed but the links that miniwdl itself made, each of which leads straight to a file or folder, and, within a
Directory output, links that stay inside it. Whatever else is found is refused by name.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from miniwdl_aws_core.records.folding import RECORDS
from miniwdl_aws_core.run_files import JSON_LOGS, OUT, REPORTS, RUN_LOGS, STREAMS
from miniwdl_aws_core.s3uri import MAX_KEY_BYTES
from miniwdl_aws_hooks.protocol import ERROR_JSON, OUTPUTS_JSON

__all__ = [
    "LOGS",
    "MANIFEST",
    "OWN_NAMES",
    "Products",
    "collect_outputs",
    "is_within",
]

MANIFEST = "upload_manifest.json"
"""What was uploaded, and what proves that it is whole."""

LOGS = (*RUN_LOGS, *JSON_LOGS)

OWN_NAMES = frozenset({OUTPUTS_JSON, ERROR_JSON, MANIFEST, *LOGS, *REPORTS, *RECORDS, *STREAMS.values()})
"""Names beside the outputs that are the run's own; only ``[file_io] use_relative_output_paths`` can clash with them."""

DIRECTORY_MARKER = ".WDL_Directory"
"""Empty file that miniwdl puts beside the link of a Directory output."""


@dataclass(frozen=True)
class Products:
    """What a run made."""

    files: dict[str, Path] = field(default_factory=dict)
    """Real path of each file by its name under ``out/``; a name that ends in a slash is an empty folder."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes of each file, by the same names."""
    outputs: dict[str, bool] = field(default_factory=dict)
    """Names of what miniwdl linked, and whether it is a Directory."""
    refused: dict[str, str] = field(default_factory=dict)
    """Why something may not leave, by name."""


def collect_outputs(run_dir: Path, root: Path, *, hardlinks: bool = False) -> Products:
    """
    Collect the outputs of a run.

    :param root: ``[file_io] root``; nothing outside it may leave.
    :param hardlinks: whether ``[file_io] output_hardlinks`` was on, so that no link in ``out/`` is miniwdl's own.
    """
    collector = _Collector(Path(os.path.realpath(root)), hardlinks=hardlinks)
    out = run_dir / OUT
    if out.is_dir() and not out.is_symlink():
        collector.scan(Path(os.path.realpath(out)), "")
    return collector.products


def is_within(path: str | Path, folder: str | Path) -> bool:
    """Whether a path is a folder or lies in it, once all links are resolved."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _look(path: Path) -> os.stat_result | None:
    """See what there is, a link being a link. Once for each: it is a request to a shared file system's servers."""
    try:
        return path.lstat()
    except OSError:
        return None


class _Collector:
    def __init__(self, root: Path, *, hardlinks: bool) -> None:
        self.products = Products()
        self._root = root
        self._hardlinks = hardlinks
        # Many outputs lie in one folder.
        self._real_folder = cache(os.path.realpath)

    def scan(self, folder: Path, prefix: str) -> None:
        """
        Go through a folder of ``out/`` that miniwdl made to arrange outputs.

        :param folder: its real path.
        """
        entries = self._entries(folder, prefix)
        holds_directory = any(entry.name == DIRECTORY_MARKER for entry in entries)
        for entry in entries:
            name = prefix + entry.name
            if entry.name == DIRECTORY_MARKER:
                continue
            if name in OWN_NAMES:
                self._refuse(name, f"an output file's name clashes with the run's own {name}")
            elif entry.is_symlink():
                self._link(name, folder, entry.path)
            elif entry.is_dir(follow_symlinks=False):
                path = Path(entry.path)
                if holds_directory:
                    self.products.outputs[name] = True
                    self._tree(path, path, name + "/", ())
                    continue
                if self._hardlinks:
                    # With relative output paths as well, a Directory has no marker: any of these may be one.
                    self.products.outputs[name] = True
                self.scan(path, name + "/")
            else:
                path = Path(entry.path)
                self._file(name, path, _look(path), output=True)

    def _link(self, name: str, folder: Path, link: str) -> None:
        if self._hardlinks:
            self._refuse(name, "it is a symbolic link, though outputs are hard links")
            return
        # miniwdl resolves all links before it makes its own: if another link has come in between, it isn't miniwdl's.
        target = Path(os.path.normpath(folder / os.readlink(link)))  # noqa: PTH115
        found = _look(target)
        if self._real_folder(target.parent) != str(target.parent) or (found and stat.S_ISLNK(found.st_mode)):
            self._refuse(name, "its link was changed after miniwdl made it")
        elif not target.is_relative_to(self._root):
            self._refuse(name, f"it lies outside the shared file system {self._root}")
        elif found and stat.S_ISDIR(found.st_mode):
            self.products.outputs[name] = True
            self._tree(target, target, name + "/", ())
        else:
            self._file(name, target, found, output=True)

    def _tree(self, top: Path, folder: Path, prefix: str, above: tuple[str, ...]) -> None:
        """Go through a Directory output: a task made it, and everything in it."""
        real = os.path.realpath(folder)
        if real in above:
            self._refuse(prefix, "a symbolic link leads back to a folder above it")
            return
        entries = self._entries(folder, prefix)
        if not entries and prefix not in self.products.refused:
            self._add(prefix, folder, 0)
        for entry in entries:
            name, path = prefix + entry.name, Path(entry.path)
            if entry.is_symlink():
                if not is_within(path, top):
                    self._refuse(name, "it is a symbolic link that leads out of its Directory output")
                    continue
                path = Path(os.path.realpath(path))
            found = _look(path)
            if found and stat.S_ISDIR(found.st_mode):
                self._tree(top, path, name + "/", (*above, real))
            else:
                self._file(name, path, found, output=False)

    def _entries(self, folder: Path, prefix: str) -> list[os.DirEntry[str]]:
        """List a folder, unless that can't be, or goes deeper than a key can tell: a task may nest without an end."""
        if len(os.fsencode(prefix)) > MAX_KEY_BYTES:
            self._refuse(prefix, f"its key would be longer than S3's {MAX_KEY_BYTES} bytes")
            return []
        try:
            return sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as exc:
            self._refuse(prefix or OUT, f"it can't be listed: {exc.strerror}")
            return []

    def _file(self, name: str, path: Path, found: os.stat_result | None, *, output: bool) -> None:
        if not found:
            self._refuse(name, "it does not exist any more, or may not be looked at")
        elif not stat.S_ISREG(found.st_mode):
            self._refuse(name, "it is not a regular file")
        elif self._add(name, path, found.st_size) and output:
            self.products.outputs[name] = False

    def _add(self, name: str, path: Path, size: int) -> bool:
        try:
            name.encode()
        except UnicodeEncodeError:
            self._refuse(ascii(name), "its name is not valid UTF-8, which S3 demands")
            return False
        self.products.files[name] = path
        self.products.sizes[name] = size
        return True

    def _refuse(self, name: str, reason: str) -> None:
        self.products.refused[name] = reason
