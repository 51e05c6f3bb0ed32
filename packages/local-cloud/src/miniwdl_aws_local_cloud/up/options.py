"""Options of ``miniwdl-aws local up`` and of the server process. Imports nothing heavy."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

from miniwdl_aws_core.s3uri import S3Uri, UriError
from miniwdl_aws_local_cloud.cloud_settings import PROCESS, PULL_POLICIES, RUNNERS, CloudSettings
from miniwdl_aws_local_cloud.errors import FaultPlanError

if TYPE_CHECKING:
    import argparse

    from miniwdl_aws_local_cloud.door.faults import Fault

__all__ = ["add_settings", "read_faults", "settings_of"]


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a cloud behaves; ``miniwdl-aws local up`` has them too."""
    parser.add_argument(
        "--slots", type=int, metavar="N", help="vCPUs for tasks at once (default: twice this machine's processors)"
    )
    parser.add_argument(
        "--runner",
        choices=RUNNERS,
        default=PROCESS,
        help="what a job is: a process of this machine, or a container of an engine, Docker or Podman",
    )
    parser.add_argument(
        "--pull", choices=PULL_POLICIES, default="missing", help="when images are pulled (default: missing ones)"
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--faults", metavar="FILE", help="fault plan, a JSON file: what goes wrong on purpose")
    parser.add_argument(
        "--link",
        action="append",
        type=_link,
        default=[],
        metavar="s3://BUCKET/PREFIX=/PATH",
        help="link a folder of the file system with a prefix of S3, as by a data repository association; repeatable",
    )


def _link(text: str) -> tuple[str, str]:
    repository, _, path = text.rpartition("=")
    try:
        S3Uri.parse(repository)
    except UriError as exc:
        raise ArgumentTypeError(f"{text!r} is not s3://BUCKET/PREFIX=/PATH: {exc.message}") from exc
    if not path.startswith("/"):
        raise ArgumentTypeError(f"{text!r} is not s3://BUCKET/PREFIX=/PATH")
    return repository, path


def settings_of(args: argparse.Namespace) -> CloudSettings:
    """Read the options."""
    return CloudSettings(slots=args.slots, runner=args.runner, pull=args.pull)


def read_faults(path: str | None) -> list[Fault]:
    """Read a fault plan from a file."""
    if path is None:
        return []
    import json
    from pathlib import Path

    from miniwdl_aws_local_cloud.door.faults import FaultPlan

    try:
        return FaultPlan.parse(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError) as exc:
        raise FaultPlanError(f"--faults {path}: {exc}") from exc
