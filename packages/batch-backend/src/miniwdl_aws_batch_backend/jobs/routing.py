"""Which job queue a try of a task goes to, where no plugin has an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.configuration import BackendSettings
from miniwdl_aws_batch_backend.errors import TaskSettingError
from miniwdl_aws_batch_backend.jobs.resources import ARM64

if TYPE_CHECKING:
    from miniwdl_aws_hooks import QueueContext

__all__ = ["choose_queue"]


def choose_queue(context: QueueContext) -> str:
    """
    Take the task's own queue, else that of its architecture, else that one's fallback once enough hosts were lost.

    There is no way from one architecture to the other: a fallback of x86_64 would get an image of arm64 to start.

    :raises TaskSettingError: when there is no queue for the architecture.
    """
    asked: str | None = context.runtime.get("queue")
    if asked:
        return asked
    queue, fallback = _queues(context)
    lost_enough = context.interruptions > 0 and context.interruptions >= context.preemptible
    return fallback if lost_enough and fallback else queue


def _queues(context: QueueContext) -> tuple[str, str | None]:
    if context.runtime.get("architecture") != ARM64:
        return context.queue, context.fallback_queue
    settings = BackendSettings(context.settings)
    if settings.task_queue_arm64 is None:
        raise TaskSettingError(
            f"task {context.task_name}: runtime.architecture is {ARM64}, and no job queue for it is configured",
            hint=f"set [aws] task_queue_arm64 or {BackendSettings.task_queue_arm64.variable}",
        )
    return settings.task_queue_arm64, settings.task_queue_fallback_arm64
