"""Runs miniwdl as a child: hands signals on, waits for it, keeps what it printed and the end of what it logged."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.kinds import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

__all__ = ["Ended", "SignalRelay", "Stopped", "run_child"]

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

LONGEST_WAIT = 1.0
"""
Seconds for which the child is waited for at once.

Python handles signals between steps: one that comes as a wait is about to begin, such as while another thread has the
interpreter, is handled after it. Without an end it would reach the child when there is no child any more.
"""

LOG_KEPT = 4 * MIB
"""Bytes of a run's log that are kept in memory, for when the file system doesn't keep them."""

STDERR = 2


class Stopped(BaseException):
    """A signal came while no child was there to take it. Not an ``Exception``: nothing may swallow it by accident."""

    def __init__(self, number: int) -> None:
        """Keep the signal's number."""
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


class SignalRelay:
    """Hands signals to the child while there is one; raises ``Stopped`` otherwise."""

    def __init__(self) -> None:
        """Start without a child."""
        self._child: subprocess.Popen[bytes] | None = None
        self._starting = False
        self._pending: list[int] = []
        self.handed_on: int | None = None
        """The last signal that a child got."""

    @contextmanager
    def installed(self) -> Iterator[SignalRelay]:
        """Take over the process's signal handlers while the block runs."""
        before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._starting:
            self._pending.append(number)
        elif self._child is None:
            raise Stopped(number)
        elif self._child.poll() is None:
            self._send(self._child, number)

    def _send(self, child: subprocess.Popen[bytes], number: int) -> None:
        self.handed_on = number
        child.send_signal(number)

    @contextmanager
    def child(
        self, command: Sequence[str], environ: Mapping[str, str], stderr: int | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start a child that takes signals while the block runs; one that comes while it starts is not lost."""
        self._starting = True
        try:
            # In a session of its own, so that Ctrl-C reaches it once, from us, and not from the terminal also.
            child = subprocess.Popen(
                list(command), stdout=subprocess.PIPE, stderr=stderr, env=dict(environ), start_new_session=True
            )
            self._child = child
        finally:
            self._starting = False
        with child:
            while self._pending:
                self._send(child, self._pending.pop(0))
            try:
                yield child
            finally:
                self._child = None


@dataclass(frozen=True)
class Ended:
    """A child that has ended."""

    code: int
    """Its exit code; 128 and the signal's number if one killed it."""
    stdout: bytes
    log: bytes
    """The end of its standard error, unless that is a terminal."""


def run_child(
    command: Sequence[str],
    environ: Mapping[str, str],
    relay: SignalRelay,
    hear: Callable[[bytes], None] = lambda _piece: None,
) -> Ended:
    """
    Run a command to its end; what it writes to standard error goes to ours.

    :param hear: gets each piece of that, too, in another thread; nothing where standard error is a terminal.
    """
    with _passing_on(hear) as (stderr, tail), relay.child(command, environ, stderr) as child:
        if stderr is not None:
            os.close(stderr)  # the child's own ends with the child
        stdout = None
        while stdout is None:
            with suppress(subprocess.TimeoutExpired):
                stdout, _ = child.communicate(timeout=LONGEST_WAIT)
    code = child.returncode if child.returncode >= 0 else 128 - child.returncode
    return Ended(code, stdout, b"".join(tail))


@contextmanager
def _passing_on(hear: Callable[[bytes], None]) -> Iterator[tuple[int | None, deque[bytes]]]:
    """Make a pipe that leads the child's standard error to ours; a terminal, which miniwdl draws on, is handed on."""
    tail: deque[bytes] = deque()
    if os.isatty(STDERR):
        yield None, tail
        return
    reading, writing = os.pipe()
    thread = threading.Thread(target=_pass_on, args=(reading, tail, hear), name="log of miniwdl", daemon=True)
    thread.start()
    yield writing, tail
    # A task without a container may have left a process that holds the pipe open: it must not hold up the end.
    thread.join(LONGEST_WAIT)


def _pass_on(reading: int, tail: deque[bytes], hear: Callable[[bytes], None]) -> None:
    size = 0
    with os.fdopen(reading, "rb", buffering=0) as log:
        while piece := log.read(1 << 16):
            tail.append(piece)
            size += len(piece)
            while size - len(tail[0]) >= LOG_KEPT:
                size -= len(tail.popleft())
            with suppress(OSError):  # nobody reads it any more, or its disk is full: the run goes on
                left = piece
                while left:
                    left = left[os.write(STDERR, left) :]
            hear(piece)
