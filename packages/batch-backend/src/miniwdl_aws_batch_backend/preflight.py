"""What ``miniwdl-aws doctor`` looks at for this distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.batch_api import BatchApi, connect
from miniwdl_aws_batch_backend.configuration import BackendSettings, read_settings
from miniwdl_aws_hooks import Check, CheckState, PreflightContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["check"]


def check(context: PreflightContext, connect: Callable[[str | None], Any] = connect) -> Sequence[Check]:
    """
    Check the options, then the queues.

    :param connect: makes the client, given the configured region.
    """
    settings = read_settings(context.settings)
    queues = _queues(context, settings)
    if not queues:
        return [
            Check(
                "task queue",
                CheckState.FAILED,
                "no job queue for tasks is named",
                hint="--task-queue, MINIWDL__AWS__TASK_QUEUE, or the tag DefaultTaskQueue of the workflow queue",
            )
        ]
    api = BatchApi(connect(settings.region))
    answer = api.call("describe_job_queues", jobQueues=list(queues.values()))["jobQueues"]
    found = {name: queue for queue in answer for name in (queue["jobQueueName"], queue["jobQueueArn"])}
    return [_check_queue(f"{what} {name}", found.get(name)) for what, name in queues.items()]


def _queues(context: PreflightContext, settings: BackendSettings) -> dict[str, str]:
    named = {
        "task queue": context.task_queue or settings.task_queue,
        "fallback task queue": settings.task_queue_fallback,
    }
    return {what: name for what, name in named.items() if name}


def _check_queue(subject: str, queue: Mapping[str, Any] | None) -> Check:
    if queue is None:
        return Check(subject, CheckState.FAILED, "there is no job queue of this name in the region")
    if queue["state"] != "ENABLED":
        return Check(subject, CheckState.FAILED, "it is disabled and takes no jobs", hint="enable the job queue")
    if queue["status"] != "VALID":
        reason = queue.get("statusReason", "no reason given")
        return Check(subject, CheckState.FAILED, f"its status is {queue['status']}: {reason}")
    return Check(subject, CheckState.OK, "it is enabled and valid")
