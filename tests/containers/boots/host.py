"""A host that boots in a container."""

from __future__ import annotations

import email
import subprocess
import uuid
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from miniwdl_aws_fsx_mount.hosts.user_data import HostOptions, user_data

if TYPE_CHECKING:
    from pathlib import Path

BATCH_PART = """#!/bin/bash
echo ECS_CLUSTER=tasks_Batch_1234>>/etc/ecs/ecs.config
echo ECS_DISABLE_IMAGE_CLEANUP=false>>/etc/ecs/ecs.config
echo ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=2m>>/etc/ecs/ecs.config
"""
"""What AWS Batch adds to the user data, as far as it matters. Source: https://github.com/aws/aws-cdk/issues/9900"""

UNITS = tuple(
    f"{name}.service"
    for name in (
        "docker", "ecs", "miniwdl-aws-fsx", "miniwdl-aws-fsx-late", "miniwdl-aws-fsx-spot", "miniwdl-aws-scratch",
    )
)  # fmt: skip
PROPERTIES = ("Id", "ActiveState", "ActiveEnterTimestampMonotonic", "StateChangeTimestampMonotonic")


@dataclass(frozen=True)
class Unit:
    """What systemd says of a unit; times are microseconds since the machine's start, and 0 is never."""

    state: str
    began: int
    """When it became active."""
    changed: int
    """When its state changed last: for one that failed, when its start had come to its end."""


RIGHTS = (
    "--cap-add=SYS_ADMIN",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--network=none",
)
"""Hosts mount. More than that, as `--privileged` would give, would let them change this machine's own settings."""

BOOT = 60
"""Seconds within which a boot has ended, or the test fails."""


@dataclass
class Host:
    """
    A container with systemd as its first process.

    :param folder: an empty folder for what the host is given.
    """

    image: str
    folder: Path
    name: str = field(default_factory=lambda: f"miniwdl-aws-host-{uuid.uuid4().hex[:12]}")

    def fault(self, name: str, text: str = "") -> None:
        """Let something go wrong; ``host/stand-in.sh`` knows what there is."""
        (self.folder / "faults").mkdir(exist_ok=True)
        (self.folder / "faults" / name).write_text(text)

    def mend(self, name: str) -> None:
        (self.folder / "faults" / name).unlink()

    def boot(self, drop_ins: dict[str, str] | None = None, **options: object) -> None:
        """
        Boot for the first time, and wait until systemd has nothing more to do.

        :param drop_ins: what this host's units have besides, by unit.
        :param options: of the user data.
        """
        seed, faults = (self.folder / name for name in ("seed", "faults"))
        volumes = {seed: "/var/lib/cloud/seed/nocloud", faults: "/faults"}
        for unit, text in (drop_ins or {}).items():
            folder = self.folder / f"{unit}.d"
            volumes[folder] = f"/run/systemd/system/{unit}.d"
            folder.mkdir()
            (folder / "test.conf").write_text(text)
        for made in (seed, faults):
            made.mkdir(exist_ok=True)
        (seed / "meta-data").write_text("instance-id: i-0123456789abcdef0\n")
        (seed / "user-data").write_text(merged(user_data(HostOptions("dns", "name", sentinel=".marker", **options))))
        podman(
            "run", "--detach", "--tty", "--systemd=always", *RIGHTS, f"--name={self.name}",
            *(f"--volume={outside}:{inside}:ro" for outside, inside in volumes.items()), self.image,
        )  # fmt: skip
        self.settle()

    def reboot(self) -> None:
        podman("restart", "--time=5", self.name)
        self.settle()

    def settle(self) -> None:
        # The answer is `degraded` where a unit has failed, with an exit code of its own.
        self.shell(f"until [ -S /run/systemd/private ]; do /usr/bin/sleep 0.1; done; {RUNNING}", check=False)

    def shell(self, script: str, *, check: bool = True) -> str:
        return podman("exec", self.name, "sh", "-c", script, check=check)

    def wait(self, condition: str) -> None:
        """Wait until a shell condition is true."""
        self.shell(f"timeout {BOOT} sh -c 'until {condition}; do /usr/bin/sleep 0.1; done'")

    def state(self, unit: str) -> str:
        return self.units()[unit].state

    def units(self) -> dict[str, Unit]:
        """What systemd says of the units that matter here."""
        shown = self.shell(f"systemctl show --property={','.join(PROPERTIES)} {' '.join(UNITS)}")
        found = (dict(line.split("=", 1) for line in block.splitlines()) for block in shown.strip().split("\n\n"))
        return {
            said[PROPERTIES[0]]: Unit(said[PROPERTIES[1]], *(int(said[name]) for name in PROPERTIES[2:]))
            for said in found
        }

    def calls(self, start: str) -> list[str]:
        """How the stand-ins were called."""
        return [line for line in self.read("/var/log/calls").splitlines() if line.startswith(start)]

    def read(self, path: str) -> str:
        return self.shell(f"cat {path}")

    def console(self) -> list[str]:
        """What the host's console shows of this project's lines."""
        lines = podman("logs", self.name).replace("\r", "").splitlines()
        return [line[line.index("miniwdl-aws-fsx: ") :] for line in lines if "miniwdl-aws-fsx: " in line]

    def remove(self) -> None:
        podman("rm", "--force", "--time=0", self.name, check=False)


RUNNING = f"timeout {BOOT} systemctl is-system-running --wait"


def merged(text: str) -> str:
    """Add a part, as AWS Batch does."""
    message = email.message_from_string(text, policy=policy.default)
    part = EmailMessage()
    part.set_content(BATCH_PART, subtype="x-shellscript", charset="us-ascii", cte="7bit")
    message.attach(part)
    return message.as_string()


def podman(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        ["podman", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * BOOT, check=False
    )
    if check and done.returncode:
        raise RuntimeError(f"podman {' '.join(arguments)} failed: {done.stderr[-2000:] or done.stdout[-2000:]}")
    return done.stdout
