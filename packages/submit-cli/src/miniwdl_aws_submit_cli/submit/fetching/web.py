"""
Reads from the web: in bounded time, by a request that says nothing about whoever asks.

Python's own opener reads no netrc and sends no cookies. Anybody may serve a WDL, and may redirect to anybody else.
"""

from __future__ import annotations

import errno
import time
from http.client import HTTPException
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from miniwdl_aws_core.sizes import human_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPMessage

__all__ = ["WebReader"]

SILENCE = 30.0
"""Seconds without a byte."""
PATIENCE = 120.0
"""Seconds for one file."""
CHUNK = 2**16


class WebReader:
    """Reads ``http://`` and ``https://``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._opener = build_opener(_Redirects)

    def read(self, url: str, limit: int, accept: str = "*/*") -> bytes:
        """
        Fetch a file.

        :param limit: bytes that it may have.
        :param accept: media type that is asked for.
        :raises OSError: with a sentence, when it can't be had, is too large or takes too long.
        """
        try:
            return self._fetch(url, limit, accept)
        except HTTPError as exc:
            exc.close()
            reason = str(exc.reason).partition("\n")[0]
            raise OSError(errno.EIO, f"the server answers {exc.code} {reason}") from exc
        except URLError as exc:
            raise OSError(errno.EIO, str(exc.reason)) from exc
        except (HTTPException, ValueError) as exc:
            raise OSError(errno.EINVAL, f"it can't be asked for: {exc}") from exc

    def _fetch(self, url: str, limit: int, accept: str) -> bytes:
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise ValueError("its address must not hold a user or password")
        deadline, data = self._clock() + PATIENCE, bytearray()
        headers = {"User-Agent": "miniwdl-aws-submit", "Accept": accept}
        request = Request(url, headers=headers)  # noqa: S310 - the web, as was made sure
        with self._opener.open(request, timeout=SILENCE) as answer:
            while chunk := answer.read1(CHUNK):
                data += chunk
                if len(data) > limit:
                    raise OSError(errno.EFBIG, f"it has more than {human_size(limit)}")
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
