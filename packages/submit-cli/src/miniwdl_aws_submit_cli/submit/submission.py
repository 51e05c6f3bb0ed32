"""One submission from settings to job id: mounts, staging, payload, definition, request."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.protocol import ENV_PAYLOAD, ENV_PAYLOAD_NAME, ENV_SUBMISSION
from miniwdl_aws_hooks.settings import EnvironSettings
from miniwdl_aws_hooks.types import JobContext, JobRole, StageItem, StageRequest, StageResult
from miniwdl_aws_submit_cli.options.table import option
from miniwdl_aws_submit_cli.runs.workflow_job import (
    MAX_OVERRIDES,
    NO_IMAGE,
    WorkflowJob,
    check_request,
    definition,
    job_name,
    overrides_size,
    request,
    submission_token,
    unique_name,
)
from miniwdl_aws_submit_cli.submit.contributions import collect_changes, collect_mounts, merge, sentinel_of, stage
from miniwdl_aws_submit_cli.submit.environment import job_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pluggy

    from miniwdl_aws_submit_cli.options.resolve import Settings
    from miniwdl_aws_submit_cli.submit.payload import Payload
    from miniwdl_aws_submit_cli.submit.workflow_source import RunSource

__all__ = ["Plan", "Submission"]

RUNNER = "miniwdl-run-s3upload"
"""Command of the workflow job's image, from miniwdl-aws-s3-rails."""


@dataclass(frozen=True)
class Plan:
    """What is submitted, ready."""

    definition: Mapping[str, Any]
    request: Mapping[str, Any]
    """SubmitJob, with the definition's name."""
    staged: StageResult | None
    """Local files; ``None`` when there are none."""
    payload_size: int
    """Bytes of the payload, uncompressed; 0 without one."""
    payload_uri: str | None
    """Where it lies when it doesn't ride in the environment."""

    def shown(self) -> dict[str, Any]:
        """Describe it as JSON, without the payload's bytes."""
        overrides = dict(self.request["containerOverrides"])
        overrides["environment"] = [
            {**item, "value": f"({len(item['value'])} bytes)"}
            if item["name"] == ENV_PAYLOAD and not self.payload_uri
            else item
            for item in overrides["environment"]
        ]
        staged = self.staged
        return {
            "submitJob": {**self.request, "containerOverrides": overrides},
            "jobDefinition": self.definition,
            "staging": {
                "files": dict(staged.uris) if staged else {},
                "bytes": staged.size if staged else 0,
                "bytesToUpload": staged.uploaded if staged else 0,
            },
            "payload": {"bytes": self.payload_size, "uri": self.payload_uri} if self.payload_size else None,
        }


class Submission:
    """Prepares one workflow job."""

    def __init__(
        self,
        settings: Settings,
        manager: pluggy.PluginManager,
        *,
        region: str,
        environ: Mapping[str, str],
        no_env: bool,
        needs_image: bool,
        no_overwrite: bool,
        dry_run: bool,
        progress: Callable[[str], None],
        confirm: Callable[[str], bool],
    ) -> None:
        self.settings = settings
        self.manager = manager
        self.region = region
        self.environ = environ
        self.no_env = no_env
        self.needs_image = needs_image
        self.no_overwrite = no_overwrite
        self.dry_run = dry_run
        self.progress = progress
        self.confirm = confirm
        overrides = {
            ("aws", "task_queue"): settings.task_queue,
            ("aws", "task_queue_fallback"): settings.task_queue_fallback or "",
            ("aws", "fs"): settings.fsid or "",
            ("aws", "region"): region,
            ("file_io", "root"): settings.mount,
        }
        self.reader = EnvironSettings(environ, overrides)

    def plan(self, source: RunSource) -> Plan:
        """Do everything that precedes the submission; in a dry run, nothing is staged."""
        settings = self.settings
        image = settings.image or (None if self.needs_image else NO_IMAGE)
        if image is None:
            raise ConfigurationError(f"--image is missing: {option('--image').sources}", hint="see images/workflow")
        mounts = collect_mounts(self.manager, settings, self.reader)
        name = unique_name(settings.name or job_name(source.name), submission_token())
        changes = collect_changes(
            self.manager,
            JobContext(
                role=JobRole.WORKFLOW, name=name, queue=settings.workflow_queue, image=image, settings=self.reader
            ),
        )
        ours = {
            **job_environment(
                settings, self.region, sentinel_of(mounts, settings.mount), self.environ, no_env=self.no_env
            ),
            ENV_SUBMISSION: name,
        }
        role = {"jobRoleArn": settings.workflow_role} if settings.workflow_role else {}
        job = WorkflowJob(
            name=name,
            queue=settings.workflow_queue,
            image=image,
            mounts=mounts,
            command=self._command(source),
            environment=merge("environment variable", ours, changes.environment),
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            tags=merge("tag", settings.tags, changes.tags),
            properties=merge("container property", role, changes.container_properties),
        )
        files = source.local_files
        staged = self._stage(files, f"the local input {files[0].path}") if files else None
        payload = source.build(staged.uris if staged else {})
        job, uri = self._with_payload(job, payload)
        described = definition(job)
        submission = request(job, described["jobDefinitionName"])
        check_request(submission)
        return Plan(described, submission, staged, len(payload.data) if payload else 0, uri)

    def _command(self, source: RunSource) -> list[str]:
        settings = self.settings
        command = [RUNNER, *source.arguments, "--dir", settings.run_dir]
        if source.uploads and settings.s3upload:
            command += ["--s3upload", settings.s3upload]
            if settings.delete_after:
                command += ["--delete-after", settings.delete_after]
            if self.no_overwrite:
                command.append("--no-overwrite")
        return command

    def _with_payload(self, job: WorkflowJob, payload: Payload | None) -> tuple[WorkflowJob, str | None]:
        """Let the payload ride in the environment when it fits there, else stage it."""
        if payload is None:
            return job, None
        named = {**job.environment, ENV_PAYLOAD_NAME: payload.name}
        inline = replace(job, environment={**named, ENV_PAYLOAD: payload.encode()})
        if overrides_size(request(inline, "")) <= MAX_OVERRIDES:
            return inline, None
        with tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-") as folder:
            path = Path(folder) / payload.name
            path.write_bytes(payload.data)
            uri = self._stage((StageItem(str(path)),), "a WDL of this size").uris[str(path)]
        return replace(job, environment={**named, ENV_PAYLOAD: uri}), uri

    def _stage(self, items: tuple[StageItem, ...], what: str) -> StageResult:
        if not self.settings.staging:
            raise ConfigurationError(
                f"{what} must be staged in S3, and no folder is configured for that",
                hint=f"{option('--staging').sources}; with --s3upload, a folder in its bucket is used",
            )
        return stage(
            self.manager,
            StageRequest(items, self.settings.staging, self.dry_run, self.progress, self.confirm),
        )
