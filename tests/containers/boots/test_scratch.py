"""Containers on the instance store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .host import Host

OLDER_AGENT = {"ecs.service": "[Unit]\nRequires=docker.service\n"}
"""How the agent hung on docker until 2024. Source: https://github.com/aws/amazon-ecs-agent/pull/4233"""

pytestmark = pytest.mark.containers


def check_order(host: Host) -> None:
    """Docker begins when its disk is there, and the agent when the file system is."""
    units = host.units()
    scratch, mount, docker, agent = (
        units[f"{name}.service"] for name in ("miniwdl-aws-scratch", "miniwdl-aws-fsx", "docker", "ecs")
    )
    assert {scratch.state, mount.state, docker.state, agent.state} == {"active"}
    assert scratch.began < docker.began < agent.began
    assert mount.began < agent.began


def test_docker_begins_on_the_disk_and_the_agent_runs(host: Host):
    host.fault("disks", "1")
    host.boot(scratch=True)
    check_order(host)
    assert "/nvme1n1]" in host.read("/run/docker-saw")
    assert host.shell("ls /var/lib/docker") == "of-the-image\n"
    # A reboot finds the disk as it was left.
    host.shell("touch /var/lib/docker/pulled")
    host.reboot()
    check_order(host)
    assert len(host.calls("mkfs.xfs")) == 1
    assert "pulled" in host.shell("ls /var/lib/docker")
    # Stopping and starting an instance brings other disks, which are empty.
    host.shell("rm -r /var/lib/stand-in/nvme1n1*")
    host.reboot()
    check_order(host)
    assert len(host.calls("mkfs.xfs")) == 2
    assert host.shell("ls /var/lib/docker") == "of-the-image\n"


def test_several_disks_are_one_for_an_older_agent_too(host: Host):
    host.fault("disks", "2")
    host.boot(OLDER_AGENT, scratch=True)
    check_order(host)
    assert "/scratch]" in host.read("/run/docker-saw")
    assert host.shell("ls /var/lib/docker") == "of-the-image\n"


def test_a_disk_that_is_not_to_be_had_keeps_nobody_out(host: Host):
    host.fault("disks", "1")
    host.fault("mkfs")
    host.boot(scratch=True)
    assert host.state("ecs.service") == "active"
    assert host.read("/run/docker-saw") == ""
    (line,) = [line for line in host.console() if "containers use the root disk" in line]
    assert line.endswith("could not format /dev/nvme1n1: mkfs.xfs: cannot open /dev/nvme1n1: Device or resource busy")
