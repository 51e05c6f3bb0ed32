"""What this distribution checks before a run: the workflow queue, shares, and that image and staging are named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.known import refuse_unknown
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.types import Check, CheckState
from miniwdl_aws_submit_cli.options.resolve import Resolved
from miniwdl_aws_submit_cli.options.table import NO_IMAGE, option
from miniwdl_aws_submit_cli.runs.batch import connect
from miniwdl_aws_submit_cli.runs.queues import Queue, QueueTable
from miniwdl_aws_submit_cli.runs.shares import shares

if TYPE_CHECKING:
    from miniwdl_aws_hooks.types import PreflightContext

__all__ = ["checks"]


def checks(context: PreflightContext) -> list[Check]:
    """Check that all options exist, the queues, shares, and what is named: an image, a staging folder."""
    table = QueueTable(connect().queues())
    found = [_configuration(context), _queue(table, context.workflow_queue)]
    if not context.task_queue:
        found.append(Check("task queue", CheckState.FAILED, "none is configured", option("--task-queue").sources))
    found += _shares(table, context)
    found.append(_image(AwsOptions(context.settings).workflow_image))
    if not AwsOptions(context.settings).staging:
        found.append(
            Check(
                "staging folder",
                CheckState.WARNING,
                "none is configured: local files travel only with --s3upload, to its bucket",
                option("--staging").sources,
            )
        )
    return found


def _configuration(context: PreflightContext) -> Check:
    subject = "configuration"
    try:
        refuse_unknown(context.settings, os.environ)
    except ConfigurationError as exc:
        return Check(subject, CheckState.FAILED, exc.message, exc.hint)
    return Check(subject, CheckState.OK, "all options that are set exist")


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


def _shares(table: QueueTable, context: PreflightContext) -> list[Check]:
    """Check that queues with a scheduling policy get a share identifier; there is nothing to say of others."""
    options = AwsOptions(context.settings)
    workflow = table.get(context.workflow_queue or "")
    named = (context.task_queue, options.task_queue_fallback)
    tasks = [queue for queue in (table.get(name or "") for name in named) if queue]
    if not (workflow and tasks):
        return []  # which other checks say
    subject = "share identifier"
    try:
        given = options.share_identifier
        decided = shares(Resolved(given or "", AwsOptions.share_identifier.label), workflow, tasks)
    except ConfigurationError as exc:
        return [Check(subject, CheckState.FAILED, exc.message, exc.hint)]
    who = [what for what, share in (("the workflow job", decided.workflow), ("task jobs", decided.tasks)) if share]
    return [Check(subject, CheckState.OK, f"{given}, for {' and '.join(who)}")] if who else []


def _image(name: str | None) -> Check:
    subject = "workflow image"
    if not name:
        return Check(subject, CheckState.FAILED, "none is configured", option("--image").sources)
    return Check(subject, CheckState.OK, "none is needed here" if name == NO_IMAGE else name)
