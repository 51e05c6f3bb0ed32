"""The environment variables of the workflow job. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.protocol import ENV_SENTINEL
from miniwdl_aws_submit_cli.options.table import consumed_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_submit_cli.options.resolve import Settings

__all__ = ["job_environment", "passed_through"]

PREFIX = "MINIWDL__"
JOB_TAGS = "MINIWDL__AWS__JOB_TAGS"


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
    if settings.tags:
        found[JOB_TAGS] = _job_tags(found.get(JOB_TAGS), settings.tags)
    found["MINIWDL__AWS__TASK_QUEUE"] = settings.task_queue
    if settings.task_queue_fallback:
        found["MINIWDL__AWS__TASK_QUEUE_FALLBACK"] = settings.task_queue_fallback
    if settings.fsid:
        found["MINIWDL__AWS__FS"] = settings.fsid
    if settings.publish:
        found["MINIWDL__AWS__PUBLISH"] = settings.publish
    found["MINIWDL__FILE_IO__ROOT"] = settings.mount
    found["AWS_REGION"] = found["AWS_DEFAULT_REGION"] = region  # the one counts here, other tools may read the other
    if sentinel:
        found[ENV_SENTINEL] = sentinel
    return found


def _job_tags(configured: str | None, added: Mapping[str, str]) -> str:
    """Add ``--tag`` to the tags of task jobs that the environment configures."""
    try:
        tags = json.loads(configured) if configured else {}
    except ValueError as exc:
        raise ConfigurationError(f"{JOB_TAGS} is not a JSON object: {exc}") from exc
    if not isinstance(tags, dict):
        raise ConfigurationError(f"{JOB_TAGS} is not a JSON object")
    return json.dumps({**tags, **added}, separators=(",", ":"), sort_keys=True)
