"""
The program that starts jobs as processes, and sees to it that nothing of what a job started outlives it.

One runs beside each cloud. Its standard input is a socket from the cloud, on which each byte brings a descriptor: the
socket of one more supervisor, a fork of this program, which costs no interpreter. A supervisor sees to one job after
another. It starts the job and becomes the parent of whatever loses its own one (``PR_SET_CHILD_SUBREAPER``), also in
sessions of their own; so it can kill generation after generation until none is left. It does that when the job's first
process has ended, when it is told to, and when its socket closes, which also happens when the cloud is killed. Only
then it tells that the job has ended, so that the next one finds it without a child.

Rejected: control groups need root or a delegated subtree, namespaces are switched off on many machines,
``PR_SET_PDEATHSIG`` doesn't reach grandchildren, and a mark in the environment is lost with the environment. Where
there is no subreaper (macOS) the job's process group is killed, and the cloud has to look for the mark.

Imports the standard library alone, and is started without ``site``: to be up soon, and small to fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["KILL", "SIZE_BYTES", "START", "TERMINATE", "main"]

START = b"S"
"""
Order to start a job. With it comes a descriptor, the end of a pipe for the job's output, and after it a length in
:data:`SIZE_BYTES` bytes, and that much JSON (``command``, ``env``, ``cwd``).
"""
SIZE_BYTES = 4
TERMINATE = b"T"
"""Order to send SIGTERM to the job's first process, as a container's gets it; without a job it means nothing."""
KILL = b"K"
"""Order to kill everything; the same."""
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Serve the cloud until it closes its socket, and end when all jobs have."""
    # The forks hold it as well, so a folder's next cloud starts no job before this one's are gone.
    fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _heed_nothing)  # SIG_IGN would be inherited by jobs
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as door, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
        while True:
            data, descriptors, _, _ = socket.recv_fds(door, 1, 1)
            if not data:
                break
            with socket.socket(fileno=descriptors[0]) as control:
                _fork(door, control)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _heed_nothing(_number: int, _frame: FrameType | None) -> None:
    """Handle a signal that is for the cloud, or that only has to wake this process up."""


def _fork(door: socket.socket, control: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    try:
        child = os.fork()
    except OSError as exc:
        _answer(control, failed=str(exc), missing=False)
        return
    if child == 0:
        door.close()
        _supervise(control)
        os._exit(0)


def _supervise(control: socket.socket) -> None:
    """See to jobs until the cloud closes the socket."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _heed_nothing)
    finds_all = _become_parent_of_orphans()
    while (job := _next_job(control)) is not None:
        request, output = job
        first = _start(request, control, output)
        if first is not None:
            family = _Family(first, finds_all=finds_all)
            _watch(family, control, wake)
            family.end()
            _answer(control, ended=family.status, whole=finds_all)


def _next_job(control: socket.socket) -> tuple[dict[str, Any], int] | None:
    """Wait for a job; ``None`` when the cloud has gone."""
    order, descriptors = _hear(control)
    while order and order != START:  # given when the cloud had not heard yet of the last job's end
        order, descriptors = _hear(control)
    try:
        size = int.from_bytes(control.recv(SIZE_BYTES, socket.MSG_WAITALL), "big")
        document = control.recv(size, socket.MSG_WAITALL)
    except OSError:
        return None
    if not document or len(document) < size:
        return None
    return json.loads(document), descriptors[0]


def _hear(control: socket.socket) -> tuple[bytes, list[int]]:
    """Receive an order, with the descriptor that comes along; an empty one when the cloud has gone."""
    try:
        order, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    except OSError:  # it was killed before it had read all that it was told
        return b"", []
    return order, descriptors


def _start(request: dict[str, Any], control: socket.socket, output: int) -> int | None:
    """Start a job, and tell its process id, or else why there is none."""
    try:
        first = subprocess.Popen(
            request["command"],
            env=request["env"],
            cwd=request["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    except (OSError, ValueError) as exc:
        _answer(control, failed=str(exc), missing=isinstance(exc, FileNotFoundError))
        return None
    finally:
        os.close(output)
    first.returncode = 0  # its object is not to wait for it: that would take its exit code away
    _answer(control, started=first.pid)
    return first.pid


def _watch(family: _Family, control: socket.socket, wake: int) -> None:
    """Obey until everything is to end."""
    while family.status is None:
        ready, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            while family.reap(os.WNOHANG):
                pass
        if control.fileno() in ready:
            order, _ = _hear(control)
            if order != TERMINATE:  # KILL, or the cloud was killed
                return
            if family.status is None:
                os.kill(family.first, signal.SIGTERM)


class _Family:
    """A job's first process, and all that come from it."""

    def __init__(self, first: int, *, finds_all: bool) -> None:
        """
        Begin with the first one.

        :param finds_all: whether orphans become children of this process.
        """
        self.first = first
        self.status: int | None = None
        """Exit code of the first process, a signal as its negative number; ``None`` as long as it runs."""
        self._finds_all = finds_all

    def reap(self, flags: int = 0) -> bool:
        """Take leave of one child that has ended; ``False`` when there is none."""
        try:
            pid, status = os.waitpid(-1, flags)
        except ChildProcessError:
            return False
        if pid == self.first:
            self.status = os.waitstatus_to_exitcode(status)
        return pid != 0

    def end(self) -> None:
        """Kill until nobody is left: those whose parent was killed are children by the time the parent is reaped."""
        while True:
            # The number of a process that was reaped may be another's; its group is needed where that is all there is.
            if self.status is None or not self._finds_all:
                _kill(os.killpg, self.first)
            for pid in _children() if self._finds_all else ():
                _kill(os.kill, pid)
            if not self.reap():
                return


def _kill(how: Any, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        how(number, signal.SIGKILL)


def _become_parent_of_orphans() -> bool:
    if sys.platform != "linux" or not _children_file().exists():
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def _children_file() -> Path:
    return Path(f"/proc/self/task/{os.getpid()}/children")


def _children() -> list[int]:
    return [int(pid) for pid in _children_file().read_text().split()]


def _answer(control: socket.socket, **answer: object) -> None:
    """
    Tell the cloud, in a line of JSON.

    Either ``failed`` (why; ``missing``: there is no such program) or ``started`` (process id) and then ``ended`` (exit
    code, negative after a signal; ``whole``: nothing of the job is left for certain).
    """
    with contextlib.suppress(OSError):  # the cloud was killed
        control.sendall(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
