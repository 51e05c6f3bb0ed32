"""What a user wants to be run becomes a job, ready to be submitted: mounts, staging, payload, definition, request."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.attempts import WHERE_NOT_AT_FAULT
from miniwdl_aws_core.batch.definition import build_definition, keeping_log_lines
from miniwdl_aws_core.batch.mounts import covering_mount, plan_mounts, sentinel_of
from miniwdl_aws_core.batch.request import JobRequest, fits, resources, submit_request
from miniwdl_aws_core.publish_options import write_arguments
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.protocol import ENV_PAYLOAD, ENV_PAYLOAD_NAME, ENV_SUBMISSION, ENV_TASK_ENV
from miniwdl_aws_hooks.settings import EnvironSettings
from miniwdl_aws_hooks.types import JobChanges, JobContext, JobRole, StageItem
from miniwdl_aws_submit_cli.options.table import NO_IMAGE, option
from miniwdl_aws_submit_cli.runs.names import submission_token, submitter_tag, unique_name
from miniwdl_aws_submit_cli.submit.contributions import WORKFLOW_JOB, collect_changes, collect_mounts
from miniwdl_aws_submit_cli.submit.environment import hidden_variables, job_environment
from miniwdl_aws_submit_cli.submit.payload import task_env_file
from miniwdl_aws_submit_cli.submit.sending import Ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pluggy

    from miniwdl_aws_hooks.types import Mount, StageResult
    from miniwdl_aws_submit_cli.options.resolve import Settings
    from miniwdl_aws_submit_cli.submit.contributions import Stager
    from miniwdl_aws_submit_cli.submit.payload import Payload
    from miniwdl_aws_submit_cli.submit.workflow_source import RunSource

__all__ = ["Order", "Plan", "Submission"]

RUNNER = "miniwdl-run-s3upload"
"""Command of the workflow job's image, from miniwdl-aws-s3-rails."""


@dataclass(frozen=True)
class Order:
    """What is to be run, and how; all that a submission depends on, apart from the plugins."""

    settings: Settings
    source: RunSource
    region: str
    environ: Mapping[str, str]
    """Variables of the submitting process."""
    needs_image: bool = True
    """Whether the workflow job runs in a container."""
    no_env: bool = False
    """Pass none of the variables on."""

    @property
    def image(self) -> str:
        """
        Image of the workflow job.

        :raises ConfigurationError: when there must be one, and nobody named it.
        """
        image = self.settings.image or (None if self.needs_image else NO_IMAGE)
        if image is None:
            raise ConfigurationError(f"--image is missing: {option('--image').sources}", hint="see images/workflow")
        return image

    @property
    def reader(self) -> EnvironSettings:
        """What plugins read of the configuration."""
        settings = self.settings
        overrides = {
            ("aws", "task_queue"): settings.task_queue,
            ("aws", "task_queue_fallback"): settings.task_queue_fallback or "",
            ("aws", "share_identifier"): settings.task_share or "",
            ("aws", "fs"): settings.fsid or "",
            ("aws", "region"): self.region,
            ("file_io", "root"): settings.mount,
        }
        return EnvironSettings(self.environ, overrides)


@dataclass(frozen=True)
class Plan:
    """A job that is ready, with what became of the files that it needs."""

    ready: Ready
    shown_request: Mapping[str, Any]
    """SubmitJob, with the payload's size in its place."""
    staged: StageResult | None
    """Local files; ``None`` when there are none."""
    payload_size: int
    """Bytes of the payload, uncompressed; 0 without one."""
    payload_uri: str | None
    """Where it lies when it doesn't ride in the environment."""

    def shown(self) -> dict[str, Any]:
        """Describe it as JSON, without the payload's bytes."""
        staged = self.staged
        return {
            "submitJob": self.shown_request,
            "jobDefinition": self.ready.definition,
            "staging": {
                "files": dict(staged.uris) if staged else {},
                "bytes": staged.size if staged else 0,
                "bytesToUpload": staged.uploaded if staged else 0,
            },
            "payload": {"bytes": self.payload_size, "uri": self.payload_uri} if self.payload_size else None,
        }


