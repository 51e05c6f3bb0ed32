"""The options of ``[aws]`` that belong to the task backend, read once per process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.changes import override
from miniwdl_aws_core.batch.images import parse_prefix
from miniwdl_aws_core.batch.tags import check_chosen, check_tags
from miniwdl_aws_core.options.kinds import (
    OBJECT,
    SWITCH,
    choice,
    duration,
    number,
    text_like,
    texts_of,
    whole,
    whole_seconds,
)
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_core.options.table import Option
from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from miniwdl_aws_hooks import Settings

__all__ = ["TIMEOUT", "BackendSettings", "read_settings"]

TIMEOUT = whole_seconds(60, 2**31 - 1)
"""Seconds after which Batch stops a try, an Integer; https://docs.aws.amazon.com/batch/latest/APIReference/API_JobTimeout.html"""
REWRITES = texts_of(
    parse_prefix,
    parse_prefix,
    "a JSON object whose names and values are registries, perhaps with a path below them, such as "
    '{"quay.io": "123456789012.dkr.ecr.us-east-1.amazonaws.com/quay"}',
)
ECR = ".dkr.ecr."
"""Part of the names of ECR's private registries, where hosts log in by their role."""
_SECRET = text_like(
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+", "the ARN of a secret"
)


def _parse_private(text: str) -> str:
    prefix = parse_prefix(text)
    if ECR in prefix:
        raise ValueError
    return prefix


LOGINS = texts_of(
    _parse_private,
    _SECRET.parse,
    "a JSON object whose names are registries other than ECR's, perhaps with a path below them, and whose values are "
    "ARNs of secrets in Secrets Manager",
)


class BackendSettings(AwsOptions):
    """How tasks become jobs."""

    owns_section = True

    submit_rate = Option(
        number(0.1, 1000),
        50.0,
        "SubmitJob requests a second at most; AWS allows an account 50, which all its runs share. A throttled request "
        "halves the rate, successes raise it again slowly.",
        begins="talking to AWS Batch",
    )
    array = Option(
        choice("auto", "off"),
        "auto",
        "`auto`: jobs that are alike and have to wait for their turn are submitted together, as an array job of AWS "
        "Batch; `off`: each job is submitted by a request of its own.",
    )
    describe_period_min = Option(
        duration(0.05, 3600),
        1.0,
        "Seconds in which all jobs are asked about once when much is happening. A DescribeJobs request asks about up "
        "to 100 jobs, and there are at most four in this time.",
    )
    describe_period_max = Option(
        duration(0.05, 3600),
        10.0,
        "Seconds in which all jobs are asked about once when nothing is happening. Longer leaves more requests to the "
        "account's other runs, and tasks learn later that they have ended.",
    )

    isolation = Option(
        choice("run", "none"),
        "run",
        "`run`: the file system is read-only in the task, but for a folder of its run; `none`: all of it can be "
        "written, for tasks that change files in place.",
        begins="what a task's job gets",
    )
    job_timeout = Option(
        TIMEOUT,
        7 * 86400,
        "Time after which Batch stops a try, unless the task's runtime key `timeout` says another: a task that hangs "
        "would else cost for ever.",
    )
    container_properties = Option(
        OBJECT,
        {},
        "More properties of the job definition, such as a log driver's; image, command, mounts and resources are "
        "refused.",
    )
    enable_execute_command = Option(
        SWITCH,
        False,
        "Let `miniwdl-aws shell` open a shell in the container of a running task (ECS Exec). Tasks need a role for it, "
        "whose permissions their commands have, too.",
    )

    image_rewrite = Option(
        REWRITES,
        {},
        "Prefixes that take the place of others in the names of tasks' images, such as those of caches in Amazon ECR. "
        "The longest that fits counts; `docker.io` is Docker Hub.",
        begins="where images come from",
    )
    repository_credentials = Option(
        LOGINS,
        {},
        "Secrets by which hosts log in to private registries; the longest prefix that fits counts, after "
        "image_rewrite. The job needs an execution role then, by `executionRoleArn` in container_properties or in the "
        "task's runtime.",
    )

    infrastructure_retries = Option(
        whole(0, 100),
        4,
        "Further tries for faults of the infrastructure (image pull, container start), counted apart from maxRetries.",
        begins="when a job fails",
    )
    retry_wait = Option(
        duration(0, 3600),
        10.0,
        "Seconds to wait before another try. With each further fault of the infrastructure it gets longer, up to 5 "
        "minutes, and is shortened by chance to between half and all of that; 0 never waits.",
    )
    memory_retry_multiplier = Option(
        number(1, 10),
        1.0,
        "Factor by which memory grows after a try that ran out of it, counted by maxRetries; 1 is off.",
    )
    memory_retry_max = Option(
        number(1, 24576), 512.0, "GiB that memory never grows beyond: the size of the largest hosts of the queue."
    )
    runnable_timeout = Option(
        duration(0, 365 * 86400),
        0.0,
        "Seconds that a job may stay RUNNABLE for a reason that AWS names before its task fails; 0 waits for ever.",
    )
    adopt = Option(
        SWITCH,
        True,
        "After the workflow job was lost: go on with its task jobs that still run instead of running them twice.",
    )

    def check(self) -> None:
        """
        Read every option now, and look whether they go together.

        :raises ConfigurationError: for the first one that is wrong.
        """
        super().check()
        check_chosen(self.job_tags, BackendSettings.job_tags.label)
        check_tags(self.job_tags, BackendSettings.job_tags.label)
        override({}, self.container_properties, BackendSettings.container_properties.label)
        if self.describe_period_max < self.describe_period_min:
            raise ConfigurationError(
                f"{BackendSettings.describe_period_max.label} ({self.describe_period_max:g}) must not be below "
                f"{BackendSettings.describe_period_min.label} ({self.describe_period_min:g})"
            )


def read_settings(settings: Settings) -> BackendSettings:
    """
    Read and check the options.

    :raises ConfigurationError: naming the option.
    """
    read = BackendSettings(settings)
    read.check()
    return read
