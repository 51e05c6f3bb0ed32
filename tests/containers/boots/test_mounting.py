"""Whether hosts mount the file system or not, their agents join."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .host import Host

pytestmark = pytest.mark.containers

SAYS = "miniwdl-aws-fsx:"
MOUNTED = f"{SAYS} mounted dns@tcp:/name at /mnt/fsx"
REFUSED = f"{SAYS} could not mount dns@tcp:/name: mount.lustre: mount at /mnt/fsx failed: Connection timed out"


def check_mount(host: Host, state: str, late: str = "inactive") -> None:
    """The agent begins when the mount has been tried, whatever came of it."""
    units = host.units()
    mount, docker, agent = (units[f"{name}.service"] for name in ("miniwdl-aws-fsx", "docker", "ecs"))
    assert {docker.state, agent.state} == {"active"}
    assert docker.began < agent.began
    assert 0 < mount.changed < agent.began
    assert (mount.state, units["miniwdl-aws-fsx-late.service"].state) == (state, late)


def test_a_host_mounts_and_mounts_again_after_a_reboot(host: Host):
    host.boot()
    check_mount(host, "active")
    assert host.console() == [MOUNTED]
    assert host.shell("ls -A /mnt/fsx") == ".marker\n"
    environment = host.read("/run/ecs-environment")
    for option in ("CLUSTER=tasks_Batch_1234", "IMAGE_PULL_BEHAVIOR=prefer-cached", "CONTAINER_STOP_TIMEOUT=2m"):
        assert f"ECS_{option}\n" in environment
    configuration = host.read("/etc/ecs/ecs.config")

    host.reboot()
    check_mount(host, "active")
    assert host.console() == [MOUNTED, MOUNTED]
    assert len(host.calls("touch /mnt/fsx")) == 1
    assert host.read("/etc/ecs/ecs.config") == configuration


def test_a_mount_that_comes_after_three_minutes(host: Host):
    host.fault("mount-until", "180")
    host.boot()
    check_mount(host, "active")
    assert host.console() == [*(f"{REFUSED}; trying again in {delay} s" for delay in (5, 10, 20, 40, 60, 60)), MOUNTED]


def test_a_mount_that_never_comes_and_then_does(host: Host):
    host.fault("mount-until", "999999")
    host.boot()
    check_mount(host, "failed", late="active")
    assert 600 <= int(host.read("/run/clock")) <= 660
    *tries, last_try, joined = host.console()
    assert len(tries) == 13
    assert last_try == REFUSED
    assert "the agent joins without it" in joined

    # What docker does for a job: its mount is resolved when its container starts.
    host.shell("mkdir /early /late && /usr/bin/mount --bind /mnt/fsx /early")
    host.mend("mount-until")
    host.wait("systemctl is-active --quiet miniwdl-aws-fsx.service")
    host.shell("/usr/bin/mount --bind /mnt/fsx /late")
    assert host.shell("ls -A /early; ls -A /late") == ".marker\n"
    assert host.console()[-1] == f"{MOUNTED} at last: jobs that start from now on have it"
    host.wait("! systemctl is-active --quiet miniwdl-aws-fsx-late.service")


def test_a_mount_that_hangs(host: Host):
    host.fault("mount-hangs")
    host.boot({"miniwdl-aws-fsx.service": "[Service]\nTimeoutStartSec=3\n"})
    check_mount(host, "failed", late="active")
    assert "the agent joins without it" in host.console()[-1]


def test_a_network_that_comes_late(host: Host):
    host.fault("dnf-until", "60")
    host.fault("no-metadata")
    host.boot()
    check_mount(host, "active")
    host.wait("[ $(grep -c ^curl /var/log/calls) -ge 2 ]")
    lines = host.console()
    assert lines[0] == (
        "miniwdl-aws-fsx: could not install lustre-client: Error: Failed to download metadata for repo 'amazonlinux': "
        "Cannot download repomd.xml; trying again in 5 s"
    )
    assert MOUNTED in lines
    assert lines[-1] == f"{SAYS} no instance metadata, so a spot notice would not be seen; trying again each 5 s"


def test_root_squash_is_said_and_keeps_nobody_out(host: Host):
    host.fault("root-squash")
    host.boot(layout="genomics")
    check_mount(host, "active")
    mounted, layout, marker = host.console()
    assert mounted == MOUNTED
    assert "Operation not permitted; files are striped as before" in layout
    assert "Permission denied; jobs end with exit code 76 until someone who may has made this file" in marker


def test_files_that_can_not_be_written_keep_nobody_out(host: Host):
    """As on a host whose disk is full."""
    host.boot({"cloud-init.service": "[Service]\nReadOnlyPaths=/etc /usr/local/sbin\n"})
    assert host.state("ecs.service") == "active"
    lines = host.console()
    assert "miniwdl-aws-fsx: could not write /usr/local/sbin/miniwdl-aws-fsx" in lines
    assert "miniwdl-aws-fsx: could not write ECS_CONTAINER_STOP_TIMEOUT=2m to /etc/ecs/ecs.config" in lines
    assert lines[-1].endswith("nothing is mounted")
