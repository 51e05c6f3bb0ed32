"""The environment variables of the workflow job. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.tags import check_chosen
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_hooks.protocol import ENV_SENTINEL
from miniwdl_aws_hooks.settings import PREFIX, EnvironSettings, variable_of
from miniwdl_aws_submit_cli.options.table import consumed_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_submit_cli.options.resolve import Settings

__all__ = ["job_environment", "passed_through"]


def passed_through(environ: Mapping[str, str]) -> dict[str, str]:
    """Miniwdl's configuration variables, without those that are options of the submit command."""
    consumed = consumed_variables()
    return {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in consumed}


def job_environment(
    settings: Settings, region: str, sentinel: str | None, environ: Mapping[str, str], *, no_env: bool
) -> dict[str, str]:
    """
    Say what the workflow job's environment is, apart from the payload.

    :param sentinel: absolute path of the marker file without which the job must not start.
    :param environ: the submitting process's.
    :param no_env: pass no variables through.
    """
    found = {} if no_env else passed_through(environ)
    tags = {**AwsOptions(EnvironSettings(found)).job_tags, **settings.tags}
    if tags:
        check_chosen(tags, "--tag" if settings.tags else AwsOptions.job_tags.variable)
        found[AwsOptions.job_tags.variable] = AwsOptions.job_tags.kind.write(tags)
    found[AwsOptions.task_queue.variable] = settings.task_queue
    if settings.task_queue_fallback:
        found[AwsOptions.task_queue_fallback.variable] = settings.task_queue_fallback
    if settings.task_share:
        found[AwsOptions.share_identifier.variable] = settings.task_share
    if settings.fsid:
        found[AwsOptions.fs.variable] = settings.fsid
    found[variable_of("file_io", "root")] = settings.mount
    found["AWS_REGION"] = found["AWS_DEFAULT_REGION"] = region  # the one counts here, other tools may read the other
    if sentinel:
        found[ENV_SENTINEL] = sentinel
    return found
