"""
What to do about each class of failure, in one sentence: for hints of commands, reports, and the documentation. Pure.

The sentences say what a user can do who sees that one task has failed so; what a rule does about it by itself, such as
trying again, is the task backend's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import FailureClass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REMEDIES", "remedy_for"]

REMEDIES: Mapping[FailureClass, str] = {
    FailureClass.TOOL_ERROR: "read the task's last lines: the tool itself gave up, and would again on the same inputs",
    FailureClass.OUT_OF_MEMORY: "let the task ask for more (runtime.memory), or have each new try ask for more "
    "(runtime.maxRetries with [aws] memory_retry_multiplier)",
    FailureClass.HOST_LOST: "let the task be tried again (runtime.preemptible), or name a queue of on-demand hosts for "
    "those that lost a host (--task-queue-fallback)",
    FailureClass.IMAGE_TRANSIENT: "submit it again; where that happens often, have images come from a registry in the "
    "account, such as a pull-through cache",
    FailureClass.IMAGE_FORBIDDEN: "check the image's name, and whether the registry wants a login",
    FailureClass.IMAGE_NO_SPACE: "give the hosts larger root volumes, or the task a smaller image",
    FailureClass.IMAGE_PLATFORM: "take an image for the processors of the task's queue, or another queue",
    FailureClass.IMAGE_NO_COMMAND: "take an image that has a shell",
    FailureClass.IMAGE_ENTRYPOINT: "take an image without an entrypoint, or whose entrypoint runs what it is given",
    FailureClass.CONTAINER_START: "submit it again; look at the host when it fails the same way",
    FailureClass.TIMEOUT: "let the task take longer (runtime.timeout, or [aws] job_timeout), or find out what it "
    "waits for",
    FailureClass.STOPPED_BY_USER: "go on by miniwdl-aws rerun: the call cache has what was done before",
    FailureClass.MOUNT_MISSING: "see the hosts' user data (miniwdl-aws fsx user-data), and their cloud-init logs",
    FailureClass.STUCK_IN_QUEUE: "compare what the task asks for with what the queue's compute environments have",
    FailureClass.CONFLICTING_EXIT: "submit it again: its command succeeded, and AWS Batch says that it failed",
    FailureClass.JOB_REJECTED: "change what its reason names: AWS Batch found the request invalid",
    FailureClass.JOB_VANISHED: "submit it again: AWS Batch does not know the job any more",
    FailureClass.ALREADY_BEGUN: "submit it again: the job was begun twice, and one of the two could not be found",
    FailureClass.UNKNOWN: "look at its log, and submit it again",
}
"""Without a full stop, as hints are."""


def remedy_for(name: str) -> str:
    """
    Say what to do.

    :param name: value of a class, as ``error.json`` and records have it.
    :return: empty for one that is none of this project's.
    """
    return REMEDIES[FailureClass(name)] if name in set(FailureClass) else ""
