"""
The process runner: a job is a process of this machine, in a session of its own. No image is needed, nor pulled.

Limitations, all for want of a container: the job sees this machine's file system as the user does, so a mount can only
be a folder under its own name and ``readOnly`` has no effect; image, user, ``privileged``, ulimits, memory and GPUs are
ignored; outside Linux, a process that leaves the job's process group and drops its environment outlives the job.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.batch.process import supervisor
from miniwdl_aws_local_cloud.batch.process.leftovers import end_leftovers
from miniwdl_aws_local_cloud.batch.process.supervisors import Supervisors
from miniwdl_aws_local_cloud.batch.runner import Ended, Execution, Launch, StartError

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable, Mapping

__all__ = ["ProcessRunner", "host_environment", "refusal"]

READ_SIZE = 64 * 1024
LAST_WORDS = 1024 * 1024
"""Bytes of output still read after a job's processes are gone: more than any pipe holds."""
KILLED = -9
SIGNAL_BASE = 128
"""Exit code of a container whose process died from a signal, less the signal."""


def host_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """
    Pick what a job may know of this machine's environment: where programs are, and the language.

    The programs of the running Python's environment come first, so that a workflow job finds this miniwdl.
    """
    path = [str(Path(sys.executable).parent), environ.get("PATH", os.defpath)]
    language = {"LANG": environ["LANG"]} if "LANG" in environ else {}
    return {"PATH": os.pathsep.join(path), **language}


def refusal(container: Mapping[str, Any]) -> str | None:
    """Say why this runner can't run a container, or ``None`` when it can."""
    if not container.get("command"):
        return (
            "the local cloud runs jobs as processes, without an image whose default command could run: give a command"
        )
    if container.get("secrets"):
        return "the local cloud's process runner provides no secrets"
    volumes = {volume["name"]: volume for volume in container.get("volumes") or ()}
    for mount in container.get("mountPoints") or ():
        host = (volumes.get(mount.get("sourceVolume")) or {}).get("host") or {}
        source, target = host.get("sourcePath"), mount.get("containerPath")
        if not source or not target:
            return (
                f"the local cloud mounts only folders of this machine, and volume {mount.get('sourceVolume')} is none"
            )
        if os.path.normpath(source) != os.path.normpath(target):
            return (
                f"the local cloud's process runner can't let {source} appear as {target}: a process sees this "
                f"machine's own paths, so mount it as {source} or use the engine runner"
            )
    return None


class ProcessRunner:
    """Runs jobs as processes of this machine, each under a supervisor."""

    def __init__(self, loop: asyncio.AbstractEventLoop, state: Path, environment: Callable[[], dict[str, str]]) -> None:
        """
        Keep what all jobs share, and start what supervises them.

        :param state: the cloud's folder; in ``work`` each job gets a folder of its own, its home and working directory,
            for as long as it runs.
        :param environment: gives the variables that every job gets.
        """
        self._loop = loop
        self._state = state
        self._folder = state / "work"
        self._environment = environment
        self._folder.mkdir(parents=True, exist_ok=True)
        self._supervisors = Supervisors(self._folder)

    def start(self, launch: Launch) -> Execution:
        """Have the process started; that it runs is told later."""
        why_not = refusal(launch.spec.container)
        if why_not:
            raise StartError(None, status_reason=why_not)
        home = self._folder / launch.task_id
        variables = {
            **self._environment(),
            "HOME": str(home),
            "TMPDIR": str(home),
            **launch.spec.environment,
            **launch.environment,
        }
        request = json.dumps({"command": launch.spec.command, "env": variables, "cwd": str(home)}).encode()
        output, output_end = os.pipe()
        try:
            home.mkdir()
            control = self._supervisors.start(request, output_end)
        except OSError:
            os.close(output)
            with contextlib.suppress(OSError):
                home.rmdir()
            raise
        finally:
            os.close(output_end)
        return _Process(self._loop, launch, control, output, home, self._state, self._supervisors.give_back)

    def close(self) -> None:
        """End what is left, and remove what jobs may have left in their folders."""
        self._supervisors.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _cannot_start(program: str, words: str, *, missing: bool) -> StartError:
    words = "executable file not found in $PATH" if missing else words
    return StartError(
        "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create "
        f'shim task: OCI runtime create failed: unable to start container process: exec: "{program}": {words}: unknown'
    )


