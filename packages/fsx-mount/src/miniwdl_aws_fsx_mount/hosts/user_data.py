"""
Launch-template user data that mounts a file system on the hosts of a compute environment: pure.

Batch wants MIME multipart, since it adds a part of its own.
Source: https://docs.aws.amazon.com/batch/latest/userguide/launch-templates.html
"""

from __future__ import annotations

import base64
import re
import shlex
from dataclasses import dataclass
from email.message import EmailMessage
from importlib.resources import files

from miniwdl_aws_hooks import ConfigurationError

__all__ = ["AMAZON_LINUX", "LAYOUTS", "VERSION", "HostOptions", "boothook", "encode", "user_data", "version_of"]

AMAZON_LINUX = ("2023", "2")

LAYOUTS = {
    "default": "",
    # A stripe is a request to another server, which pays for large files and costs for small ones. Most of what tasks
    # write is small: one stripe. A BAM file of 10 GiB gets four, which is what the network of one host can use. What is
    # larger is spread over all servers, so that no single one of them runs full while the others are empty.
    "genomics": "-E 1G -c 1 -E 16G -c 4 -S 16M -E -1 -c -1 -S 64M",
}
"""Progressive file layouts by name, as options of `lfs setstripe`."""

AGENT_OPTIONS = (
    # The agent's default asks the registry at each start of a container, and Docker Hub counts that. Many jobs of a run
    # share few images, whose tags don't move meanwhile.
    "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached",
    # From SIGTERM to SIGKILL there are 30 s by default. A workflow job that is stopped needs time to stop its tasks.
    "ECS_CONTAINER_STOP_TIMEOUT=2m",
    # With a spot notice the host takes no more tasks. Those that run go on, since they belong to no ECS service, until
    # `miniwdl-aws-fsx watch-spot` ends them.
    "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
)
"""
Lines of /etc/ecs/ecs.config.

AWS's genomics templates set these three, with 60 s for the second. When stopped containers and old images are removed
(``ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION``, ``ECS_IMAGE_CLEANUP_INTERVAL``, ``ECS_IMAGE_MINIMUM_CLEANUP_AGE``), and what
memory is reserved, AWS Batch says itself, after us, so that its word would count.

Sources: https://github.com/aws/amazon-ecs-agent/blob/master/README.md,
https://github.com/aws-samples/aws-genomics-workflows (src/ecs-additions), https://github.com/aws/aws-cdk/issues/9900,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
"""

LIMIT = 16 * 1024
"""Bytes of user data that EC2 takes, before encoding."""

VERSION = 2
"""One more whenever hosts with older user data should get the new one; ``miniwdl-aws doctor`` says so then."""

UNITS = ("miniwdl-aws-fsx.service", "miniwdl-aws-fsx-spot.service")
SCRATCH_UNITS = ("miniwdl-aws-scratch.service",)
LATE_UNIT = "miniwdl-aws-fsx-late.service"

SHEBANG = "#!/bin/bash"
MARK = "miniwdl-aws-fsx user data, version "
END = "MINIWDL_AWS_FSX"


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


def boothook(options: HostOptions) -> str:
    """Write the script that hosts run at each boot: it holds the files of the folder ``boot``, and installs them."""
    settings = {
        "FSX_SOURCE": f"{options.dns_name}@tcp:/{options.mount_name}",
        "FSX_MOUNT_POINT": options.mount_point,
        "FSX_SENTINEL": options.sentinel or "",
        "FSX_LAYOUT": LAYOUTS[options.layout],
        "FSX_AMAZON_LINUX": options.amazon_linux,
    }
    units = [*SCRATCH_UNITS, *UNITS] if options.scratch else UNITS
    installed = [
        ("644", "/etc/miniwdl-aws-fsx.conf", "".join(f"{key}={shlex.quote(text)}\n" for key, text in settings.items())),
        ("755", "/usr/local/sbin/miniwdl-aws-fsx", _read("miniwdl-aws-fsx.sh")),
        *(("644", f"/etc/systemd/system/{unit}", _read(unit)) for unit in (*units, LATE_UNIT)),
    ]
    parts = {
        f"{SHEBANG}\n": f"{SHEBANG}\n# {MARK}{VERSION}\n",
        "# @AGENT_OPTIONS@\n": "".join(f"agent_option {shlex.quote(option)}\n" for option in AGENT_OPTIONS),
        "# @FILES@\n": "".join(f"put {mode} {path} <<'{END}'\n{text}{END}\n" for mode, path, text in installed),
        "units=() # @UNITS@\n": f"units=({' '.join(units)})\n",
    }
    text = _read("boothook.sh.in")
    for place, content in parts.items():
        text = text.replace(place, content, 1)
    return text


def _read(name: str) -> str:
    return files("miniwdl_aws_fsx_mount").joinpath("hosts/boot", name).read_text(encoding="ascii")


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
    # cloud-init goes by the content type. A boothook runs at each boot, before docker starts; a shell script would run
    # at the end of the first boot, when only stopping docker could put its files on another disk. That would take the
    # ECS agent with it: the start of ecs.service, which is still queued then, is cancelled with the stop of docker.
    part.set_content(boothook(options), subtype="cloud-boothook", charset="us-ascii", cte="7bit")
    part.add_header("Content-Disposition", "attachment", filename="miniwdl-aws-fsx.sh")
    message.attach(part)
    text = message.as_string()
    if len(text) > LIMIT:
        raise ConfigurationError(f"the user data has {len(text)} bytes, EC2 takes {LIMIT}: shorten the mount point")
    return text


def version_of(text: str) -> int | None:
    """
    Tell by which version of this module user data was written.

    :param text: user data, decoded.
    :return: ``None`` when it is somebody else's.
    """
    found = re.search(rf"^# {re.escape(MARK)}(\d+)\r?$", text, re.MULTILINE)
    if found:
        return int(found[1])
    # The first version named itself nowhere; this unit, which it installs, tells.
    return 1 if "/etc/systemd/system/miniwdl-aws-fsx.service" in text else None


def encode(text: str) -> str:
    """Encode user data as the EC2 API wants it."""
    return base64.b64encode(text.encode("ascii")).decode("ascii")
