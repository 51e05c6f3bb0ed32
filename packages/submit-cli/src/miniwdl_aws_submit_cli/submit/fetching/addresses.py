"""Addresses of WDL and inputs that lie elsewhere, and what an import leads to from there. Pure."""

from __future__ import annotations

import errno
import re
from urllib.parse import urljoin

__all__ = ["URI", "is_elsewhere", "joined", "on_web"]

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
"""How a name begins that is no path."""


def on_web(uri: str) -> bool:
    """Whether something is named by an address of the web."""
    return uri.startswith(("http:", "https:"))


def is_elsewhere(name: str) -> bool:
    """Whether something is named by a URI, and has to be fetched, rather than by a path."""
    return on_web(name) or bool(URI.match(name))


def joined(importer: str, uri: str) -> str:
    """
    Find the address of what a WDL from elsewhere imports.

    Keys of ``s3://`` are taken to the letter, so they have no queries, and nothing in them is decoded.

    :param importer: address of the WDL.
    :raises OSError: when it would be a file of this machine, or when a WDL from the web, which anybody may have
        written, names anything but the web: credentials are for what the user has named.
    """
    if on_web(importer):
        found = urljoin(importer, uri)
        if uri.startswith("/") or not on_web(found):
            raise PermissionError(errno.EPERM, f"a WDL from the web imports by URL or relative path, not {uri}")
        return found
    if is_elsewhere(uri):
        return uri
    scheme, _, rest = importer.partition("://")
    top, *folders = rest.split("/")[:-1]
    if uri.startswith("/"):
        raise PermissionError(errno.EPERM, f"a WDL from {scheme}:// imports by URI or relative path, not {uri}")
    for part in uri.split("/"):
        if part == "..":
            if not folders:
                raise PermissionError(errno.EPERM, f"{uri} leads out of {scheme}://{top}/")
            folders.pop()
        elif part not in ("", "."):
            folders.append(part)
    return f"{scheme}://{'/'.join([top, *folders])}"
