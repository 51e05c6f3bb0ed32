"""Puts together what one job of a task is to be: its definition and its plan, with what plugins add."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.definition import build_definition, merge_properties
from miniwdl_aws_batch_backend.mounts import plan_mounts
from miniwdl_aws_batch_backend.request import JobPlan, job_name
from miniwdl_aws_batch_backend.resources import resources_of
from miniwdl_aws_batch_backend.workdir.handover import JOBS
from miniwdl_aws_batch_backend.workdir.wrapper import job_command
from miniwdl_aws_hooks import JobContext, JobRole, QueueContext
from miniwdl_aws_hooks.protocol import RUN_DIR_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_batch_backend.engine import Engine
    from miniwdl_aws_batch_backend.workdir.handover import Place
    from miniwdl_aws_batch_backend.workdir.paths import JobPaths
    from miniwdl_aws_hooks import JobChanges

__all__ = ["Draft", "TaskCall", "draft_job"]


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
    plan: JobPlan


def draft_job(engine: Engine, call: TaskCall) -> Draft:
    """
    Decide everything about a job.

    :raises MiniwdlAwsError: when something is wrong with it.
    """
    settings = engine.settings
    run_dir = call.place.run_dir
    plan = JobPlan(
        name=job_name(call.run_id, call.paths.task_dir, call.paths.number, engine.process),
        queue=_queue(engine, call),
        command=job_command(
            call.place.paths,
            call.paths.command,
            shell=call.shell,
            sentinel=engine.sentinel,
            owner=_user() if call.chown and not call.as_user and os.geteuid() != 0 else None,
        ),
        resources=resources_of(call.runtime, settings, call.task, call.growth),
        timeout=settings.job_timeout,
        tags={RUN_DIR_TAG: Path(run_dir).name},
        scheduling_priority=call.runtime.get("schedulingPriority"),
        share_identifier=call.runtime.get("shareIdentifier"),
    )
    changes = _changes(engine, call, plan)
    properties = merge_properties({}, settings.container_properties, "[aws] container_properties")
    definition = build_definition(
        image=call.image,
        mounts=plan_mounts(engine.mounts, engine.root, f"{run_dir}/{JOBS}" if settings.isolation == "run" else None),
        properties=merge_properties(properties, changes.container_properties, "a plugin"),
        runtime=call.runtime,
        user=_user() if call.as_user else None,
        task=call.task,
    )
    return Draft(definition, replace(plan, tags={**plan.tags, **changes.tags}, environment=changes.environment))


def _user() -> str:
    return f"{os.geteuid()}:{os.getegid()}"


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


def _changes(engine: Engine, call: TaskCall, plan: JobPlan) -> JobChanges:
    return engine.extensions.prepare(
        JobContext(
            role=JobRole.TASK,
            name=plan.name,
            queue=plan.queue,
            image=call.image,
            settings=engine.reader,
            run_id=call.run_id,
            task_name=call.task,
            try_number=call.paths.number,
            runtime=call.runtime,
        )
    )
