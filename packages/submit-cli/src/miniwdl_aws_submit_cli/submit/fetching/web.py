"""
WDL from the web: small texts, in bounded time, by a request that says nothing about whoever asks.

Python's own opener reads no netrc and sends no cookies. Anybody may serve a WDL, and may redirect to anybody else.
"""

from __future__ import annotations

import errno
import time
from http.client import HTTPException
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPMessage

__all__ = ["WebSources", "joined", "on_web"]

MAX_FILE = 4 * 2**20
"""Bytes of one WDL; the largest that are known have a fiftieth of them."""
MAX_FILES = 500
"""Files of one workflow: imports may go on without end."""
SILENCE = 30.0
"""Seconds without a byte."""
PATIENCE = 120.0
"""Seconds for one file."""
CHUNK = 2**16


def on_web(uri: str) -> bool:
    """Whether a WDL is named by an address of the web."""
    return uri.startswith(("http:", "https:"))


def joined(importer: str, uri: str) -> str:
    """
    Find the address of what a WDL from the web imports.

    :param importer: address of the WDL.
    :raises OSError: when it would not be on the web: such a WDL reads no file of this machine.
    """
    found = urljoin(importer, uri)
    if uri.startswith("/") or not on_web(found):
        raise PermissionError(errno.EPERM, f"a WDL from the web imports by URL or relative path, not {uri}")
    return found


class WebSources:
    """Fetches the files of one workflow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count = 0
        self._opener = build_opener(_Redirects)

    def read(self, url: str) -> str:
        """
        Fetch a text.

        :raises OSError: with a sentence, when it can't be had, is too large or takes too long, or is not in UTF-8.
        """
        # miniwdl makes a path of each URL when it zips the WDL, and would write to wherever that leads.
        if ".." in url.split("/"):
            raise PermissionError(errno.EPERM, "a URL must not have .. in it")
        self._count += 1
        if self._count > MAX_FILES:
            raise OSError(errno.EFBIG, f"the workflow has more than {MAX_FILES} files on the web")
        try:
            return self._fetch(url).decode()
        except HTTPError as exc:
            exc.close()
            reason = str(exc.reason).partition("\n")[0]
            raise OSError(errno.EIO, f"the server answers {exc.code} {reason}") from exc
        except URLError as exc:
            raise OSError(errno.EIO, str(exc.reason)) from exc
        except UnicodeDecodeError as exc:
            raise OSError(errno.EILSEQ, "it is not text in UTF-8") from exc
        except (HTTPException, ValueError) as exc:
            raise OSError(errno.EINVAL, f"it can't be asked for: {exc}") from exc

    def _fetch(self, url: str) -> bytes:
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise ValueError("its address must not hold a user or password")
        if not parts.path.rpartition("/")[2]:
            raise ValueError("its address names no file")
        deadline, data = self._clock() + PATIENCE, bytearray()
        request = Request(url, headers={"User-Agent": "miniwdl-aws-submit"})  # noqa: S310 - the web, as was made sure
        with self._opener.open(request, timeout=SILENCE) as answer:
            while chunk := answer.read1(CHUNK):
                data += chunk
                if len(data) > MAX_FILE:
                    raise OSError(errno.EFBIG, f"it has more than {MAX_FILE >> 20} MiB")
                if self._clock() > deadline:
                    raise OSError(errno.ETIMEDOUT, f"it did not come within {PATIENCE:.0f} seconds")
        return bytes(data)


class _Redirects(HTTPRedirectHandler):
    """Follows a few, and none from https to anything else."""

    max_redirections = 5

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in (before.scheme, "https") or "@" in after.netloc:
            fp.close()
            raise URLError(f"the server redirects from {before.scheme}:// to {after.scheme}://{after.hostname}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
