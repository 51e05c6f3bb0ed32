"""
The options that more than one part reads, or that one sets for another.

What ``miniwdl-aws-submit`` alone reads is here as well: a configuration that names it is right wherever it is read,
also in a workflow job whose image lacks that command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from miniwdl_aws_core.options.kinds import SWITCH, TEXT, TEXTS, choice, text_like
from miniwdl_aws_core.options.table import Option, Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks import PreflightContext

__all__ = [
    "DELETE_WHEN",
    "EXPORT",
    "FILE_SYSTEM",
    "PUBLISH_HOW",
    "ROLE",
    "SHARE",
    "UPLOAD",
    "AwsOptions",
    "UploadOptions",
    "task_queues",
]

DELETE_WHEN = ("always", "success", "failure")
UPLOAD, EXPORT = PUBLISH_HOW = ("upload", "export")

SHARE = text_like(r"[A-Za-z0-9]{1,255}\*?", "at most 255 letters and digits, and perhaps an asterisk after them")
"""A share identifier; https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html"""

FILE_SYSTEM = text_like(r"[A-Za-z0-9._-]{1,255}", "the id of a file system, such as fs-0123456789abcdef0")
ROLE = text_like(
    r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}",
    "the ARN of an IAM role, such as arn:aws:iam::123456789012:role/workflow",
)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"""

_EFS = "EFS is what the project miniwdl-aws works with; here [aws] fs names a file system of FSx for Lustre"
_RATE = "[aws] submit_rate is the number of SubmitJob requests a second"


class AwsOptions(Section):
    """Where a run takes place, and where its results go."""

    section = "aws"
    owns_section = False
    gone: ClassVar[Mapping[str, str]] = {
        "fsap": _EFS,
        "submit_period": _RATE,
        "submit_period_b": _RATE,
        "submit_period_c": _RATE,
        "describe_period": "[aws] describe_period_min and describe_period_max are the bounds of the period",
        "boto3_retries": "requests are repeated by a rule of their own",
        "container_sync": "FSx for Lustre needs no sync after a task: what one host has written, the others see",
        "s3_upload_delete_after": "it is called [aws] delete_after_s3_upload",
        "api_attempts": "leave it out: requests are repeated by a rule of their own",
        "batch_attempts": "leave it out: miniwdl owns retries; see the runtime keys preemptible and maxRetries",
        "describe_grace": "leave it out: a job may be missing from AWS's answers for five minutes",
        "memory_delta": "leave it out: what a host keeps of its memory is taken off what a task asks for",
        "gpu_value": "leave it out: tasks say how many GPUs they need by the runtime key acceleratorCount",
    }

    task_queue = Option(
        TEXT, None, "Job queue of task jobs (--task-queue).", unset="none, and no task runs without one",
        begins="where tasks run; miniwdl-aws-submit sets these from its options, the environment or the queue's tags",
    )  # fmt: skip
    task_queue_fallback = Option(
        TEXT,
        None,
        "Job queue of the tries that follow `preemptible` losses of spot hosts (--task-queue-fallback).",
        unset="none",
    )
    task_queue_arm64 = Option(
        TEXT,
        None,
        'Job queue of tasks with the runtime key `architecture: "arm64"`; task_queue is for x86_64. All hosts of a '
        "queue have one architecture.",
        unset="none",
    )
    task_queue_fallback_arm64 = Option(
        TEXT, None, "The same as task_queue_fallback for arm64.", unset="none: they stay in task_queue_arm64"
    )
    share_identifier = Option(
        SHARE,
        None,
        "Share of a fair-share queue that jobs count towards (--share); a task's own shareIdentifier wins. Such queues "
        "take no job without one, and others none with one.",
        unset="none",
    )
    fs = Option(FILE_SYSTEM, None, "Id of the file system, fs-... (--fsid).", unset="none")
    region = Option(TEXT, None, "Region.", unset="that of the AWS configuration, or of the instance")
    job_tags = Option(TEXTS, {}, "Tags of every task job, by which costs can be told apart; --tag adds to them.")

    workflow_queue = Option(
        TEXT, None, "Job queue of workflow jobs (--workflow-queue).", submit_only=True, unset="required",
        begins="what miniwdl-aws-submit reads on your machine, from the environment alone",
    )  # fmt: skip
    workflow_role = Option(
        ROLE,
        None,
        "IAM role of workflow jobs (--workflow-role).",
        unset="the instance's role",
        submit_only=True,
    )
    workflow_image = Option(
        TEXT, None, "Container image of workflow jobs (--image).", submit_only=True, unset="required on AWS"
    )
    staging = Option(
        TEXT,
        None,
        "S3 folder for local files that a run needs (--staging).",
        unset="`miniwdl-aws-staging/` in the bucket of the upload folder",
        submit_only=True,
    )

    s3_upload_folder = Option(
        TEXT, None, "S3 folder for outputs and logs (--s3upload).", unset="none", begins="where results go"
    )
    delete_after_s3_upload = Option(
        choice(*DELETE_WHEN),
        None,
        "After which ends of a run its directory is deleted, once its products are uploaded (--delete-after).",
        unset="never",
    )
    publish = Option(
        choice(*PUBLISH_HOW),
        UPLOAD,
        "How products reach the S3 folder: `upload` by the workflow job, or `export` by FSx's own export tasks, for "
        "which a data repository association must cover the folder, and automatic export must be off (--publish).",
    )


class UploadOptions(Section):
    """How the products of a run are uploaded."""

    section = "s3_rails"
    owns_section = False

    overwrite = Option(
        SWITCH,
        True,
        begins="what happens in the upload folder",
        help="`false` is --no-overwrite: an object in the upload folder that differs is never replaced, and the upload "
        "fails.",
    )
    progressive = Option(
        SWITCH,
        False,
        "`true` is --upload-as-you-go: outputs of finished calls travel while the rest runs. Off, since a run that "
        "fails later then leaves them in the upload folder, without an outputs.json.",
    )


def task_queues(context: PreflightContext) -> dict[str, str]:
    """
    Job queues that tasks of a run may go to.

    :return: names or ARNs, by what each of them is for.
    """
    options = AwsOptions(context.settings)
    named = {
        "task queue": context.task_queue or options.task_queue,
        "fallback task queue": options.task_queue_fallback,
        "arm64 task queue": options.task_queue_arm64,
        "arm64 fallback task queue": options.task_queue_fallback_arm64,
    }
    return {what: name for what, name in named.items() if name}
