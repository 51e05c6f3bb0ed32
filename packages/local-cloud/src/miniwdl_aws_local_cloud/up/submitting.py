"""``miniwdl-aws-submit --local``: a detached cloud for the submission, and what to say about it at the end."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from miniwdl_aws_hooks import ConfigurationError, SubmitEnvironment
from miniwdl_aws_hooks.settings import PREFIX
from miniwdl_aws_local_cloud.cloud_settings import PROCESS, RUNNERS, state_dir
from miniwdl_aws_local_cloud.variables import misleading, submit_variables, without_proxy

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["closing_lines", "enter", "enter_runner", "environment_for"]

RUNS = "miniwdl_run"
NOT_IMITATED = (
    "note: tasks are processes of this machine here, held to no image, memory or vCPUs; on Linux, --runner engine "
    "runs them in containers"
)


@contextmanager
def enter(args: Namespace) -> Iterator[SubmitEnvironment]:
    """
    Find or start the cloud of the state folder; it goes on when the command ends.

    For a command that only looks, nothing is started: it sees what the cloud left when it ended.

    :param args: of the command; ``waiting``, ``looking`` and ``s3upload`` matter.
    """
    from miniwdl_aws_local_cloud.up.detached import ensure, find

    state = state_dir()
    if getattr(args, "looking", False) and find(state) is None:
        from miniwdl_aws_local_cloud.up.looking import what_is_left

        with what_is_left(state) as variables:
            yield SubmitEnvironment(environ=environment_for(variables, os.environ), needs_image=False)
        return
    record = ensure(state, runner=_asked_runner(args))
    variables = submit_variables(record.endpoint, record.access_key, record.region, state, record.runner)
    waiting = bool(getattr(args, "waiting", False))
    # Once a run: whoever comes back to it has been told.
    notes = [NOT_IMITATED] if record.runner == PROCESS and not getattr(args, "looking", False) else []
    upload = getattr(args, "s3upload", None)
    yield SubmitEnvironment(
        environ=environment_for(variables, os.environ),
        closing_lines=lambda: [*notes, *closing_lines(state, upload, waiting=waiting)],
        needs_image=record.runner != PROCESS,
    )


@contextmanager
def enter_runner(args: Namespace) -> Iterator[SubmitEnvironment]:
    """
    Check ``--runner``, which ``--local`` has heeded.

    :raises ConfigurationError: when it stands alone.
    """
    _asked_runner(args)
    if not getattr(args, "local", False):
        raise ConfigurationError("--runner is for --local", hint="add --local, or leave it out")
    yield SubmitEnvironment()


def _asked_runner(args: Namespace) -> str | None:
    runner: str | None = getattr(args, "runner", None)
    if runner and runner not in RUNNERS:
        raise ConfigurationError(f"--runner {runner} is unknown", hint=f"one of {', '.join(RUNNERS)}")
    return runner


def environment_for(variables: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """
    Lead a command to the cloud in spite of what its environment says. Pure.

    :param variables: of the cloud.
    :param environ: of the command; its ``MINIWDL__*`` variables win.
    :return: variables to set; those with an empty value have to go.
    """
    kept = {name for name in variables if name.startswith(PREFIX) and environ.get(name)}
    return {
        **dict.fromkeys(misleading(environ), ""),
        **without_proxy(environ),
        **{name: value for name, value in variables.items() if name not in kept},
    }


def closing_lines(state: Path, upload: str | None, *, waiting: bool) -> list[str]:
    """Say where everything is. Pure."""
    lines = []
    if upload:
        from miniwdl_aws_core.s3uri import S3Uri  # not for the sake of `--help`

        uri = S3Uri.parse(upload)
        lines.append(f"results: {state / 's3' / uri.bucket / uri.key.strip('/')} is {upload}")
    lines.append(f"file system: {state / 'fsx'} (run directories in {RUNS}/)")
    if waiting:
        lines.append("more about this local cloud: miniwdl-aws local status")
    else:
        lines.append("the run goes on in the background; look with: miniwdl-aws local status")
    return lines
