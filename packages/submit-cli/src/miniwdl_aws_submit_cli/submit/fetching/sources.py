"""What one submission reads from elsewhere: each file once, of bounded size and number, by what reads its scheme."""

from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import Path

from miniwdl_aws_submit_cli.submit.fetching.addresses import TRS, on_web
from miniwdl_aws_submit_cli.submit.fetching.stored import read_stored
from miniwdl_aws_submit_cli.submit.fetching.trs import Workflow, list_files, read_file
from miniwdl_aws_submit_cli.submit.fetching.web import WebReader

__all__ = ["Sources"]

MAX_FILE = 4 * 2**20
"""Bytes of one WDL; the largest that are known have a fiftieth of them."""
MAX_INPUTS = 16 * 2**20
"""Bytes of a file of inputs."""
MAX_ZIP = 64 * 2**20
"""Bytes of a source zip: what it holds travels with each run."""
MAX_FILES = 500
"""Files of one submission: imports may go on without end."""


class Sources:
    """Fetches files, and keeps what came: the same address is the same file, whatever the server says later."""

    def __init__(self) -> None:
        web = WebReader()
        self._read_web = web.read
        self._read_json = partial(web.read, accept="application/json")
        self._kept: dict[str, bytes] = {}
        self._registered: dict[str, str] = {}
        """URLs of files in registries, by their addresses here."""

    def main_wdl(self, uri: str) -> str:
        """
        Find the address of the WDL that a user means by a URI: another one where that names a workflow in a registry.

        :raises OSError: with a sentence, when the registry gives none.
        """
        workflow = Workflow.parse(uri)
        if workflow is None:
            return uri
        main, files = list_files(workflow, self._read_json)
        self._registered.update(files)
        return main

    def wdl(self, uri: str) -> str:
        """
        Read a WDL.

        :raises OSError: with a sentence, when it can't be had, is too large, or is not in UTF-8.
        """
        # miniwdl makes a path of each address when it zips the WDL, and would write to wherever that leads.
        if ".." in uri.split("/"):
            raise PermissionError(errno.EPERM, "its address must not have .. in it")
        return _text(self._read(uri, MAX_FILE))

    def inputs(self, uri: str) -> str:
        """
        Read a file of inputs.

        :raises OSError: as of :meth:`wdl`.
        """
        return _text(self._read(uri, MAX_INPUTS))

    def zip(self, uri: str, folder: str) -> str:
        """
        Put a source zip into a folder.

        :return: its path there.
        :raises OSError: when it can't be had, or is too large.
        """
        path = os.path.join(folder, "source.zip")  # noqa: PTH118 - its callers take paths as texts
        Path(path).write_bytes(self._read(uri, MAX_ZIP))
        return path

    def _read(self, uri: str, limit: int) -> bytes:
        if uri not in self._kept:
            if len(self._kept) >= MAX_FILES:
                raise OSError(errno.EFBIG, f"the workflow has more than {MAX_FILES} files elsewhere")
            if not uri.partition("?")[0].partition("://")[2].partition("/")[2].rpartition("/")[2]:
                raise OSError(errno.EINVAL, "its address names no file")
            self._kept[uri] = self._fetch(uri, limit)
        return self._kept[uri]

    def _fetch(self, uri: str, limit: int) -> bytes:
        if on_web(uri):
            return self._read_web(uri, limit)
        if not uri.startswith(TRS):
            return read_stored(uri, limit)
        if uri not in self._registered:
            raise OSError(errno.ENOENT, "the registry has no such file of the workflow")
        return read_file(self._registered[uri], limit, self._read_json)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise OSError(errno.EILSEQ, "it is not text in UTF-8") from exc
