"""Puts together what one job of a task is to be: its definition and its plan, with what plugins add."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.errors import TaskSettingError
from miniwdl_aws_batch_backend.jobs.resources import Resources, resources_of
from miniwdl_aws_batch_backend.workdir.handover import JOBS
from miniwdl_aws_batch_backend.workdir.wrapper import job_command
from miniwdl_aws_core.batch.changes import merge_changes, override
from miniwdl_aws_core.batch.definition import TASK_PREFIX, build_definition
from miniwdl_aws_core.batch.images import longest_match, rewrite
from miniwdl_aws_core.batch.mounts import plan_mounts
from miniwdl_aws_core.batch.request import JobRequest, job_name, resources
from miniwdl_aws_core.batch.tags import RunTags, TaskTags, call_path, run_prefix
from miniwdl_aws_hooks import JobChanges, JobContext, JobRole, QueueContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_batch_backend.configuration import BackendSettings
    from miniwdl_aws_batch_backend.process.engine import Engine
    from miniwdl_aws_batch_backend.workdir.handover import Place
    from miniwdl_aws_batch_backend.workdir.paths import JobPaths

__all__ = ["Draft", "TaskCall", "draft_job", "task_properties"]


EXECUTE_COMMAND = {"enableExecuteCommand": True, "linuxParameters": {"initProcessEnabled": True}}
"""
The agent that ECS Exec starts in a container leaves children behind, which an init process takes care of.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""


@dataclass(frozen=True)
class TaskCall:
    """A try of a task, as miniwdl wants it."""

    run_id: str
    task: str
    paths: JobPaths
    place: Place
    runtime: Mapping[str, Any]
    """The effective runtime values, hints among them."""
    image: str
    """As the task names it."""
    shell: str
    as_user: bool
    """Run as the user of this process instead of the image's own."""
    chown: bool
    """Give what the task writes to the user of this process."""
    interruptions: int
    growth: float
    """Factor on the memory."""


@dataclass(frozen=True)
class Draft:
    """A job that could be submitted."""

    definition: Mapping[str, Any]
    """RegisterJobDefinition request."""
    request: JobRequest
    resources: Resources
    image: str
    """What the job runs in, which ``[aws] image_rewrite`` may have named otherwise than its task."""


def draft_job(engine: Engine, call: TaskCall) -> Draft:
    """
    Decide everything about a job.

    :raises MiniwdlAwsError: when something is wrong with it.
    """
    settings, subject = engine.settings, f"task {call.task}"
    name, queue = _name(engine, call), _queue(engine, call)
    image = rewrite(call.image, settings.image_rewrite)
    changes = _changes(engine, call, name, queue, image)
    share = call.runtime.get("shareIdentifier", settings.share_identifier)
    asked = resources_of(call.runtime, settings, call.task, call.growth)
    writable = f"{call.place.run_dir}/{JOBS}" if settings.isolation == "run" else None
    properties = task_properties(
        override(settings.container_properties, _login(image, settings), "[aws] repository_credentials"),
        changes.container_properties,
        call.runtime,
        _user() if call.as_user else None,
        execute_command=settings.enable_execute_command,
    )
    if "repositoryCredentials" in properties and not properties.get("executionRoleArn"):
        raise TaskSettingError(
            f"{subject}: AWS Batch logs in for the image {image} by an execution role only, and the job has none",
            hint="set executionRoleArn in [aws] container_properties, or in the task's runtime section",
        )
    mounts = plan_mounts(engine.mounts, engine.root, writable)
    definition = build_definition(
        TASK_PREFIX,
        image=image,
        mounts=mounts,
        properties=properties,
        fair_share=share is not None,
        subject=subject,
        tags=RunTags(Path(call.place.run_dir).name, _workflow_job()).written() if mounts.isolated else None,
    )
    request = JobRequest(
        name=name,
        queue=queue,
        command=job_command(
            call.place.paths,
            call.paths.command,
            shell=call.shell,
            sentinel=engine.sentinel,
            owner=_user() if call.chown and not call.as_user and os.geteuid() != 0 else None,
        ),
        resources=resources(asked.vcpu, asked.memory_mib, asked.gpu),
        environment=changes.environment,
        tags=changes.tags,
        timeout=call.runtime.get("timeout", settings.job_timeout),
        scheduling_priority=call.runtime.get("schedulingPriority"),
        share_identifier=share,
        consumables=call.runtime.get("consumableResources", {}),
        subject=subject,
        advice="a shorter run directory, or fewer environment variables from plugins",
    )
    return Draft(definition, request, asked, image)


