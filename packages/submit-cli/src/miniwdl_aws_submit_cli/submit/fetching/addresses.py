"""Addresses of WDL and inputs that lie elsewhere, and what an import leads to from there. Pure."""

from __future__ import annotations

import errno
import re
from urllib.parse import urljoin

__all__ = ["DOCKSTORE", "TRS", "URI", "is_elsewhere", "joined", "on_web"]

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
"""How a name begins that is no path."""


TRS = "trs://"
"""GA4GH's URIs of workflows in registries."""
DOCKSTORE = "dockstore.org/workflows/"
"""How pages of Dockstore's begin, which people copy with ``https://`` and without."""


def on_web(uri: str) -> bool:
    """Whether something is named by an address of the web."""
    return uri.startswith(("http:", "https:"))


def is_elsewhere(name: str) -> bool:
    """Whether something is named by a URI, and has to be fetched, rather than by a path."""
    return on_web(name) or bool(URI.match(name)) or name.startswith(DOCKSTORE)


def joined(importer: str, uri: str) -> str:
    """
    Find the address of what a WDL from elsewhere imports.

    Keys of ``s3://`` are taken to the letter, so they have no queries, and nothing in them is decoded.

    :param importer: address of the WDL.
    :raises OSError: when it would be a file of this machine, or when a WDL from the web, which anybody may have
        written, names anything but the web: credentials are for what the user has named.
    """
    from_anybody = on_web(importer) or importer.startswith(TRS)
    if uri.startswith("/") or (from_anybody and URI.match(uri) and not on_web(uri)):
        whose = "the web" if from_anybody else f"{importer.partition('://')[0]}://"
        how = "URL" if from_anybody else "URI"
        raise PermissionError(errno.EPERM, f"a WDL from {whose} imports by {how} or relative path, not {uri}")
    if on_web(importer):
        return urljoin(importer, uri)
    if URI.match(uri):
        return uri
    scheme, _, rest = importer.partition("://")
    top, *folders = rest.split("/")[:-1]
    for part in uri.split("/"):
        if part == "..":
            if not folders:
                raise PermissionError(errno.EPERM, f"{uri} leads out of {scheme}://{top}/")
            folders.pop()
        elif part not in ("", "."):
            folders.append(part)
    return f"{scheme}://{'/'.join([top, *folders])}"
