"""What to do about each class of failure, in one sentence. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import FailureClass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REMEDIES", "remedy_for"]

REMEDIES: Mapping[FailureClass, str] = {
    FailureClass.TOOL_ERROR: "read its last lines: the tool itself gave up, and would again with the same inputs",
    FailureClass.OUT_OF_MEMORY: "give the task more memory in its `runtime` section, or let `[aws] "
    "memory_retry_multiplier` raise it when it is tried again",
    FailureClass.HOST_LOST: "let it be tried again after the loss of a spot host by `preemptible`, and after those on "
    "demand by --task-queue-fallback",
    FailureClass.IMAGE_TRANSIENT: "submit it again; where that happens often, a pull-through cache helps",
    FailureClass.IMAGE_FORBIDDEN: "check the image's name, and whether the registry wants a login",
    FailureClass.IMAGE_NO_SPACE: "give the hosts larger root volumes, or the task a smaller image",
    FailureClass.IMAGE_PLATFORM: "take an image for the processors of the task's queue, or another queue",
    FailureClass.IMAGE_NO_COMMAND: "take an image that has a shell",
    FailureClass.IMAGE_ENTRYPOINT: "take an image without an entrypoint, or whose entrypoint runs what it is given",
    FailureClass.CONTAINER_START: "submit it again; look at the host when it fails the same way",
    FailureClass.TIMEOUT: "give it more time by `[aws] job_timeout`, or find out what it waits for",
    FailureClass.STOPPED_BY_USER: "somebody stopped it: `miniwdl-aws rerun` goes on, and the call cache does the rest",
    FailureClass.MOUNT_MISSING: "its host lacks the shared file system: `miniwdl-aws doctor` says what hosts need",
    FailureClass.STUCK_IN_QUEUE: "no host for it could be had: ask for less, or for other kinds of instances",
    FailureClass.CONFLICTING_EXIT: "submit it again: its command succeeded, and AWS Batch says that it failed",
    FailureClass.JOB_REJECTED: "AWS Batch found its request invalid: its reason names what",
    FailureClass.JOB_VANISHED: "submit it again: AWS Batch does not know the job any more",
    FailureClass.ALREADY_BEGUN: "submit it again: the job was begun twice, and one of the two could not be found",
    FailureClass.UNKNOWN: "look at its log, and submit it again",
}


def remedy_for(name: str) -> str:
    """Say what to do; empty for a class that is none of this project's."""
    return REMEDIES.get(FailureClass(name), "") if name in set(FailureClass) else ""
