"""Output of jobs becomes events of CloudWatch Logs while they run."""

from __future__ import annotations

import codecs
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.logs.models import LogsBackend, LogStream

    from miniwdl_aws_local_cloud.logs.kept import Event, KeptStreams

__all__ = ["LINE_LIMIT", "LineSplitter", "LogSink", "LogWriter", "MotoLogSink"]

LINE_LIMIT = 256 * 1024 - 26
"""Bytes of the message of an event, at most: 256 KiB, of which AWS counts 26 for the rest of it."""


class LineSplitter:
    """Cuts a stream of bytes into lines of text. Pure."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        """
        Start with nothing read.

        :param limit: bytes of a line beyond which it is cut; tests lower it.
        """
        self._limit = limit
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Take some bytes and return the lines that they complete."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        found = [piece for line in lines for piece in self._pieces(line)]
        while len(self._rest) > self._limit:
            head, self._rest = self._cut(self._rest)
            found.append(_text(head))
        return found

    def finish(self) -> list[str]:
        """Return what is left after the last newline."""
        rest, self._rest = self._rest, b""
        return self._pieces(rest)

    def _pieces(self, line: bytes) -> list[str]:
        pieces = []
        line = line.removesuffix(b"\r")
        while len(line) > self._limit:
            head, line = self._cut(line)
            pieces.append(_text(head))
        # Like the awslogs driver: CloudWatch Logs refuses events without text.
        return [*pieces, _text(line)] if line else pieces

    def _cut(self, line: bytes) -> tuple[bytes, bytes]:
        end = self._limit
        # Not within a character: the bytes that follow the first one of a UTF-8 sequence look like 10xxxxxx.
        while end > self._limit - 4 and line[end] & 0xC0 == 0x80:
            end -= 1
        return line[:end], line[end:]


def _text(line: bytes) -> str:
    return codecs.decode(line, "utf-8", "replace")


class LogWriter(Protocol):
    """Takes the output of one attempt of a job."""

    def write(self, chunk: bytes) -> None:
        """Take some bytes of output."""

    def close(self) -> None:
        """Take what is left: the output has ended."""


class LogSink(Protocol):
    """Where the output of jobs goes."""

    def open(self, group: str, stream: str) -> LogWriter:
        """Begin a log stream."""


class MotoLogSink:
    """Puts events straight into moto's CloudWatch Logs, without a request."""

    def __init__(self, backend: LogsBackend, kept: KeptStreams) -> None:
        """
        Write into a backend of moto.

        :param kept: keeps the same for later clouds.
        """
        self._backend = backend
        self._kept = kept

    def open(self, group: str, stream: str) -> LogWriter:
        """Begin a log stream; its group is made when it is missing."""
        self._backend.ensure_log_group(group)
        self._backend.ensure_log_stream(group, stream)
        return _StreamWriter(self._backend.groups[group].streams[stream], partial(self._kept.add, group, stream))


class _StreamWriter:
    def __init__(self, stream: LogStream, keep: Callable[[list[Event]], None]) -> None:
        self._stream: Any = stream
        self._keep = keep
        self._splitter = LineSplitter()

    def write(self, chunk: bytes) -> None:
        self._put(self._splitter.feed(chunk))

    def close(self) -> None:
        self._put(self._splitter.finish())

    def _put(self, lines: list[str]) -> None:
        if lines:
            at = int(time.time() * 1000)
            self._stream.put_log_events([{"timestamp": at, "message": line} for line in lines])
            self._keep([(at, line) for line in lines])
