"""
A WDL zip or folder, opened: a private copy with a checked manifest, which is packed again for the workflow job.

Its manifest names files that are read here, and deleted when other inputs take their place. So each name in it is
checked, also of those that miniwdl doesn't look at.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.fetching.addresses import is_elsewhere
from miniwdl_aws_submit_cli.submit.payload import DEFAULT_INPUTS, INPUTS, MAIN, MANIFEST, pack
from miniwdl_aws_submit_cli.submit.source.source_copy import copy_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SourceArchive", "is_archive", "open_archive"]


@dataclass(frozen=True)
class SourceArchive:
    """A source in a private copy."""

    uri: str
    """As the user wrote it."""
    folder: Path
    """The copy; its real path."""
    manifest: Mapping[str, Any]
    main_wdl: str
    """Name of the WDL in the folder."""
    inputs: tuple[str, ...]
    """Names of the inputs that came with it, in the folder; miniwdl reads the first alone."""
    new_inputs: str
    """Name for the inputs that take their place; no other file has it."""

    @property
    def input_file(self) -> str | None:
        """Path of the inputs that came with it."""
        return str(self.folder / self.inputs[0]) if self.inputs else None

    @property
    def from_zip(self) -> bool:
        """Whether it may come from someone else as it is; a folder is the user's own."""
        return not Path(self.uri).is_dir()

    def named(self, name: str) -> str:
        """Write where a file in it is, for messages."""
        return f"{self.uri}/{name}" if is_elsewhere(self.uri) else str(Path(self.uri, name))

    def holds(self, path: str) -> bool:
        """Whether an absolute path without ``..`` lies in the copy, which has no links."""
        return Path(path).is_relative_to(self.folder)

    def pack(self, inputs: Mapping[str, Any], name: str) -> bytes:
        """Zip it, with these inputs in the place of its own; equal content makes equal bytes."""
        for former in self.inputs:
            (self.folder / former).unlink(missing_ok=True)
        manifest = {key: value for key, value in self.manifest.items() if key != INPUTS}
        return pack(self.folder, manifest, inputs, name, self.new_inputs)


def is_archive(uri: str) -> bool:
    """Whether miniwdl takes a path for a source archive, or for one that is unpacked."""
    return uri.endswith(".zip") or Path(uri).is_dir()


@contextmanager
def open_archive(uri: str, path: str) -> Iterator[SourceArchive]:
    """
    Copy a zip or folder, and read its manifest; the copy goes in the end.

    :param uri: as the user wrote it, for messages.
    :param path: where it lies on this machine.
    :raises WorkflowError: when something in it leads elsewhere, or is not what the manifest says it is.
    :raises OSError: when it can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-") as temporary:
        folder = Path(temporary).resolve() / "source"
        copy_source(uri, path, folder)
        yield _read_manifest(uri, folder)


def _read_manifest(uri: str, folder: Path) -> SourceArchive:
    try:
        manifest = read_json((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        manifest = None
    main = manifest.get(MAIN) if isinstance(manifest, dict) else None
    if not isinstance(main, str):
        raise WorkflowError(
            f"Missing or invalid {MANIFEST} in {uri}", hint=f'`miniwdl zip` makes one: {{"{MAIN}": "main.wdl"}}'
        )
    inputs = manifest.get(INPUTS) or []
    if not isinstance(inputs, list) or not all(isinstance(name, str) for name in inputs):
        raise WorkflowError(f"{INPUTS} in {MANIFEST} of {uri} must be a list of file names")
    taken = {PurePosixPath(MANIFEST): "the manifest itself"}
    for key, name in [(MAIN, main), *((INPUTS, name) for name in inputs)]:
        wrong = _wrong_with(name, folder, taken)
        if wrong:
            raise WorkflowError(f"{MANIFEST} of {uri} names {quoted(name)} in {key}, {wrong}")
        if key == MAIN:
            taken[PurePosixPath(name)] = "the WDL"
    return SourceArchive(uri, folder, manifest, main, tuple(inputs), _free_name(folder, inputs))


def _wrong_with(name: str, folder: Path, taken: Mapping[PurePosixPath, str]) -> str:
    """
    Tell what is wrong with a file that the manifest names; nothing where all is well.

    :param taken: files that can't be it, and what they are.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return "which lies elsewhere: files are named by their path inside, such as tasks/align.wdl"
    if not os.path.isfile(folder / path):  # noqa: PTH113 - the other one fails for names that are too long
        return "and there is no such file in it"
    return f"which is {taken[path]}" if path in taken else ""


def _free_name(folder: Path, inputs: list[str]) -> str:
    name = DEFAULT_INPUTS
    while name not in inputs and (folder / name).exists():
        name = f"_{name}"
    return name
