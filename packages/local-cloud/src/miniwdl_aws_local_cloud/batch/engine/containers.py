"""
The engine runner: a job is a container, through the Docker API of Docker or Podman, as on an AWS Batch host.

The containers share the host's network, so that they reach the cloud on the loopback interface. Their host is
pretended: a mount's ``sourcePath`` under the file system's mount point, ``/mnt/fsx``, is the cloud's file system; any
other one is a folder below ``{state}/host``, made when it is missing, as Docker does. This machine's own folders can't
be mounted.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import docker.errors  # type: ignore[import-untyped]  # its stubs are a distribution of their own
import requests
from docker.utils.socket import frames_iter  # type: ignore[import-untyped]

from miniwdl_aws_local_cloud.batch.engine.request import container_options
from miniwdl_aws_local_cloud.batch.runner import Ended, Execution, Launch, StartError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from docker.models.containers import Container  # type: ignore[import-untyped]

    from miniwdl_aws_local_cloud.batch.engine.connection import EngineConnection

__all__ = ["LABEL", "EngineRunner", "containers_of"]

logger = logging.getLogger(__name__)

LABEL = "org.miniwdl-aws.local-cloud"
"""Label of our containers: the state folder of the cloud that they belong to."""
MAX_CONTAINERS = 1024
"""Threads that wait for containers; a cloud with more vCPUs has others wait."""
SIGNALS_AT_ONCE = 16
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
KILLED = 137
_DAEMON = "Error response from daemon: "
_FAILURES = (docker.errors.DockerException, requests.exceptions.RequestException, OSError)


class EngineRunner:
    """Runs jobs as containers."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: EngineConnection,
        state: Path,
        environment: Callable[[], dict[str, str]],
        *,
        pull: str,
    ) -> None:
        """
        Keep what all jobs share, and remove containers that an earlier cloud of the folder left.

        :param connection: the caller's, to close when this runner is.
        :param environment: gives the variables that every job gets.
        :param pull: ``missing``, ``always`` or ``never``.
        """
        self.loop = loop
        self.client = connection.client
        self.is_podman = connection.is_podman
        self.state = state
        self.environment = environment
        self.pull = pull
        self._pool = ThreadPoolExecutor(MAX_CONTAINERS, thread_name_prefix="local-cloud-container")
        self._signals = ThreadPoolExecutor(SIGNALS_AT_ONCE, thread_name_prefix="local-cloud-signal")
        self._remove_all()

    def start(self, launch: Launch) -> Execution:
        """Start the container; that it runs is told later."""
        container = _Container(self, launch)
        self._pool.submit(container.run)
        return container

    def in_background(self, action: Callable[[], None]) -> None:
        """Do something that asks the engine, and so may take a while."""
        self._signals.submit(action)

    def close(self) -> None:
        """Remove all containers."""
        self._pool.shutdown()
        self._signals.shutdown()
        self._remove_all()

    def _remove_all(self) -> None:
        for container in containers_of(self.client, self.state):
            _remove(container)


def containers_of(client: docker.DockerClient, state: Path) -> list[Container]:
    """List the containers that the cloud of this folder made, ended ones too; only their ids are known.

    Nothing is asked about each one: podman answers 500 about a container that is being removed at that moment, which
    the SDK's ``ignore_removed`` takes for a failure.
    """
    found: list[Container] = client.containers.list(all=True, sparse=True, filters={"label": f"{LABEL}={state}"})
    return found


