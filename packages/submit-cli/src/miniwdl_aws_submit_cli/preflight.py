"""What this distribution checks before a run: the queues and the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.types import Check, CheckState
from miniwdl_aws_submit_cli.batch import connect
from miniwdl_aws_submit_cli.options import option
from miniwdl_aws_submit_cli.queues import Queue, QueueTable

if TYPE_CHECKING:
    from miniwdl_aws_hooks.types import PreflightContext

__all__ = ["checks"]


def checks(context: PreflightContext) -> list[Check]:
    """Check the workflow queue, the task queue, and that an image and a staging folder are named."""
    table = QueueTable(connect().queues())
    return [
        _queue(table, context.workflow_queue, "--workflow-queue"),
        _queue(table, context.task_queue, "--task-queue"),
        _named(context.settings.get("aws", "workflow_image"), "--image", "workflow image", CheckState.FAILED),
        _named(context.settings.get("aws", "staging"), "--staging", "staging folder", CheckState.WARNING),
    ]


def _queue(table: QueueTable, name: str | None, flag: str) -> Check:
    subject = flag.removeprefix("--").replace("-", " ")
    if not name:
        return Check(subject, CheckState.FAILED, "none is configured", option(flag).sources)
    queue: Queue | None = table.get(name)
    if queue is None:
        return Check(subject, CheckState.FAILED, f"there is no job queue {name}", table.known())
    if queue.problem:
        return Check(
            subject, CheckState.FAILED, queue.problem, "see the queue and its compute environments in AWS Batch"
        )
    return Check(subject, CheckState.OK, f"job queue {queue.name} takes jobs")


def _named(value: str | None, flag: str, subject: str, missing: CheckState) -> Check:
    if value:
        return Check(subject, CheckState.OK, value)
    needed = {
        CheckState.FAILED: "none is configured; only --local does without",
        CheckState.WARNING: "none is configured: local files travel only with --s3upload, to its bucket",
    }
    return Check(subject, missing, needed[missing], option(flag).sources)
