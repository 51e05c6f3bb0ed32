"""A spot host leaves in good order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .host import Host

pytestmark = pytest.mark.containers


def states(host: Host) -> dict[str, str]:
    units = host.units()
    return {name: units[f"{name}.service"].state for name in ("docker", "ecs", "miniwdl-aws-fsx-spot")}


def test_a_notice(host: Host):
    host.fault("life-cycle", "spot")
    host.boot()
    assert states(host) == {"docker": "active", "ecs": "active", "miniwdl-aws-fsx-spot": "active"}
    host.fault("spot-notice", '{"action": "terminate", "time": "2026-01-01T00:02:00Z"}')
    host.wait("! systemctl is-active --quiet miniwdl-aws-fsx-spot.service")
    assert states(host) == {"docker": "active", "ecs": "inactive", "miniwdl-aws-fsx-spot": "inactive"}
    assert host.shell("ls -A /mnt/fsx") == ""
    order = ("sleep 75", "docker ps", "docker kill", "fuser", "umount /mnt/fsx")
    assert [call for call in host.calls("") if call.startswith(order)] == [
        "sleep 75",
        "docker ps --quiet",
        "docker kill container-1",
        "fuser --kill --mount /mnt/fsx",
        "umount /mnt/fsx",
    ]
    assert host.console()[-1] == "miniwdl-aws-fsx: this host goes in two minutes; unmounting /mnt/fsx in 75 seconds"