class Submission:
    """Prepares one workflow job."""

    def __init__(self, order: Order, manager: pluggy.PluginManager, stage: Stager) -> None:
        self.order = order
        self.manager = manager
        self.stage = stage

    def plan(self) -> Plan:
        """Do everything that precedes the submission."""
        order, settings, source = self.order, self.order.settings, self.order.source
        image = order.image
        mounts = collect_mounts(self.manager, settings, order.reader)
        name = unique_name(settings.name or source.name, submission_token())
        changes = self._changes(name, mounts)
        job = JobRequest(
            name=name,
            queue=settings.workflow_queue,
            command=self._command(source),
            resources=resources(settings.cpu, settings.memory_mib),
            environment=changes.environment,
            tags=changes.tags,
            share_identifier=settings.workflow_share,
            retries=WHERE_NOT_AT_FAULT,
            subject=WORKFLOW_JOB,
            advice="give inputs in a file (-i inputs.json); --no-env passes no environment variables",
        )
        files = source.local_files
        staged = self.stage(files, f"the local input {files[0].path}") if files else None
        payload = source.build(staged.uris if staged else {})
        job, uri = self._with_payload(self._with_hidden(job), payload)
        definition = build_definition(
            "miniwdl-aws-workflow-",
            image=image,
            mounts=plan_mounts(mounts, settings.mount),
            properties=keeping_log_lines(changes.container_properties),
            fair_share=settings.workflow_share is not None,
            subject=WORKFLOW_JOB,
        )
        request = submit_request(job, definition["jobDefinitionName"])
        shown = submit_request(_without_bytes(job, payload), definition["jobDefinitionName"]) if not uri else request
        return Plan(Ready(request, definition), shown, staged, len(payload.data) if payload else 0, uri)

    def _changes(self, name: str, mounts: Sequence[Mount]) -> JobChanges:
        order, settings = self.order, self.order.settings
        shared = covering_mount(mounts, settings.mount)
        sentinel = sentinel_of(shared) if shared else None
        environment = job_environment(settings, order.region, sentinel, order.environ, no_env=order.no_env)
        ours = JobChanges(
            tags={**submitter_tag(order.environ), **settings.tags},
            environment={**environment, ENV_SUBMISSION: name},
            container_properties={"jobRoleArn": settings.workflow_role} if settings.workflow_role else {},
        )
        context = JobContext(
            role=JobRole.WORKFLOW,
            name=name,
            queue=settings.workflow_queue,
            image=order.image,
            settings=order.reader,
        )
        return collect_changes(self.manager, context, ours)

    def _command(self, source: RunSource) -> list[str]:
        settings = self.order.settings
        command = [RUNNER, *source.arguments, "--dir", settings.run_dir]
        return [*command, *write_arguments(settings.publish)] if source.uploads else command

    def _with_payload(self, job: JobRequest, payload: Payload | None) -> tuple[JobRequest, str | None]:
        """Let the payload ride in the environment when it fits there, else stage it."""
        if payload is None:
            return job, None
        named = {**job.environment, ENV_PAYLOAD_NAME: payload.name}
        inline = replace(job, environment={**named, ENV_PAYLOAD: payload.encode()})
        if fits(inline):
            return inline, None
        uri = self._staged(payload, "a WDL of this size")
        return replace(job, environment={**named, ENV_PAYLOAD: uri}), uri

    def _with_hidden(self, job: JobRequest) -> JobRequest:
        """Stage the values of ``--env``, and variables that may be secrets, however short they are."""
        env, hidden = self.order.source.task_env, hidden_variables(job.environment)
        if not (env or hidden):
            return job
        shown = {name: value for name, value in job.environment.items() if name not in hidden}
        what = " and ".join([*(["--env"] if env else []), *sorted(hidden)])
        gives = "gives" if len(hidden) + bool(env) == 1 else "give"
        uri = self._staged(task_env_file(env, hidden), f"what {what} {gives}, which the job's description would show,")
        return replace(job, environment={**shown, ENV_TASK_ENV: uri})

    def _staged(self, payload: Payload, what: str) -> str:
        with tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-") as folder:
            path = Path(folder) / payload.name
            path.write_bytes(payload.data)
            return self.stage((StageItem(str(path)),), what).uris[str(path)]


def _without_bytes(job: JobRequest, payload: Payload | None) -> JobRequest:
    """Put the size of the payload that rides in the environment in its place."""
    if payload is None:
        return job
    size = f"({len(job.environment[ENV_PAYLOAD])} bytes)"
    return replace(job, environment={**job.environment, ENV_PAYLOAD: size})