def _name(engine: Engine, call: TaskCall) -> str:
    """Name the job: readable, and like no other job's, so that a lost answer can be looked up by it."""
    number = call.paths.number
    # The process is in it since a later run may use the same directory.
    token = hashlib.sha256(f"{engine.process}#{call.paths.task_dir}#{number}".encode()).hexdigest()[:10]
    suffix = f"{f'-try{number}' if number > 1 else ''}-{token}"
    return job_name(call.run_id.removeprefix("call-"), suffix, "task", run_prefix(_workflow_job()))


def task_properties(
    configured: Mapping[str, Any],
    added: Mapping[str, Any],
    runtime: Mapping[str, Any],
    user: str | None,
    *,
    execute_command: bool = False,
) -> dict[str, Any]:
    """
    Put the properties of a task's container together; what comes later counts for more.

    :param configured: ``[aws] container_properties``.
    :param added: of plugins.
    :param runtime: effective runtime values, hints among them; most of them are not in the definition.
    :param user: ``uid:gid`` to run as instead of the image's own.
    :param execute_command: let ECS Exec into the container.
    """
    own = {key: runtime[key] for key in ("jobRoleArn", "executionRoleArn", "ulimits") if key in runtime}
    if "sharedMemorySize" in runtime:
        own["linuxParameters"] = {"sharedMemorySize": runtime["sharedMemorySize"]}
    if runtime.get("privileged"):
        own["privileged"] = True
    if user is not None:
        own["user"] = user
    base = override(EXECUTE_COMMAND if execute_command else {}, configured, "[aws] container_properties")
    return override(override(base, added, "a plugin"), own, "a task")


def _login(image: str, settings: BackendSettings) -> dict[str, Any]:
    """
    Name the secret for an image's registry, as a property of the container.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/private-registry.html
    """
    found = longest_match(image, settings.repository_credentials)
    return {"repositoryCredentials": {"credentialsParameter": found[1]}} if found else {}


def _user() -> str:
    return f"{os.geteuid()}:{os.getegid()}"


def _workflow_job() -> str | None:
    return os.environ.get("AWS_BATCH_JOB_ID")


def _queue(engine: Engine, call: TaskCall) -> str:
    return engine.extensions.queue(
        QueueContext(
            run_id=call.run_id,
            task_name=call.task,
            try_number=call.paths.number,
            interruptions=call.interruptions,
            preemptible=call.runtime.get("preemptible", 0),
            queue=engine.queue,
            fallback_queue=engine.settings.task_queue_fallback,
            runtime=call.runtime,
            settings=engine.reader,
        )
    )


def _changes(engine: Engine, call: TaskCall, name: str, queue: str, image: str) -> JobChanges:
    path = os.path.relpath(call.paths.task_dir, call.place.run_dir)
    tags = TaskTags(
        run_dir=Path(call.place.run_dir).name,
        call=call_path("" if path == "." else path),
        task=call.task,
        number=call.paths.number,
        parent=_workflow_job(),
    )
    context = JobContext(
        role=JobRole.TASK,
        name=name,
        queue=queue,
        image=image,
        settings=engine.reader,
        run_id=call.run_id,
        task_name=call.task,
        try_number=call.paths.number,
        runtime=call.runtime,
    )
    return merge_changes([JobChanges(tags=tags.written()), *engine.extensions.prepare(context)], f"task {call.task}")
