"""Runs miniwdl as a child: hands signals on, waits for it, keeps what it printed."""

from __future__ import annotations

import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

__all__ = ["SignalRelay", "Stopped", "run_child"]

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


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
        self.child: subprocess.Popen[bytes] | None = None

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
        child = self.child
        if child is None:
            raise Stopped(number)
        if child.poll() is None:
            child.send_signal(number)


def run_child(command: Sequence[str], environ: Mapping[str, str], relay: SignalRelay) -> tuple[int, bytes]:
    """
    Run a command to its end.

    :return: its exit code, 128 and the signal's number if one killed it; what it wrote to standard output.
    """
    # In a session of its own, so that Ctrl-C reaches it once, from us, and not from the terminal also.
    with subprocess.Popen(list(command), stdout=subprocess.PIPE, env=dict(environ), start_new_session=True) as child:
        relay.child = child
        try:
            stdout, _ = child.communicate()
        finally:
            relay.child = None
    return (child.returncode if child.returncode >= 0 else 128 - child.returncode), stdout
