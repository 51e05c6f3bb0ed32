"""
HTTP connections that stay open from one request to the next, through proxies and with the certificates of whoever asks.

It is the standard library's client: its answers are read into a buffer that is there already, while other threads run.
What a proxy is for is read as botocore reads it: HTTP_PROXY, HTTPS_PROXY, NO_PROXY.
"""

from __future__ import annotations

import base64
import ssl
import urllib.request
import weakref
from collections import defaultdict
from contextlib import contextmanager
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from miniwdl_aws_core.aws.errors import Kind
from miniwdl_aws_core.aws.surprises import in_words
from miniwdl_aws_s3_rails.errors import AccessError, LineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Connections", "pieces"]

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a server to take a connection."""

PROXY_PORT = 80
"""Of a proxy whose address names none, also for what is sent to it by way of a tunnel."""

READ_TIMEOUT = 60.0
"""Seconds to wait for the next bytes of an answer, as with the client of single requests."""


class Connections:
    """Connections to any servers; safe to share between threads."""

    def __init__(self, ca_bundle: str | None = None) -> None:
        """
        Start without any.

        :param ca_bundle: file of certificates to trust instead of the system's.
        """
        self._ca_bundle = ca_bundle
        self._proxies: dict[str, SplitResult | None] = {}
        self._idle: defaultdict[str, list[HTTPConnection]] = defaultdict(list)
        weakref.finalize(self, _close, self._idle)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_bundle)

    @contextmanager
    def answered(self, server: str, method: str, target: str, headers: Mapping[str, str]) -> Iterator[HTTPResponse]:
        """
        Send a request without a body; the answer's content can be read while the block runs.

        What is raised on the way there is a :class:`LineError`. Who reads the answer sees to that by :func:`pieces`.

        :param server: ``https://host`` or ``http://host:port``.
        :param target: path and query.
        """
        proxy = self._proxy(server)
        if proxy and server.startswith("http:"):
            target, headers = f"{server}{target}", {**headers, **_identity(proxy)}
        connection, response = self._ask(server, method, target, headers)
        is_whole = False
        try:
            yield response
            is_whole = response.isclosed() and not response.length and not response.will_close
        finally:
            response.close()
            if is_whole:
                self._idle[server].append(connection)
            else:
                connection.close()

    def _proxy(self, server: str) -> SplitResult | None:
        # The environment takes longer to read than an answer takes to come.
        if server not in self._proxies:
            self._proxies[server] = _proxy(server)
        return self._proxies[server]

    def _ask(
        self, server: str, method: str, target: str, headers: Mapping[str, str]
    ) -> tuple[HTTPConnection, HTTPResponse]:
        idle = self._idle[server]
        while True:
            try:
                connection, is_used = idle.pop(), True
            except IndexError:
                connection, is_used = self._new(server), False
            try:
                if not is_used:
                    connection.connect()
                    connection.sock.settimeout(READ_TIMEOUT)
                connection.request(method, target, headers=headers)
                return connection, connection.getresponse()
            except (OSError, HTTPException) as exc:
                connection.close()
                # Servers close what nobody has used for a while: then it takes a new one, and is no failure.
                if not is_used or isinstance(exc, TimeoutError):
                    raise LineError(f"no answer from {server} ({in_words(exc)})") from exc
            except BaseException:
                connection.close()
                raise

    def _new(self, server: str) -> HTTPConnection:
        url, proxy = urlsplit(server), self._proxy(server)
        host, port = (proxy.hostname, proxy.port or PROXY_PORT) if proxy else (url.hostname, url.port)
        if url.scheme != "https":
            return HTTPConnection(host or "", port, timeout=CONNECT_TIMEOUT)
        connection = HTTPSConnection(host or "", port, timeout=CONNECT_TIMEOUT, context=self._tls)
        if proxy:
            connection.set_tunnel(url.hostname or "", url.port or 443, _identity(proxy))
        return connection


def pieces(response: HTTPResponse, size: int) -> Iterator[memoryview]:
    """
    Read the content of an answer.

    :param size: bytes of a piece, at most; each is only good until the next is asked for.
    :raises LineError: when the connection breaks, or ends too early.
    """
    buffer = memoryview(bytearray(size if response.length is None else min(size, response.length + 1)))
    while True:
        try:
            count = response.readinto(buffer)
        except (OSError, HTTPException) as exc:
            raise LineError(f"the answer broke off ({in_words(exc)})") from exc
        if count:
            yield buffer[:count]
        elif response.length or (response.length is None and not response.chunked):
            # So much is missing of what was announced; or nothing was, and nobody can tell whether it is whole.
            raise LineError("the answer broke off")
        else:
            return


def _proxy(server: str) -> SplitResult | None:
    """Tell through which proxy a server is reached; ``None`` when it is reached directly."""
    scheme, _, host = server.partition("://")
    proxies = urllib.request.getproxies()
    text = proxies.get(scheme) or proxies.get("all")
    if not text or urllib.request.proxy_bypass(host):
        return None
    proxy = urlsplit(text if "://" in text else f"http://{text}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise AccessError(
            f"can't reach S3 through the proxy that {scheme.upper()}_PROXY or ALL_PROXY names: it is none of http://",
            kind=Kind.NOT_CONFIGURED,
            hint="set it to http://HOST:PORT, or name the server in NO_PROXY",
        )
    return proxy


def _identity(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"proxy-authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _close(idle: Mapping[str, list[HTTPConnection]]) -> None:
    for connections in idle.values():
        for connection in connections:
            connection.close()
