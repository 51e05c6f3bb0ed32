"""``miniwdl-aws fsx``: the arguments of its subcommands. What they do is in ``actions`` beside this module."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add the subcommands."""
    subcommands = parser.add_subparsers(dest="fsx_command", metavar="COMMAND", required=True)

    show = subcommands.add_parser("show", help="one screen about the file system, and what must be changed")
    _common(show)
    show.add_argument("--workflow-queue", metavar="NAME", help="job queue whose hosts to look at")
    show.add_argument("--task-queue", metavar="NAME", help="the same for task jobs")

    load = subcommands.add_parser("import", help="import the metadata of S3 objects that an association links")
    _common(load)
    load.add_argument("uris", metavar="S3_URI", nargs="+", help="object or folder")
    load.add_argument("--no-wait", action="store_true", help="start the task and leave")

    data = subcommands.add_parser("user-data", help="launch-template user data that mounts the file system on hosts")
    _common(data)
    _mount(data)
    data.add_argument(
        "--amazon-linux",
        metavar="VERSION",
        choices=("2023", "2"),
        default="2023",
        help="Amazon Linux of the ECS-optimized image: 2023 (default), or 2, which AWS Batch has given up",
    )
    data.add_argument(
        "--layout",
        metavar="NAME",
        choices=("default", "genomics"),
        default="default",
        help="how files are striped: default (the file system's own) or genomics (large files over more servers); the "
        "first host on the file system sets it",
    )
    data.add_argument("--scratch", action="store_true", help="containers and their /tmp on the hosts' local disks")
    output = data.add_mutually_exclusive_group()
    output.add_argument("--out", metavar="FILE", help="write to a file")
    output.add_argument(
        "--launch-template", metavar="NAME", help="create this launch template, or update its user data"
    )
    data.add_argument("--base64", action="store_true", help="encoded, as the EC2 API takes it")

    release = subcommands.add_parser("release", help="free the space of files that are safely in S3")
    _common(release)
    _mount(release)
    release.add_argument("targets", metavar="PATH", nargs="+", help="path under the mount point, or its s3:// URI")
    release.add_argument(
        "--unused-days", metavar="N", type=int, default=0, help="only what nobody has used for so many days"
    )
    release.add_argument("--dry-run", action="store_true", help="only say what S3 holds of it")


def run(options: Namespace) -> int:
    """Do what the arguments say."""
    from miniwdl_aws_fsx_mount.command import actions

    action = {
        "show": actions.show,
        "import": actions.import_metadata,
        "user-data": actions.write_user_data,
        "release": actions.release,
    }[options.fsx_command]
    return action(options)


def _common(parser: ArgumentParser) -> None:
    parser.add_argument("--fsid", metavar="ID", help="file system (default: MINIWDL__AWS__FS)")
    parser.add_argument("--region", metavar="NAME", help="AWS region")


def _mount(parser: ArgumentParser) -> None:
    default = os.environ.get("MINIWDL__FILE_IO__ROOT") or "/mnt/fsx"
    parser.add_argument("--mount", metavar="PATH", default=default, help=f"mount point (default: {default})")