class _Container:
    """A container under way: one thread sees to it from creation to removal."""

    def __init__(self, runner: EngineRunner, launch: Launch) -> None:
        self._runner = runner
        self._launch = launch
        self._container: Container | None = None
        # Guards the moment of the start: a job may be stopped before, while and after its container starts.
        self._lock = threading.Lock()
        self._unwanted = False

    def stop(self, timeout: float) -> None:
        """Send SIGTERM to the first process, and kill all later."""
        self._runner.in_background(lambda: self._signal("SIGTERM"))
        self._runner.loop.call_later(timeout, self.kill)

    def kill(self) -> None:
        """Kill all processes."""
        self._runner.in_background(lambda: self._signal("SIGKILL"))

    def _signal(self, name: str) -> None:
        with self._lock:
            self._unwanted = True
            if self._container is None:
                return
        try:
            self._container.kill(signal=name)
        except docker.errors.APIError as exc:  # most likely it has ended by itself
            logger.debug("no %s for container %s: %s", name, self._container.id, exc)

    def run(self) -> None:
        """See to the container."""
        tell = self._runner.loop.call_soon_threadsafe
        try:
            container = self._create()
        except StartError as exc:
            tell(self._launch.failed, exc)
            return
        try:
            self._follow(container)
        except StartError as exc:
            tell(self._launch.failed, exc)
        except _FAILURES as exc:
            logger.exception("lost contact with container %s", container.id)
            tell(self._launch.ended, Ended(None, f"CannotInspectContainerError: {exc}"))
        finally:
            _remove(container)

    def _create(self) -> Container:
        image = self._launch.spec.container["image"]
        options = container_options(
            self._launch.spec,
            self._launch.task_id,
            state=self._runner.state,
            environment={**self._runner.environment(), **self._launch.environment},
            is_podman=self._runner.is_podman,
        )
        for bind in options["mounts"]:
            if not Path(bind["Source"]).exists():
                Path(bind["Source"]).mkdir(parents=True)
        containers = self._runner.client.containers
        try:
            self._provide(image)
            return containers.create(
                image, self._launch.spec.command or None, labels={LABEL: str(self._runner.state)}, **options
            )
        except _FAILURES as exc:
            raise StartError(f"CannotCreateContainerError: {_words(exc)}") from exc

    def _provide(self, image: str) -> None:
        """Pull the image where the policy says so."""
        try:
            if self._runner.pull == "never":
                self._runner.client.images.get(image)
            elif self._runner.pull == "always" or not self._present(image):
                self._pull(image)
        except _FAILURES as exc:
            raise StartError(f"CannotPullContainerError: {_words(exc)}") from exc

    def _pull(self, image: str) -> None:
        name, tag = _split_tag(image)
        # Not by client.images.pull, which drops the errors that the engine reports once it has begun to answer.
        for event in self._runner.client.api.pull(name, tag=tag, stream=True, decode=True):
            if "error" in event:
                raise StartError(f"CannotPullContainerError: {_DAEMON}{event['error']}")

    def _is_unwanted(self) -> bool:
        return self._unwanted

    def _present(self, image: str) -> bool:
        try:
            self._runner.client.images.get(image)
        except docker.errors.ImageNotFound:
            return False
        return True

    def _follow(self, container: Container) -> None:
        tell = self._runner.loop.call_soon_threadsafe
        kills_before = _kernel_oom_kills()
        with self._lock:
            if self._is_unwanted():
                raise StartError(None)
            try:
                # Podman makes the container's processes ready at this point, and so may fail here already.
                connection = container.attach_socket(params={"stream": 1, "stdout": 1, "stderr": 1, "logs": 1})
                container.start()
            except _FAILURES as exc:
                raise StartError(f"CannotStartContainerError: {_words(exc)}") from exc
            self._container = container
        tell(self._launch.started)
        try:
            for _, chunk in frames_iter(connection, tty=False):
                tell(self._launch.output, chunk)
        finally:
            # The SDK's way to keep the HTTP response, which owns the connection, alive as long as its socket.
            connection._response.close()
            connection.close()
        code = int(container.wait()["StatusCode"])
        container.reload()
        out_of_memory = bool(container.attrs["State"].get("OOMKilled"))
        if code == KILLED and not out_of_memory and not self._is_unwanted():
            # Podman doesn't say so with control groups of version 1; the kernel's own count does.
            out_of_memory = _kernel_oom_kills() > kills_before
        tell(self._launch.ended, Ended(code, OUT_OF_MEMORY if out_of_memory else None))


def _words(exc: Exception) -> str:
    words = exc.explanation if isinstance(exc, docker.errors.APIError) else None
    return _DAEMON + words if words else str(exc)


def _split_tag(image: str) -> tuple[str, str | None]:
    if "@" in image:
        return image, None
    name, colon, tag = image.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (image, "latest")


def _remove(container: Container) -> None:
    try:
        container.remove(force=True, v=True)
    except _FAILURES as exc:
        logger.warning("can't remove container %s: %s", container.id, exc)


def _kernel_oom_kills() -> int:
    """Tell how many processes this machine's kernel killed for want of memory so far."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    except OSError:  # no Linux, or the engine runs in a virtual machine
        pass
    return 0
