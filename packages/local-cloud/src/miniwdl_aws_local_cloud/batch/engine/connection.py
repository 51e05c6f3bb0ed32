"""Finding a container engine: Docker's or Podman's socket, or a Podman whose service is started for us."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import docker  # type: ignore[import-untyped]  # its stubs are a distribution of their own
import docker.errors  # type: ignore[import-untyped]
import requests

from miniwdl_aws_local_cloud.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["EngineConnection", "connect"]

API_VERSION = "1.41"
"""Of Docker 20.10 and Podman 3, the oldest ones in use."""
REQUEST_TIMEOUT = 120
"""Seconds for one answer of a busy engine."""
POOL_SIZE = 1024
"""Connections held open: one that waits for each container."""
SERVICE_PATIENCE = 20.0
END_PATIENCE = 10.0
WORDS = 300
"""Characters shown of what a failed service said."""
_SERVICE = """\
exec 3<&0 </dev/null
(read -r _ <&3; kill $$; rm -rf "$3") &
exec "$1" system service --time 0 "unix://$2" 3<&-
"""
"""
Podman's service, which ends when standard input does: also when this process is killed and can't end it.

Its own ``--time`` would end it while a cloud has nothing to do.
"""
_HINT = (
    "install Docker or Podman and start it (DOCKER_HOST names its socket), or run jobs as processes: --runner process"
)


class EngineConnection:
    """An engine that answers."""

    def __init__(
        self, client: docker.DockerClient, service: subprocess.Popen[bytes] | None, folder: Path | None
    ) -> None:
        """
        Keep the client, and what was started for it.

        :param service: Podman's service, if it is ours.
        :param folder: of its socket.
        """
        self.client = client
        names = [part.get("Name", "") for part in client.version().get("Components") or ()]
        self.is_podman = any("Podman" in name for name in names)
        self._service = service
        self._folder = folder

    def close(self) -> None:
        """End what was started."""
        self.client.close()
        if self._service is not None:
            _end(self._service)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def connect(environ: Mapping[str, str] | None = None) -> EngineConnection:
    """
    Find an engine that answers.

    :raises EngineError: when there is none.
    """
    environ = os.environ if environ is None else environ
    named = environ.get("DOCKER_HOST")
    for url in [named] if named else _sockets(environ):
        client = _client(url)
        if client is not None:
            return EngineConnection(client, None, None)
    if named:
        raise EngineError(f"no container engine answers at DOCKER_HOST={named}", hint=_HINT)
    podman = shutil.which("podman", path=environ.get("PATH"))
    if podman is None:
        raise EngineError("no container engine was found for --runner engine", hint=_HINT)
    return _start_podman(podman)


def _sockets(environ: Mapping[str, str]) -> Iterator[str]:
    paths = [Path("/var/run/docker.sock"), Path(environ.get("HOME", "/")) / ".docker/run/docker.sock"]
    if "XDG_RUNTIME_DIR" in environ:
        paths.append(Path(environ["XDG_RUNTIME_DIR"]) / "podman/podman.sock")
    paths.append(Path("/run/podman/podman.sock"))
    for path in paths:
        with contextlib.suppress(OSError):
            if path.is_socket():
                yield f"unix://{path}"


def _listens(url: str) -> bool:
    """Whether a process listens on the socket of a URL; the SDK would leave a socket behind in trying."""
    path = url.removeprefix("unix://")
    if path == url:
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _client(url: str) -> docker.DockerClient | None:
    if not _listens(url):
        return None
    try:
        client = docker.DockerClient(
            base_url=url, version=API_VERSION, timeout=REQUEST_TIMEOUT, max_pool_size=POOL_SIZE
        )
    except docker.errors.DockerException:  # not the URL of an engine
        return None
    try:
        client.ping()
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError):
        client.close()
        return None
    return client


def _start_podman(podman: str) -> EngineConnection:
    # Not in the state folder: the path of a socket has 108 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="miniwdl-aws-"))
    path = folder / "engine.sock"
    log = folder / "service.log"
    with log.open("wb") as output:
        service = subprocess.Popen(
            ["/bin/sh", "-c", _SERVICE, "sh", podman, str(path), str(folder)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,  # podman's monitor leaves a file "oom" where it was started, when a container's memory ran out
            start_new_session=True,
        )
    deadline = time.monotonic() + SERVICE_PATIENCE
    pause = threading.Event()
    while service.poll() is None and time.monotonic() < deadline:
        client = _client(f"unix://{path}") if path.exists() else None
        if client is not None:
            return EngineConnection(client, service, folder)
        pause.wait(0.05)
    words = log.read_text(errors="replace").strip()[-WORDS:]
    _end(service)
    shutil.rmtree(folder, ignore_errors=True)
    raise EngineError(f"podman's service does not start: {words}", hint=_HINT)


def _end(service: subprocess.Popen[bytes]) -> None:
    assert service.stdin is not None  # noqa: S101 - it is a pipe, for mypy
    service.stdin.close()
    try:
        service.wait(END_PATIENCE)
    except subprocess.TimeoutExpired:
        service.kill()
        service.wait()
