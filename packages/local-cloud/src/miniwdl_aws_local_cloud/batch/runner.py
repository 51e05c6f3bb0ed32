"""What runs the containers of jobs: the protocol between the scheduler and its runners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_local_cloud.batch.jobs import JobSpec

__all__ = ["Ended", "Execution", "Launch", "Runner", "StartError"]

ESSENTIAL_EXITED = "Essential container in task exited"


class StartError(Exception):
    """A container that could not be started."""

    def __init__(self, reason: str | None, status_reason: str = "Task failed to start") -> None:
        """
        Keep what the job's detail will say.

        :param reason: the container's reason, such as ``CannotPullContainerError: ...``.
        :param status_reason: the job's statusReason.
        """
        super().__init__(reason or status_reason)
        self.reason = reason
        self.status_reason = status_reason


@dataclass(frozen=True)
class Ended:
    """How a container ended."""

    exit_code: int | None
    reason: str | None = None
    """The container's reason, such as ``OutOfMemoryError: ...``."""
    status_reason: str = ESSENTIAL_EXITED


@dataclass(frozen=True)
class Launch:
    """
    One attempt of a job, ready to start.

    The callbacks are called in the thread of the scheduler's event loop: first ``started`` or ``failed``, then
    ``output`` any number of times, ``ended`` last.
    """

    spec: JobSpec
    task_id: str
    environment: Mapping[str, str] = field(repr=False)
    """What Batch adds to the job's own environment."""
    started: Callable[[], None]
    failed: Callable[[StartError], None]
    output: Callable[[bytes], None]
    ended: Callable[[Ended], None]


class Execution(Protocol):
    """A container under way."""

    def stop(self, timeout: float) -> None:
        """Ask it to end (SIGTERM), and kill it after some seconds."""

    def kill(self) -> None:
        """End it at once (SIGKILL)."""


class Runner(Protocol):
    """Starts containers."""

    def start(self, launch: Launch) -> Execution:
        """Start a container. Called in the thread of the event loop."""

    def close(self) -> None:
        """Leave nothing behind. Called when every container has ended."""


class NoRunner:
    """Starts nothing: of a cloud that is only looked at."""

    def start(self, _launch: Launch) -> Execution:
        """Refuse."""
        raise StartError(None, status_reason="this local cloud is only looked at")

    def close(self) -> None:
        """Nothing is held open."""
