"""What this distribution checks before a run: the workflow queue and role, shares, that image and staging are named."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import AwsError, translated
from miniwdl_aws_core.aws.permissions import Role
from miniwdl_aws_core.aws.session import connect as connect_to
from miniwdl_aws_core.aws.simulation import Place, lacking, questions
from miniwdl_aws_core.options.check import check_options
from miniwdl_aws_core.options.shared import AwsOptions, task_queues
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.findings import not_checked
from miniwdl_aws_hooks.types import Check, CheckState
from miniwdl_aws_submit_cli.options.resolve import Resolved
from miniwdl_aws_submit_cli.options.table import NO_IMAGE, option
from miniwdl_aws_submit_cli.runs.batch import connect
from miniwdl_aws_submit_cli.runs.queues import Queue, QueueTable
from miniwdl_aws_submit_cli.runs.shares import shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks.types import PreflightContext

__all__ = ["checks"]

_ROLE = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/(?:[\x21-\x7e]+/)?(?P<name>[\w+=,.@-]+)"
)
NO_SIMULATOR = "UnsupportedOperation"
"""What the local cloud answers, where roles may do everything."""


def checks(context: PreflightContext) -> list[Check]:
    """Check that all options exist, the queues, shares, and what is named: an image, a staging folder, a role."""
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
    return [*found, *_role(context)]


def _configuration(context: PreflightContext) -> Check:
    subject = "configuration"
    try:
        check_options(context.settings, os.environ)
    except ConfigurationError as exc:
        return Check(subject, CheckState.FAILED, exc.message, exc.hint)
    return Check(subject, CheckState.OK, "all options that are set exist, and have values that they can have")


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


def _role(context: PreflightContext) -> list[Check]:
    """Ask whether the workflow job's role may do what it needs; there is nothing to ask of the hosts' own role."""
    options = AwsOptions(context.settings)
    role = _ROLE.fullmatch(options.workflow_role or "")
    if role is None:
        return []
    folders = [folder for folder in (options.s3_upload_folder, options.staging) if folder]
    place = Place(
        role["partition"],
        role["account"],
        options.region or "*",
        [name.rpartition("/")[2] for name in task_queues(context).values()],
        [S3Uri.parse(folder).bucket for folder in folders],
        [S3Uri.parse(options.s3_upload_folder).bucket] if options.s3_upload_folder else [],
    )
    subject = f"workflow role {role['name']}"
    try:
        with translated("simulate the policies of the workflow job's role"):
            lacks = lacking(connect_to("iam", options.region), role[0], questions(Role.WORKFLOW, place))
    except AwsError as exc:
        return [] if exc.code == NO_SIMULATOR else [not_checked(subject, exc, CheckState.WARNING)]
    return [_judge(subject, role["name"], lacks)]


def _judge(subject: str, role: str, lacks: Sequence[tuple[str, str]]) -> Check:
    if not lacks:
        return Check(subject, CheckState.OK, "its policies allow what every run needs")
    action, resource = lacks[0]
    others = sorted({name for name, _ in lacks} - {action})
    more = f"; nor {', '.join(others)}" if others else ""
    of_buckets = all(name.startswith("s3:") for name, _ in lacks)
    return Check(
        subject,
        # A bucket's own policy may allow it, which the simulator doesn't see.
        CheckState.WARNING if of_buckets else CheckState.FAILED,
        f"its policies don't allow {action} on {resource}{more}",
        f"the reference's page about IAM has the policy{'; a bucket may have one, too' if of_buckets else ''}",
        why="runs would fail where the workflow job does that",
        command=f"aws iam put-role-policy --role-name {role} --policy-name miniwdl-workflow "
        "--policy-document file://workflow.json",
    )
