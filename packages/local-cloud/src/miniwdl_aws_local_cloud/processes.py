"""
The process runner: a job is a process of this machine, in a session of its own. No image is needed, nor pulled.

Limitations, all for want of a container: the job sees this machine's file system as the user does, so a mount can only
be a folder under its own name and ``readOnly`` has no effect; image, user, ``privileged``, ulimits, memory and GPUs are
ignored; a process that leaves the job's process group by starting its own session outlives the job.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.runner import Ended, Execution, Launch, StartError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

__all__ = ["ProcessRunner", "host_environment", "refusal"]

READ_SIZE = 64 * 1024
LAST_WORDS = 1024 * 1024
"""Bytes of output still read after a job's processes are gone: more than any pipe holds."""
POLL_PERIOD = 0.02
"""Seconds between looks at a process where the kernel can't signal its end through a file descriptor (macOS)."""
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
    """Runs jobs as processes of this machine."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, folder: Path, environment: Callable[[], dict[str, str]]
    ) -> None:
        """
        Keep what all jobs share.

        :param folder: where each job gets a folder of its own, its home and working directory, for as long as it runs.
        :param environment: gives the variables that every job gets.
        """
        self._loop = loop
        self._folder = folder
        self._environment = environment
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, launch: Launch) -> Execution:
        """Start the process; it runs when this returns."""
        why_not = refusal(launch.spec.container)
        if why_not:
            raise StartError(None, status_reason=why_not)
        home = self._folder / launch.task_id
        home.mkdir()
        variables = {
            **self._environment(),
            "HOME": str(home),
            "TMPDIR": str(home),
            **launch.spec.environment,
            **launch.environment,
        }
        output, output_end = os.pipe()
        try:
            process = subprocess.Popen(
                launch.spec.command,
                env=variables,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output_end,
                stderr=output_end,
                start_new_session=True,
            )
        except (OSError, ValueError) as exc:
            os.close(output)
            home.rmdir()
            raise _cannot_start(launch.spec.command[0], exc) from exc
        finally:
            os.close(output_end)
        launch.started()
        return _Process(self._loop, launch, process, output, home)

    def close(self) -> None:
        """Remove what jobs may have left in their folders."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _cannot_start(program: str, exc: Exception) -> StartError:
    words = "executable file not found in $PATH" if isinstance(exc, FileNotFoundError) else str(exc)
    return StartError(
        "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create "
        f'shim task: OCI runtime create failed: unable to start container process: exec: "{program}": {words}: unknown'
    )


class _Process:
    """A process under way. Everything happens in the thread of the event loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, launch: Launch, process: subprocess.Popen[bytes], output: int, home: Path
    ) -> None:
        self._loop = loop
        self._launch = launch
        self._process = process
        self._output = output
        self._home = home
        self._reading = True
        self._killer: asyncio.TimerHandle | None = None
        self._gone = False
        os.set_blocking(output, False)
        loop.add_reader(output, self._read)
        self._descriptor = _open_pidfd(process.pid)
        if self._descriptor is None:
            loop.call_later(POLL_PERIOD, self._poll)
        else:
            loop.add_reader(self._descriptor, self._end)

    def stop(self, timeout: float) -> None:
        """Send SIGTERM to the process alone, as a container's first process gets it, and kill the group later."""
        if self._gone or self._killer is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        self._killer = self._loop.call_later(timeout, self.kill)

    def kill(self) -> None:
        """Kill every process of the group."""
        if not self._gone:
            _kill_group(self._process.pid)

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

    def _poll(self) -> None:
        if self._process.poll() is None:
            self._loop.call_later(POLL_PERIOD, self._poll)
        else:
            self._end()

    def _end(self) -> None:
        """Clear up after the first process has ended: what it left running dies with it, as in a container."""
        self._gone = True
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
        if self._killer is not None:
            self._killer.cancel()
        _kill_group(self._process.pid)
        status = self._process.wait()
        for _ in range(LAST_WORDS // READ_SIZE):
            if not self._reading or not self._read():
                break
        if self._reading:
            self._loop.remove_reader(self._output)
        os.close(self._output)
        self._remove_home()
        self._launch.ended(Ended(status if status >= 0 else SIGNAL_BASE - status))

    def _remove_home(self) -> None:
        try:
            self._home.rmdir()
        except OSError:
            # Not empty, so it may take a while: not in the thread on which all jobs wait.
            self._loop.run_in_executor(None, lambda: shutil.rmtree(self._home, ignore_errors=True))


def _open_pidfd(pid: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # a kernel before 5.3
        return None


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
