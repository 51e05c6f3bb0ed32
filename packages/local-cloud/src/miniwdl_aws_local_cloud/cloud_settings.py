"""What can be chosen about a local cloud, and where its state lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "DEFAULT_IDLE",
    "DEFAULT_STATE_DIR",
    "ENGINE",
    "JOB_MARKER",
    "LOCAL_OPTION",
    "PROCESS",
    "PULL_POLICIES",
    "RUNNERS",
    "STATE_DIR_VARIABLE",
    "CloudSettings",
    "state_dir",
]

STATE_DIR_VARIABLE = "MINIWDL_AWS_LOCAL_DIR"
"""Environment variable that names the state folder."""

DEFAULT_STATE_DIR = "miniwdl-aws-local"
"""State folder where the variable is unset, relative to the working directory."""

JOB_MARKER = "WDL_LOCAL_CLOUD"
"""
Environment variable of jobs that are processes: the state folder of the cloud that runs them. Containers don't get it:
their label says it, and no path of this machine is theirs to know. The name does not begin with ``MINIWDL_`` because
miniwdl warns of such variables when it doesn't know them.
"""

LOCAL_OPTION = "--local"
"""Of all commands about runs: the run is in the local cloud of this folder."""

PROCESS = "process"
ENGINE = "engine"
RUNNERS = (PROCESS, ENGINE)
PULL_POLICIES = ("missing", "always", "never")

DEFAULT_IDLE = 300.0
"""Seconds without jobs and requests after which a detached cloud ends."""


def _default_slots() -> int:
    # Twice the processors: trivial tasks spend their time waiting for the file system and for process start.
    return 2 * (os.cpu_count() or 1)


@dataclass(frozen=True)
class CloudSettings:
    """
    How a local cloud behaves.

    The limits are AWS Batch's own; tests lower them so as not to wait.
    """

    slots: int | None = None
    """vCPUs of the compute environment of each task queue; twice this machine's processors when ``None``."""
    workflow_slots: int = 64
    """vCPUs of the workflow queue's compute environment, its own: workflow jobs never keep tasks from running."""
    stop_timeout: float = 30.0
    """Seconds between SIGTERM and SIGKILL (``ECS_CONTAINER_STOP_TIMEOUT``)."""
    farewell: float = 3.0
    """Seconds in which running jobs may end themselves when the cloud goes down."""
    minimum_timeout: int = 60
    """Least ``attemptDurationSeconds`` that SubmitJob accepts."""
    submit_rate: float | None = None
    """SubmitJob requests a second beyond which they are throttled, as AWS does beyond 50; ``None`` for no limit."""
    region: str = "us-east-1"
    runner: str = PROCESS
    """What a job is: a ``process`` of this machine, or a container of an ``engine``, Docker or Podman."""
    pull: str = "missing"
    """When the engine runner pulls images: ``missing``, ``always`` or ``never``."""

    @property
    def task_slots(self) -> int:
        """Task vCPUs, the default filled in."""
        return self.slots or _default_slots()


def state_dir(environ: Mapping[str, str] | None = None) -> Path:
    """
    Absolute path of the state folder that the environment names.

    :raises StateFolderError: when it is a symbolic link.
    """
    named = (os.environ if environ is None else environ).get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR
    # not needed for a `--help`, which this module is imported for, too
    from miniwdl_aws_local_cloud.state_folder import locate

    return locate(named)