class _Process:
    """A process under way. Everything happens in the thread of the event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        launch: Launch,
        control: socket.socket,
        output: int,
        home: Path,
        state: Path,
        give_back: Callable[[socket.socket], None],
    ) -> None:
        self._loop = loop
        self._launch = launch
        self._control: socket.socket | None = control
        self._output = output
        self._home = home
        self._state = state
        self._give_back = give_back
        self._heard = b""
        self._started = False
        self._reading = False
        self._killer: asyncio.TimerHandle | None = None
        control.setblocking(False)
        loop.add_reader(control, self._listen, control)

    def stop(self, timeout: float) -> None:
        """Send SIGTERM to the process alone, as a container's first process gets it, and kill everything later."""
        if self._killer is None:
            self._order(supervisor.TERMINATE)
            self._killer = self._loop.call_later(timeout, self.kill)

    def kill(self) -> None:
        """Kill everything that the job started."""
        self._order(supervisor.KILL)

    def _order(self, order: bytes) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):  # it was killed
                self._control.send(order)

    def _listen(self, control: socket.socket) -> None:
        """Follow what the supervisor tells."""
        try:
            data = control.recv(READ_SIZE)
        except OSError:
            data = b""
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            self._told(json.loads(line))
        if not data:
            # Somebody has killed the supervisor.
            words = "its supervisor was killed"
            self._told({"ended": KILLED, "whole": False} if self._started else {"failed": words, "missing": False})

    def _told(self, answer: dict[str, Any]) -> None:
        if "started" in answer:
            self._started = self._reading = True
            os.set_blocking(self._output, False)
            self._loop.add_reader(self._output, self._read)
            self._launch.started()
        elif "failed" in answer:
            self._leave(alive=False)
            self._clear()
            self._launch.failed(
                _cannot_start(self._launch.spec.command[0], answer["failed"], missing=answer["missing"])
            )
        else:
            self._leave(alive=answer["whole"])
            if answer["whole"]:
                self._end(answer["ended"])
            else:
                job_id = self._launch.environment["AWS_BATCH_JOB_ID"]
                looking = self._loop.run_in_executor(None, end_leftovers, self._state, job_id)
                looking.add_done_callback(lambda _: self._end(answer["ended"]))

    def _leave(self, *, alive: bool) -> None:
        """Have no more to do with the supervisor: the next job may have it, if it is alive and has no child left."""
        control, self._control = self._control, None
        if control is not None:
            self._loop.remove_reader(control)
            if alive:
                self._give_back(control)
            else:
                control.close()

    def _read(self) -> bool:
        """Pass on one piece of output; ``False`` when there is none."""
        try:
            chunk = os.read(self._output, READ_SIZE)
        except BlockingIOError:
            return False
        if not chunk:
            self._loop.remove_reader(self._output)
            self._reading = False
            return False
        self._launch.output(chunk)
        return True

    def _end(self, status: int) -> None:
        """Clear up when nothing runs any more."""
        for _ in range(LAST_WORDS // READ_SIZE):
            if not self._reading or not self._read():
                break
        if self._reading:
            self._loop.remove_reader(self._output)
        self._clear()
        self._launch.ended(Ended(status if status >= 0 else SIGNAL_BASE - status))

    def _clear(self) -> None:
        """Close and remove what it has."""
        if self._killer is not None:
            self._killer.cancel()
        os.close(self._output)
        try:
            self._home.rmdir()
        except OSError:
            # Not empty, so it may take a while: not in the thread on which all jobs wait.
            self._loop.run_in_executor(None, lambda: shutil.rmtree(self._home, ignore_errors=True))
