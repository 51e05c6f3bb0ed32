"""The one file that travels with a workflow job: a source archive with its inputs, or inputs alone."""

from __future__ import annotations

import base64
import glob
import json
import logging
import lzma
import secrets
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from WDL import Zip

from miniwdl_aws_submit_cli.json_texts import readable_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from WDL.Tree import Document

__all__ = ["DEFAULT_INPUTS", "INPUTS", "MAIN", "MANIFEST", "Payload", "archive_document", "pack", "task_env_file"]

DEFAULT_INPUTS = "default_input.json"
"""Name of the inputs inside an archive, miniwdl's own."""

MANIFEST = "MANIFEST.json"
MAIN = "mainWorkflowURL"
INPUTS = "inputFileURLs"

_silent = logging.getLogger("miniwdl_aws_submit_cli.zip")
_silent.setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Payload:
    """A file and its name."""

    name: str
    data: bytes

    def encode(self) -> str:
        """
        Compress it for an environment variable.

        LZMA's old container has 13 bytes of overhead, xz's new one 60 and more; both can be read by Python alone.
        """
        return base64.urlsafe_b64encode(lzma.compress(self.data, format=lzma.FORMAT_ALONE)).decode("ascii")


def task_env_file(env: Mapping[str, str | None], variables: Mapping[str, str]) -> Payload:
    """
    Write what ``--env`` gives to tasks, and some variables, for a place that fewer can read than the job's description.

    :param variables: of the workflow job itself.

    Staged files are named by their content, and the name stands in the job's environment: salt keeps a short value from
    being guessed by it.
    """
    values = {"env": dict(env), "variables": dict(variables), "salt": secrets.token_hex(16)}
    return Payload("task-env.json", json.dumps(values).encode())


def archive_document(document: Document, inputs: Mapping[str, Any], name: str, files: Sequence[str] = ()) -> bytes:
    """
    Zip a WDL document with everything it imports and its inputs; equal content makes equal bytes.

    :param files: paths of what travels with it; each lies in the folder of one of the WDL files, or below.
    :raises WDL.Error.InputError: when one of them can't: it is a link that leads elsewhere, or has a WDL's name.
    """
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-")))
        archive = folder / name
        Zip.build(document, str(archive), _silent, additional_files=[glob.escape(file) for file in files])
        source = folder / "source"
        with ZipFile(archive) as opened:
            opened.extractall(source)
        return pack(source, {MAIN: PurePosixPath(document.pos.abspath).name}, inputs, name)


def pack(folder: Path, manifest: Mapping[str, Any], inputs: Mapping[str, Any], name: str, as_name: str = "") -> bytes:
    """
    Zip a folder with a WDL in it as a source archive.

    :param folder: gets the manifest, and the inputs.
    :param manifest: without inputs.
    :param inputs: of the workflow; there may be none.
    :param name: of the archive.
    :param as_name: of the file with the inputs.
    """
    as_name = as_name or free_name(folder, DEFAULT_INPUTS)
    if inputs:
        manifest = {**manifest, INPUTS: [as_name]}
        (folder / as_name).write_text(readable_json(inputs), encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-") as temporary:
        target = Path(temporary) / name
        Zip.create_reproducible_archive(str(folder), str(target), "zip")
        return target.read_bytes()


def free_name(folder: Path, name: str) -> str:
    """Find a name for a new file in a folder."""
    while (folder / name).exists():
        name = f"_{name}"
    return name
