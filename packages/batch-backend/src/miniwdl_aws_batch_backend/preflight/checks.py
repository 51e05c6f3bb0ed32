"""What ``miniwdl-aws doctor`` looks at for this distribution."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.batch_api import BatchApi, connect
from miniwdl_aws_batch_backend.configuration import BackendSettings, read_settings
from miniwdl_aws_batch_backend.preflight.ecr_images import check_image
from miniwdl_aws_core.batch.images import rewrite
from miniwdl_aws_core.options.shared import task_queues
from miniwdl_aws_hooks import Check, CheckState, PreflightContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["check"]


def check(
    context: PreflightContext,
    connect: Callable[[str | None], Any] = connect,
    look_into: Callable[[str, str], Sequence[Check]] = check_image,
) -> Sequence[Check]:
    """
    Check the options, then the queues, then images in ECR.

    :param connect: makes the client, given the configured region.
    :param look_into: checks an image, given what it is called and its name.
    """
    settings = read_settings(context.settings)
    images = [check for what, image in _images(context, settings) for check in look_into(f"{what} {image}", image)]
    return [*_check_queues(context, settings, connect), *images]


def _check_queues(
    context: PreflightContext, settings: BackendSettings, connect: Callable[[str | None], Any]
) -> list[Check]:
    queues = task_queues(context)
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


def _images(context: PreflightContext, settings: BackendSettings) -> list[tuple[str, str]]:
    """Name the images that are known before a run: those of tasks that name one stand in the WDL."""
    named = [("workflow image", settings.workflow_image)]
    with suppress(ValueError, AttributeError):  # miniwdl says what is wrong with its own option
        default = json.loads(context.settings.get("task_runtime", "defaults") or "{}").get("docker")
        if isinstance(default, str):
            named.append(("default task image", rewrite(default, settings.image_rewrite)))
    return [(what, image) for what, image in named if image]


def _check_queue(subject: str, queue: Mapping[str, Any] | None) -> Check:
    if queue is None:
        return Check(subject, CheckState.FAILED, "there is no job queue of this name in the region")
    if queue["state"] != "ENABLED":
        return Check(subject, CheckState.FAILED, "it is disabled and takes no jobs", hint="enable the job queue")
    if queue["status"] != "VALID":
        reason = queue.get("statusReason", "no reason given")
        return Check(subject, CheckState.FAILED, f"its status is {queue['status']}: {reason}")
    return Check(subject, CheckState.OK, "it is enabled and valid")
