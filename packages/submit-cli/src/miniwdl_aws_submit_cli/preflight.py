"""What this distribution checks before a run: the workflow queue, and that an image and a staging folder are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.types import Check, CheckState
from miniwdl_aws_submit_cli.options.table import option
from miniwdl_aws_submit_cli.runs.batch import connect
from miniwdl_aws_submit_cli.runs.queues import Queue, QueueTable
from miniwdl_aws_submit_cli.runs.workflow_job import NO_IMAGE

if TYPE_CHECKING:
    from miniwdl_aws_hooks.types import PreflightContext

__all__ = ["checks"]


def checks(context: PreflightContext) -> list[Check]:
    """Check the queues, and whether an image and a staging folder are named; their owners look further."""
    table = QueueTable(connect().queues())
    found = [_queue(table, context.workflow_queue)]
    if not context.task_queue:
        found.append(Check("task queue", CheckState.FAILED, "none is configured", option("--task-queue").sources))
    found.append(_image(context.settings.get("aws", "workflow_image")))
    if not context.settings.get("aws", "staging"):
        found.append(
            Check(
                "staging folder",
                CheckState.WARNING,
                "none is configured: local files travel only with --s3upload, to its bucket",
                option("--staging").sources,
            )
        )
    return found


def _queue(table: QueueTable, name: str | None) -> Check:
    subject = "workflow queue"
    if not name:
        return Check(subject, CheckState.FAILED, "none is configured", option("--workflow-queue").sources)
    queue: Queue | None = table.get(name)
    if queue is None:
        return Check(subject, CheckState.FAILED, f"there is no job queue {name}", table.known())
    if queue.problem:
        return Check(subject, CheckState.FAILED, queue.problem, "look at its compute environments in AWS Batch")
    return Check(subject, CheckState.OK, f"job queue {queue.name} takes jobs")


def _image(name: str | None) -> Check:
    subject = "workflow image"
    if not name:
        return Check(subject, CheckState.FAILED, "none is configured", option("--image").sources)
    return Check(subject, CheckState.OK, "none is needed here" if name == NO_IMAGE else name)
