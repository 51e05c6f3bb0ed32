"""Runs miniwdl as a child: hands signals on, waits for it, keeps what it printed."""

from __future__ import annotations

import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

__all__ = ["SignalRelay", "Stopped", "run_child"]

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

LONGEST_WAIT = 1.0
"""
Seconds for which the child is waited for at once.

Python handles signals between steps: one that comes as a wait is about to begin, such as while another thread has the
interpreter, is handled after it. Without an end it would reach the child when there is no child any more.
"""


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
    def child(self, command: Sequence[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """Start a child that takes signals while the block runs; one that comes while it starts is not lost."""
        self._starting = True
        try:
            # In a session of its own, so that Ctrl-C reaches it once, from us, and not from the terminal also.
            child = subprocess.Popen(list(command), stdout=subprocess.PIPE, env=dict(environ), start_new_session=True)
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


def run_child(command: Sequence[str], environ: Mapping[str, str], relay: SignalRelay) -> tuple[int, bytes]:
    """
    Run a command to its end.

    :return: its exit code, 128 and the signal's number if one killed it; what it wrote to standard output.
    """
    with relay.child(command, environ) as child:
        stdout = None
        while stdout is None:
            with suppress(subprocess.TimeoutExpired):
                stdout, _ = child.communicate(timeout=LONGEST_WAIT)
    return (child.returncode if child.returncode >= 0 else 128 - child.returncode), stdout
