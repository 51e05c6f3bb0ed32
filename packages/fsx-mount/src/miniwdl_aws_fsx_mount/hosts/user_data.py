"""
Launch-template user data that mounts a file system on the hosts of a compute environment: pure.

Batch wants MIME multipart, since it adds a part of its own.
Source: https://docs.aws.amazon.com/batch/latest/userguide/launch-templates.html
"""

from __future__ import annotations

import base64
import shlex
from dataclasses import dataclass
from email.message import EmailMessage
from importlib.resources import files

from miniwdl_aws_hooks import ConfigurationError

__all__ = ["AMAZON_LINUX", "LAYOUTS", "HostOptions", "encode", "shell_script", "user_data"]

AMAZON_LINUX = ("2023", "2")

LAYOUTS = {
    "default": "",
    # A stripe is a request to another server, which pays for large files and costs for small ones. Most of what tasks
    # write is small: one stripe. A BAM file of 10 GiB gets four, which is what the network of one host can use. What is
    # larger is spread over all servers, so that no single one of them runs full while the others are empty.
    "genomics": "-E 1G -c 1 -E 16G -c 4 -S 16M -E -1 -c -1 -S 64M",
}
"""Progressive file layouts by name, as options of `lfs setstripe`."""

LIMIT = 16 * 1024
"""Bytes of user data that EC2 takes, before encoding."""


@dataclass(frozen=True)
class HostOptions:
    """What the hosts are to do."""

    dns_name: str
    mount_name: str
    mount_point: str = "/mnt/fsx"
    sentinel: str | None = None
    """Name of the marker file; ``None`` writes none."""
    layout: str = "default"
    amazon_linux: str = "2023"
    scratch: bool = False
    """Whether containers live on the instance store, where the host has one."""


def shell_script(options: HostOptions) -> str:
    """Write the script that the hosts run."""
    shebang, _newline, body = (
        files("miniwdl_aws_fsx_mount").joinpath("hosts/mount.sh").read_text(encoding="ascii").partition("\n")
    )
    values = {
        "FSX_SOURCE": f"{options.dns_name}@tcp:/{options.mount_name}",
        "FSX_MOUNT_POINT": options.mount_point,
        "FSX_SENTINEL": options.sentinel or "",
        "FSX_LAYOUT": LAYOUTS[options.layout],
        "FSX_AMAZON_LINUX": options.amazon_linux,
        "FSX_SCRATCH": "yes" if options.scratch else "",
    }
    settings = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    return f"{shebang}\n{settings}{body}"


def user_data(options: HostOptions) -> str:
    """
    Write the user data.

    :raises ConfigurationError: when EC2 would not take it.
    """
    if not (options.mount_point.isascii() and options.mount_point.isprintable()):
        raise ConfigurationError(f"--mount must be plain ASCII, not {options.mount_point!r}")
    message = EmailMessage()
    message["MIME-Version"] = "1.0"
    message.make_mixed(boundary="==miniwdl-aws-fsx==")
    part = EmailMessage()
    # cloud-init goes by the content type, and runs the script at the end of the first boot.
    part.set_content(shell_script(options), subtype="x-shellscript", charset="us-ascii", cte="7bit")
    part.add_header("Content-Disposition", "attachment", filename="miniwdl-aws-fsx.sh")
    message.attach(part)
    text = message.as_string()
    if len(text) > LIMIT:
        raise ConfigurationError(f"the user data has {len(text)} bytes, EC2 takes {LIMIT}: shorten the mount point")
    return text


def encode(text: str) -> str:
    """Encode user data as the EC2 API wants it."""
    return base64.b64encode(text.encode("ascii")).decode("ascii")
