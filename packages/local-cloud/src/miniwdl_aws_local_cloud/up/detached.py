"""The detached server of a state folder: started by the first who needs it, shared by all others."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]  # its stubs are a distribution of their own
from filelock import FileLock, Timeout

from miniwdl_aws_local_cloud import __version__
from miniwdl_aws_local_cloud.errors import CloudStartError, StateFolderError
from miniwdl_aws_local_cloud.state_folder import OTHER_FOLDER, make_private, refuse_strangers
from miniwdl_aws_local_cloud.up.registry import CLOUD_FILE, CLOUD_LOCK, CloudRecord
from miniwdl_aws_local_cloud.variables import misleading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ensure", "find", "stop"]

START_PATIENCE = 60.0
"""Seconds in which a server must be up: it imports moto, and waits for a predecessor that goes down."""
STOP_PATIENCE = 60.0
"""Seconds in which a server must be gone: its jobs have some of them, the machine may be busy."""
LOG = "server.log"
LOG_TAIL = 5


def find(state: Path) -> CloudRecord | None:
    """
    Find the cloud that serves a folder; ``None`` when none does.

    :raises StateFolderError: when the folder is somebody else's, and so would be the cloud.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        refuse_strangers(state)
    record = CloudRecord.read(state / CLOUD_FILE)
    return record if record is not None and record.alive() else None


def ensure(state: Path, options: Sequence[str] = (), runner: str | None = None) -> CloudRecord:
    """
    Find the cloud that serves a folder, or start one.

    :param options: more options of the server, if it has to be started.
    :param runner: what its jobs must be; ``None`` takes what is there.
    :raises StateFolderError: when the folder can't be written, or is somebody else's.
    :raises CloudStartError: when the server does not come up, or one that is up doesn't suit and is busy.
    """
    try:
        make_private(state)
        (state / "logs").mkdir(exist_ok=True)
        with FileLock(state / CLOUD_LOCK).acquire(timeout=START_PATIENCE):
            record = find(state)
            if record is not None and not _suits(record, state, runner):
                record = None
            return record or _start(state, [*options, *(["--runner", runner] if runner else [])])
    except Timeout as exc:
        raise CloudStartError(f"another command has been starting the local cloud of {state} for a minute") from exc
    except OSError as exc:
        raise StateFolderError(
            f"the local cloud can't write its folder {state}: {exc.strerror or exc}",
            hint=OTHER_FOLDER,
        ) from exc


def _suits(record: CloudRecord, state: Path, runner: str | None) -> bool:
    """Whether a cloud that is up is what is wanted; otherwise it is ended, unless it is busy."""
    if record.version == __version__ and runner in {None, record.runner}:
        return True
    if record.ask("GET", "status")["unfinished"]:
        raise CloudStartError(
            f"a local cloud of version {record.version} with runner {record.runner} is busy in {state}; wanted are "
            f"version {__version__} and runner {runner or record.runner}",
            hint="wait for its jobs, or end them with: miniwdl-aws local down",
        )
    stop(state)
    return False


def _start(state: Path, options: Sequence[str]) -> CloudRecord:
    log_path = state / "logs" / LOG
    environ = {name: value for name, value in os.environ.items() if name not in misleading(os.environ)}
    # moto would take it for the account of every request.
    environ.pop("MOTO_ACCOUNT_ID", None)
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "miniwdl_aws_local_cloud.up.server", "--state", str(state), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environ,
            start_new_session=True,  # Ctrl-C in the terminal is for the command, not for the cloud
        )
    answer = _first_line(process)
    record = CloudRecord.read(state / CLOUD_FILE) if answer.get("ready") else None
    if record is not None:
        return record
    process.kill()
    process.wait()
    if "error" in answer:
        raise CloudStartError(str(answer["error"]), hint=answer.get("hint"))
    tail = " / ".join(log_path.read_text(errors="replace").splitlines()[-LOG_TAIL:])
    raise CloudStartError(f"the local cloud did not start: {tail}", hint=f"more in {log_path}")


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait for the server to say that it is up, or why not."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe, for mypy
    watchdog = threading.Timer(START_PATIENCE, process.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        with process.stdout as pipe:
            answer: dict[str, Any] = json.loads(pipe.readline() or b"{}")
            return answer
    finally:
        watchdog.cancel()
        # It outlives us on purpose; Popen would complain about that when it is collected.
        process.returncode = process.poll() or 0


def stop(state: Path) -> CloudRecord | None:
    """
    End the cloud that serves a folder, and wait for its end.

    :return: which one it was; ``None`` when there was none.
    :raises CloudStartError: when it does not end.
    """
    record = find(state)
    if record is None:
        return None
    process = psutil.Process(record.pid)
    record.ask("POST", "stop")
    try:
        process.wait(STOP_PATIENCE)
    except psutil.TimeoutExpired as exc:
        raise CloudStartError(f"the local cloud of {state} (process {record.pid}) does not end") from exc
    return record
