"""
Workflows in registries that speak GA4GH's Tool Registry Service, as Dockstore and WorkflowHub do: names and answers.

https://ga4gh.github.io/tool-registry-service-schemas/DataModel/ has the form of the URIs, and the API is described in
https://github.com/ga4gh/tool-registry-service-schemas/blob/develop/openapi/openapi.yaml. A registry lists the files of
a workflow. Each gets an address of its own here, below that of the workflow, so that imports lead from one to another.
"""

from __future__ import annotations

import errno
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_submit_cli.submit.fetching.addresses import DOCKSTORE, TRS, on_web

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[str, int], bytes]
    """Fetches a URL, of at most so many bytes."""

__all__ = ["Workflow", "list_files", "read_file"]

MAX_LIST = 2**20
"""Bytes of a list of files."""
PRIMARY = "PRIMARY_DESCRIPTOR"

_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?")
_OF_THIS_MACHINE = re.compile(r"(localhost|127\.0\.0\.1)(:[0-9]+)?")
_DOCKSTORE_PAGE = re.compile(rf"(?:https://)?{re.escape(DOCKSTORE)}(?P<path>[^?#]+)(?:[?#].*)?")
_BASES = {"dockstore.org": "/api/ga4gh/trs/v2"}
"""Where a registry has its API elsewhere than the specification puts it."""


@dataclass(frozen=True)
class Workflow:
    """One version of a workflow in a registry."""

    server: str
    id: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Workflow | None:
        """
        Read a name: ``trs://SERVER/ID/versions/VERSION``, the same without ``versions``, or a page of Dockstore's.

        An id may have slashes as they are. A version must have them as ``%2F``, or ``versions`` before it.

        :return: ``None`` when it is no such name at all.
        :raises OSError: with a sentence, when something is missing or wrong in it.
        """
        if page := _DOCKSTORE_PAGE.fullmatch(text):
            name, colon, version = unquote(page["path"]).partition(":")
            server, id_ = "dockstore.org", f"#workflow/{name.rstrip('/')}"
            form = f"{DOCKSTORE}github.com/ORGANIZATION/REPOSITORY:VERSION"
        elif text.startswith(TRS):
            server, _, path = text.removeprefix(TRS).partition("/")
            id_, colon, version = path.partition("/versions/") if "/versions/" in path else path.rpartition("/")
            id_, version = unquote(id_), unquote(version)
            form = f"{TRS}SERVER/ID/versions/VERSION"
        else:
            return None
        if not (colon and id_ and version):
            raise OSError(errno.EINVAL, f"it names no version of a workflow: the form is {form}")
        if not _SERVER.fullmatch(server) or not f"{id_}{version}".isprintable():
            raise OSError(errno.EINVAL, f"it is no name of a workflow in a registry: the form is {form}")
        return cls(server, id_, version)

    def url(self, *what: str) -> str:
        """Write the URL of something of the registry's: ``files``; ``descriptor``, ``../lib/tasks.wdl``."""
        scheme = "http" if _OF_THIS_MACHINE.fullmatch(self.server) else "https"
        base = f"{scheme}://{self.server}{_BASES.get(self.server, '/ga4gh/trs/v2')}"
        parts = ("tools", self.id, "versions", self.version, "WDL", *what)
        return "/".join([base, *(quote(part, safe="") for part in parts)])

    def address(self, path: str) -> str:
        """Write the address of a file here."""
        return f"{TRS}{self.server}/{quote(self.id, safe='')}/{quote(self.version, safe='')}/{path}"


def list_files(workflow: Workflow, read: Read) -> tuple[str, dict[str, str]]:
    """
    Ask a registry for a workflow's files.

    :return: address of the main WDL; and of each file, by its address, the URL of what the registry has of it.
    :raises OSError: when there is no list that can be used.
    """
    listed = _json(read(workflow.url("files"), MAX_LIST), list, "list of files")
    paths = {item["path"]: item.get("file_type") for item in listed if _is_file(item)}
    main = next((path for path, kind in paths.items() if kind == PRIMARY), None)
    if main is None:
        raise OSError(errno.ENOENT, "the registry names no main WDL for it")
    # Paths are from the folder of the main WDL, or from a top above it; either way, some may lead upwards from there.
    above = posixpath.dirname(posixpath.join("/", main))
    relative = {path: posixpath.relpath(posixpath.join("/", path), above) for path in paths}
    relative.update({path: posixpath.normpath(path) for path in paths if path.startswith("../")})
    deepest = max(path.split("/").count("..") for path in relative.values())
    below = "above/" * deepest
    found = {
        workflow.address(posixpath.normpath(below + place)): workflow.url("descriptor", path)
        for path, place in relative.items()
    }
    return workflow.address(posixpath.normpath(below + relative[main])), found


def read_file(url: str, limit: int, read: Read) -> bytes:
    """
    Read a file that a registry has, with its content in the answer, or the URL of that.

    :param limit: bytes of its content.
    :raises OSError: when it can't be had.
    """
    # In JSON, a character may take twelve bytes; twice is ample for text.
    answer = _json(read(url, 2 * limit), dict, "file")
    content, elsewhere = answer.get("content"), answer.get("url")
    if isinstance(content, str):
        data = content.encode(errors="surrogatepass")
        if len(data) > limit:
            raise OSError(errno.EFBIG, f"it has more than {human_size(limit)}")
        return data
    # As redirections are followed: from https:// to nothing else.
    if isinstance(elsewhere, str) and on_web(elsewhere) and elsewhere.startswith(("https:", url.partition("/")[0])):
        return read(elsewhere, limit)
    raise OSError(errno.EIO, "the registry's answer has neither its content nor a URL of that")


def _json(data: bytes, kind: type, what: str) -> Any:
    if not data.strip():
        raise OSError(errno.ENOENT, "the registry has no such version of it in WDL")
    try:
        found = read_json(data)
    except ValueError as exc:
        shown = quoted(data[:60].decode(errors="replace"))
        raise OSError(errno.EIO, f"the registry's answer is no JSON, but begins with {shown}") from exc
    if not isinstance(found, kind):
        raise OSError(errno.EIO, f"the registry's answer is no {what}")
    return found


def _is_file(item: object) -> bool:
    path = item.get("path") if isinstance(item, dict) else None
    return isinstance(path, str) and path.isprintable() and bool(posixpath.basename(path))
