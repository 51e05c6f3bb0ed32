"""
The supervisors of a cloud's jobs: forks of one program, of which each sees to one job at a time.

Making one takes two milliseconds of processor time, as long as a trivial job itself. So one whose job has ended, with
all that came of it, is kept for the next job.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from miniwdl_aws_local_cloud.batch.process import supervisor

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Supervisors"]

REQUEST_BUFFER = 256 * 1024
"""Bytes that a supervisor's socket holds: a whole request, so that the event loop never waits for the supervisor."""
IDLE_MOST = 16
"""Supervisors that are kept for the next jobs: more than run at once on most machines."""
CLOSE_PATIENCE = 10.0
"""Seconds in which killed processes must be gone when the cloud goes down."""


class Supervisors:
    """Has jobs started, each by a supervisor that has no other one meanwhile."""

    def __init__(self, folder: Path) -> None:
        """
        Start the program.

        :param folder: which it locks until the last job of this cloud has ended.
        """
        self._idle: list[socket.socket] = []
        self._door, theirs = socket.socketpair()
        with theirs:
            self._program = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", supervisor.__file__, str(folder)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the cloud, which then ends its jobs
            )

    def start(self, request: bytes, output: int) -> socket.socket:
        """
        Have a job started.

        :param request: JSON as :data:`~miniwdl_aws_local_cloud.batch.process.supervisor.START` wants it.
        :param output: descriptor of what the job writes to; it is still the caller's.
        :return: the supervisor's socket, for orders and answers.
        :raises OSError: when this machine has no more descriptors or processes.
        """
        while self._idle:
            idle = self._idle.pop()
            try:
                _send(idle, request, output)
            except OSError:  # somebody has killed it
                idle.close()
            else:
                return idle
        control, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._door, [b"+"], [theirs.fileno()])
            control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, REQUEST_BUFFER)
            _send(control, request, output)
        except OSError:
            control.close()
            raise
        return control

    def give_back(self, control: socket.socket) -> None:
        """Take a supervisor that has told of its job's end, and that nothing is left of the job."""
        if len(self._idle) < IDLE_MOST:
            self._idle.append(control)
        else:
            control.close()

    def close(self) -> None:
        """Have them all end, and wait for it."""
        for ours in (self._door, *self._idle):
            ours.close()
        try:
            self._program.wait(CLOSE_PATIENCE)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()


def _send(control: socket.socket, request: bytes, output: int) -> None:
    control.setblocking(True)
    socket.send_fds(control, [supervisor.START], [output])
    control.sendall(len(request).to_bytes(supervisor.SIZE_BYTES, "big") + request)
