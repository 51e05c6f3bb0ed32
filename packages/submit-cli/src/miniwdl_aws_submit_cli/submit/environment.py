"""The environment variables of the workflow job, and the options that they set, checked as the job would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.tags import check_chosen
from miniwdl_aws_core.options.check import FileSettings, check_options
from miniwdl_aws_core.options.known import installed_sections, refuse_unknown
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_hooks.protocol import ENV_SENTINEL
from miniwdl_aws_hooks.settings import PREFIX, EnvironSettings, variable_of
from miniwdl_aws_submit_cli.options.table import consumed_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_submit_cli.options.resolve import Settings

__all__ = ["check_configuration", "check_variables", "hidden_variables", "job_environment", "passed_through"]

HIDDEN = frozenset(variable_of("task_runtime", key) for key in ("command_preamble", "env"))
"""Those by which miniwdl gives tasks what may be a secret: a variable's value, and commands that run before the task's.
https://miniwdl.readthedocs.io/en/latest/runner_reference.html#configuration"""

_SECRET = re.compile(r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|(API|ACCESS|PRIVATE)_?KEY)S?(_|$)")
"""Names of secrets, as options of other plugins have them; no option of ours or of miniwdl's has such a name."""


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


def hidden_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """
    Find what nobody is to read in a job's description who may only describe jobs.

    :param environ: variables that the job is to have.
    """
    return {
        name: value
        for name, value in environ.items()
        if value and name.startswith(PREFIX) and (name in HIDDEN or _SECRET.search(name.removeprefix(PREFIX).upper()))
    }


def check_variables(environ: Mapping[str, str], *, no_env: bool) -> None:
    """
    Check what variables set, apart from what options of the command hide: they are looked at when those are.

    :param no_env: the job gets none of the variables, so that only those count that are read here.
    :raises ConfigurationError: for the first that is wrong, naming the variable.
    """
    sections = installed_sections()
    if no_env:
        read_here = {option.variable for item in sections for option in item.options() if option.submit_only}
        environ = {name: value for name, value in environ.items() if name in read_here}
    else:
        refuse_unknown(EnvironSettings({}), environ, sections)
    seen = passed_through(environ)
    check_options(EnvironSettings(seen), seen, sections=sections)


def check_configuration(environ: Mapping[str, str], path: str | None, mount: str, *, no_env: bool) -> None:
    """
    Check what depends on where the file system is: the folders of caches, and a configuration file on it.

    :param path: that of ``--cfg``; where only the job can see it, only the job can check it.
    :raises ConfigurationError: for the first that is wrong, naming the variable or the file.
    """
    seen = {} if no_env else passed_through(environ)
    file = FileSettings.read(seen, path) if path and Path(path).exists() else None
    check_options(file or EnvironSettings(seen), seen, mount)
