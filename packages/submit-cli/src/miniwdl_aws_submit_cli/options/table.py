"""
The options of ``miniwdl-aws-submit`` as data.

The parser, the resolution from option, environment and queue tag, and the table in the documentation are all made
from these. What a value does is said elsewhere: :mod:`~miniwdl_aws_submit_cli.options.resolve` checks it, and
:mod:`~miniwdl_aws_submit_cli.submit.submission` puts it into the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from miniwdl_aws_core.options.shared import DELETE_WHEN, PUBLISH_HOW, AwsOptions
from miniwdl_aws_hooks.settings import variable_of

__all__ = ["NO_IMAGE", "OPTIONS", "Kind", "Option", "consumed_variables", "option"]


NO_IMAGE = "none"
"""``--image`` of a job that runs without one: AWS Batch's interface demands a name."""


class Kind(Enum):
    """How often and with what an option is written."""

    VALUE = "value"
    FLAG = "flag"
    REPEATED = "repeated"


@dataclass(frozen=True)
class Option:
    """One option with the other places from which its value may come."""

    flags: tuple[str, ...]
    help: str
    kind: Kind = Kind.VALUE
    metavar: str | None = None
    env: str | None = None
    """Environment variable that gives the value when the option is missing."""
    tag: str | None = None
    """Tag of the workflow queue that gives it when the variable is missing, too."""
    default: str | None = None
    default_text: str = ""
    """What the documentation says of the default when it isn't a constant."""
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The long flag."""
        return self.flags[0]

    @property
    def dest(self) -> str:
        """Name of the parsed value."""
        return self.name.lstrip("-").replace("-", "_")

    @property
    def sources(self) -> str:
        """Every way to give the value, for a sentence."""
        ways = [f"give {self.name}"]
        if self.env:
            ways.append(f"set {self.env}")
        if self.tag:
            ways.append(f"tag the workflow queue with {self.tag}")
        return ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])} or {ways[-1]}"


OPTIONS: tuple[Option, ...] = (
    Option(
        ("--workflow-queue",),
        "Batch job queue for the workflow job, which runs miniwdl itself",
        metavar="QUEUE",
        env=AwsOptions.workflow_queue.variable,
        default_text="required",
    ),
    Option(
        ("--task-queue",),
        "Batch job queue for the task jobs",
        metavar="QUEUE",
        env=AwsOptions.task_queue.variable,
        tag="DefaultTaskQueue",
        default_text="required",
    ),
    Option(
        ("--task-queue-fallback",),
        "queue for a task whose `preemptible` tries were lost with their spot hosts",
        metavar="QUEUE",
        env=AwsOptions.task_queue_fallback.variable,
        tag="DefaultTaskQueueFallback",
        default_text="none",
    ),
    Option(
        ("--share",),
        "share that the jobs count towards on queues with a scheduling policy (share identifier)",
        metavar="NAME",
        env=AwsOptions.share_identifier.variable,
        tag="DefaultShareIdentifier",
        default_text="none; required for such queues",
    ),
    Option(
        ("--fsid",),
        "id of the FSx for Lustre file system that all jobs share",
        metavar="FSID",
        env=AwsOptions.fs.variable,
        tag="DefaultFsId",
        default_text="required, unless another plugin mounts a file system there",
    ),
    Option(
        ("--mount",),
        "where jobs see the shared file system",
        metavar="DIR",
        env=variable_of("file_io", "root"),
        default="/mnt/fsx",
    ),
    Option(
        ("--dir", "-d"),
        "folder for run directories; must lie within the mount",
        metavar="DIR",
        default_text="`{mount}/miniwdl_run`",
    ),
    Option(
        ("--s3upload",),
        "S3 folder for outputs and logs; unless it ends in /, the run's name is added",
        metavar="s3://BUCKET/PREFIX",
        env=AwsOptions.s3_upload_folder.variable,
        default_text="none",
    ),
    Option(
        ("--delete-after",),
        "delete the run directory after uploading a run that ended so",
        metavar="WHEN",
        env=AwsOptions.delete_after_s3_upload.variable,
        default_text="none",
        choices=DELETE_WHEN,
    ),
    Option(
        ("--publish",),
        "how products reach the S3 folder: by the workflow job, or by FSx's own export tasks",
        metavar="HOW",
        env=AwsOptions.publish.variable,
        default_text="`upload`",
        choices=PUBLISH_HOW,
    ),
    Option(
        ("--no-overwrite",),
        "never replace an object in the S3 folder that differs: the upload fails instead",
        kind=Kind.FLAG,
    ),
    Option(
        ("--upload-as-you-go",),
        "upload the outputs of finished calls while the rest of the workflow runs",
        kind=Kind.FLAG,
    ),
    Option(
        ("--staging",),
        "S3 folder for local files that the run needs",
        metavar="s3://BUCKET/PREFIX",
        env=AwsOptions.staging.variable,
        tag="DefaultStaging",
        default_text="`miniwdl-aws-staging/` in the bucket of `--s3upload`",
    ),
    Option(
        ("--workflow-role",),
        "IAM role of the workflow job",
        metavar="ARN",
        env=AwsOptions.workflow_role.variable,
        tag="WorkflowEngineRoleArn",
        default_text="the instance's role",
    ),
    Option(
        ("--image",),
        "container image of the workflow job, built from images/workflow",
        metavar="IMAGE",
        env=AwsOptions.workflow_image.variable,
        tag="WorkflowImage",
        default_text="required on AWS",
    ),
    Option(("--name",), "name of the workflow job", metavar="NAME", default_text="the WDL workflow's name"),
    Option(
        ("--runs",),
        "submit one run for each row of a tab-separated file, whose columns are inputs;"
        " `~{column}` in --s3upload, --name, --tag and inputs stands for a cell",
        metavar="TABLE",
        default_text="none",
    ),
    Option(
        ("--batch",),
        "name that the runs of --runs have in common; rows that it has already are not submitted again",
        metavar="NAME",
        default_text="made of the table's name and content",
    ),
    Option(("--cpu",), "vCPUs of the workflow job", metavar="N", default="1"),
    Option(("--memory-GiB",), "memory of the workflow job", metavar="N", default="4"),
    Option(
        ("--tag",),
        "tag the workflow job and its task jobs; may be repeated",
        kind=Kind.REPEATED,
        metavar="KEY=VALUE",
        default_text="none",
    ),
    Option(("--no-env",), "do not pass MINIWDL__* environment variables on to the workflow job", kind=Kind.FLAG),
    Option(("--wait", "-w"), "wait for the end of the run and exit with its code", kind=Kind.FLAG),
    Option(("--follow", "-f"), "wait, and show the workflow's log as it comes", kind=Kind.FLAG),
    Option(
        ("--follow-task",),
        "follow, and show the log of this call (sort, sort-3, sub-1/sort) or task, too; may be repeated"
        " (--task goes to miniwdl run)",
        kind=Kind.REPEATED,
        metavar="CALL",
        default_text="none",
    ),
    Option(("--plain",), "follow by plain lines, without the live panel", kind=Kind.FLAG),
    Option(("--self-test",), "run miniwdl's self test instead of a workflow", kind=Kind.FLAG),
    Option(("--yes",), "stage even more than 10 GiB of local files from a terminal", kind=Kind.FLAG),
    Option(
        ("--no-check",),
        "submit without looking first at what inputs name by URI, and at the folder of --s3upload",
        kind=Kind.FLAG,
    ),
    Option(("--dry-run",), "check everything and show what would be submitted; submit nothing", kind=Kind.FLAG),
    Option(("--json",), "print one JSON object instead of the job id", kind=Kind.FLAG),
)
"""In the order in which help and documentation show them."""

_BY_NAME = {item.name: item for item in OPTIONS}


def option(name: str) -> Option:
    """Look an option up by its long flag."""
    return _BY_NAME[name]


def consumed_variables() -> frozenset[str]:
    """Environment variables that are options here, and so are not passed on to the workflow job as they stand."""
    return frozenset(item.env for item in OPTIONS if item.env)
