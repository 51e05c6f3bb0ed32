"""What ``miniwdl-aws doctor`` looks at for this distribution."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.configuration import BackendSettings, read_settings
from miniwdl_aws_batch_backend.preflight.ecr_images import check_image
from miniwdl_aws_batch_backend.preflight.environments import check_environments
from miniwdl_aws_batch_backend.preflight.hosts import InstanceTypes
from miniwdl_aws_batch_backend.preflight.quotas import check_quotas, connect_quotas
from miniwdl_aws_batch_backend.process.batch_api import BatchApi, connect
from miniwdl_aws_batch_backend.process.extensions import Extensions
from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.batch.images import rewrite
from miniwdl_aws_core.hosts.environments import environments_behind
from miniwdl_aws_core.options.shared import task_queues
from miniwdl_aws_hooks import Check, CheckState, PreflightContext, get_manager
from miniwdl_aws_hooks.findings import not_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from miniwdl_aws_core.hosts.environments import ComputeEnvironment

__all__ = ["check"]


def check(
    context: PreflightContext,
    connect: Callable[[str | None], Any] = connect,
    look_into: Callable[[str, str], Sequence[Check]] = check_image,
    find_hosts: Callable[[str | None], InstanceTypes] = InstanceTypes.connect,
    extensions: Extensions | None = None,
    quotas: Callable[[str | None], Any] = connect_quotas,
) -> Sequence[Check]:
    """
    Check the options, then the queues and their compute environments, then images in ECR, then tasks that are to run.

    :param connect: makes the client of AWS Batch, given the configured region.
    :param look_into: checks an image, given what it is called and its name.
    :param find_hosts: makes what knows EC2's instance types, given the configured region.
    :param extensions: hooks, which may send tasks to other queues.
    :param quotas: makes the client of Service Quotas, given the configured region.
    """
    settings = read_settings(context.settings)
    api = BatchApi(connect(settings.region))
    found = _check_queues(context, api)
    images = [check for what, image in _images(context, settings) for check in look_into(f"{what} {image}", image)]
    queues = list(dict.fromkeys(filter(None, (context.workflow_queue, *task_queues(context).values()))))
    environments: dict[str, list[ComputeEnvironment]] = {}
    try:
        environments = environments_behind(api.call, queues)
        found += _check_environments(environments)
        each = {environment.name: environment for behind in environments.values() for environment in behind}
        found += check_quotas(quotas(settings.region), each.values())
    except AwsError as exc:
        found.append(not_checked("compute environments", exc))
    found += images
    if context.tasks:
        from miniwdl_aws_batch_backend.preflight.tasks import Tasks

        extensions = extensions or Extensions(get_manager())
        look_up = partial(environments_behind, api.call)
        found += Tasks(context, settings, extensions, find_hosts(settings.region), look_up).checks(environments)
    return found


def _check_environments(environments: Mapping[str, Sequence[ComputeEnvironment]]) -> list[Check]:
    """Look at each environment once, though queues may share it."""
    found = [check for queue, behind in environments.items() for check in check_environments(queue, behind)]
    return list({(check.subject, check.message): check for check in found}.values())


def _check_queues(context: PreflightContext, api: BatchApi) -> list[Check]:
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
        command = f"aws batch update-job-queue --job-queue {queue['jobQueueName']} --state ENABLED"
        return Check(subject, CheckState.FAILED, "it is disabled and takes no jobs", command=command)
    if queue["status"] != "VALID":
        reason = queue.get("statusReason", "no reason given")
        return Check(subject, CheckState.FAILED, f"its status is {queue['status']}: {reason}")
    return Check(subject, CheckState.OK, "it is enabled and valid")
