"""
What hosts run, on a folder that stands for a host.

tests/containers/boots has real systemd and cloud-init, and so shows in which order things happen.
"""

import os
import stat
import subprocess

import pytest

from miniwdl_aws_fsx_mount.hosts.user_data import AGENT_OPTIONS, LAYOUTS, HostOptions, boothook

INSTANCE_STORE = "Amazon EC2 NVMe Instance Storage"


class Host:
    """A directory that stands for a host's root, with commands that note how they were called."""

    COMMANDS = (
        "systemctl lsblk blkid udevadm dnf yum amazon-linux-extras mdadm mkfs.xfs xfs_admin umount fuser docker sleep "
        "lfs findmnt mount curl"
    )
    PATHS = ("/etc/", "/usr/local/sbin/", "/dev/console", "/var/lib/docker", "/run/")

    def __init__(self, root):
        self.root = root
        self.bin = root / "bin"
        self.mount_point = root / "mnt/fsx"
        self.calls = root / "calls"
        self.calls.touch()
        self.bin.mkdir()
        for name in self.COMMANDS.split():
            self.command(name)
        self.command("findmnt", f'case "$*" in *FSTYPE*) cat {root}/mounted 2>/dev/null ;; esac')
        self.command("mount", f'[ "$2" != lustre ] || echo lustre > {root}/mounted')
        self.command("systemctl", '[ "$1" != is-active ]')
        self.command("blkid", "exit 2")
        for folder in ("etc/systemd/system", "usr/local/sbin", "dev", "var/lib/docker", "run"):
            (root / folder).mkdir(parents=True)

    def command(self, name, body="exit 0"):
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {self.calls}\n{body}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def instance_store(self, disks):
        lines = ["/dev/nvme0n1 Amazon Elastic Block Store"]
        lines += [f"/dev/nvme{number}n1 {INSTANCE_STORE}" for number in range(1, disks + 1)]
        listed = "\n".join(lines)
        self.command("lsblk", f"case \"$*\" in *MODEL*) cat <<'END'\n{listed}\nEND\nesac")

    def boot(self, **options):
        """Run the boothook, with the host's own paths under the root."""
        script = boothook(HostOptions("dns", "name", str(self.mount_point), ".marker", **options))
        for path in self.PATHS:
            script = script.replace(path, f"{self.root}{path}")
        return self.run("bash", "-c", script)

    def helper(self, action):
        return self.run(f"{self.root}/usr/local/sbin/miniwdl-aws-fsx", action)

    def run(self, *command):
        environ = {"PATH": f"{self.bin}:{os.environ['PATH']}"}
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    def called(self, start):
        return [line for line in self.calls.read_text().splitlines() if line.startswith(start)]

    @property
    def agent_options(self):
        return (self.root / "etc/ecs/ecs.config").read_text().splitlines()


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_a_boothook_waits_for_nothing_and_leaves_docker_and_the_agent_alone(host):
    done = host.boot(scratch=True)
    assert (done.returncode, done.stderr) == (0, "")
    units = "miniwdl-aws-scratch.service miniwdl-aws-fsx.service miniwdl-aws-fsx-spot.service"
    calls = ["systemctl daemon-reload", f"systemctl enable {units}", f"systemctl start --no-block {units}"]
    assert host.calls.read_text().splitlines() == calls


def test_what_is_there_already_is_not_written_again(host):
    host.boot()
    before = {path: path.stat().st_mtime_ns for path in host.root.rglob("etc/**/*") if path.is_file()}
    host.calls.write_text("")
    assert host.boot().returncode == 0
    assert before == {path: path.stat().st_mtime_ns for path in host.root.rglob("etc/**/*") if path.is_file()}
    assert host.called("systemctl daemon-reload") == []
    assert host.boot(layout="genomics").returncode == 0
    assert len(host.called("systemctl daemon-reload")) == 1


@pytest.mark.parametrize("end", ["\n", ""])
def test_options_of_the_agent_are_added_once(host, end):
    (host.root / "etc/ecs").mkdir()
    (host.root / "etc/ecs/ecs.config").write_text(f"ECS_CLUSTER=mine\nECS_CONTAINER_STOP_TIMEOUT=5m{end}")
    host.boot()
    host.boot()
    others = [option for option in AGENT_OPTIONS if "STOP_TIMEOUT" not in option]
    assert host.agent_options == ["ECS_CLUSTER=mine", "ECS_CONTAINER_STOP_TIMEOUT=5m", *others]


def test_a_host_that_can_mount(host):
    host.boot()
    done = host.helper("mount")
    assert done.returncode == 0, done.stderr
    assert host.called("mount ") == [f"mount -t lustre -o relatime,flock dns@tcp:/name {host.mount_point}"]
    assert (host.mount_point / ".marker").exists()
    assert host.called("lfs") == [], "the file system keeps its own layout unless told otherwise"
    assert host.called("dnf") == ["dnf install -y lustre-client"]


def test_a_host_that_cannot_mount_tries_for_ten_minutes(host):
    host.boot()
    host.command("mount", "echo first >&2; printf 'mount.lustre: no\\033[31m route\\n\\n' >&2; exit 1")
    done = host.helper("mount")
    assert done.returncode == 1
    waits = [int(call.split()[1]) for call in host.called("sleep")]
    assert waits[:5] == [5, 10, 20, 40, 60]
    assert 600 <= sum(waits) <= 660
    lines = done.stderr.splitlines()
    assert lines[0] == (
        "miniwdl-aws-fsx: could not mount dns@tcp:/name: mount.lustre: no[31m route; trying again in 5 s"
    )
    assert len(lines) == len(waits) + 1, "a line for each try"
    assert (host.root / "dev/console").exists()
    assert not (host.mount_point / ".marker").exists()


def test_a_mount_that_comes_late(host):
    host.boot()
    host.command("mount", f"[ $(grep -c ^mount {host.calls}) -gt 3 ] || exit 1; echo lustre > {host.root}/mounted")
    done = host.helper("late")
    assert done.returncode == 0
    assert set(host.called("sleep")) == {"sleep 60"}
    assert host.called("systemctl")[-1] == "systemctl start --no-block miniwdl-aws-fsx.service"
    said = [line for line in done.stderr.splitlines() if line.startswith("miniwdl-aws-fsx: ")]
    assert [("exit code 76" in line, "at last" in line) for line in said] == [(True, False), (False, True)]


@pytest.mark.parametrize("code", [124, 137])
def test_a_command_that_had_to_be_ended(host, code):
    host.boot()
    host.command("timeout", f'[ "$3" != mount ] || exit {code}; shift 2; exec "$@"')
    assert "could not mount dns@tcp:/name: no end after 100 s" in host.helper("mount").stderr


def test_what_is_not_lustre_is_no_mount(host):
    host.boot()
    host.command("mount", f"echo tmpfs > {host.root}/mounted")
    done = host.helper("mount")
    assert done.returncode == 1
    assert f"{host.mount_point} is not Lustre" in done.stderr


def test_amazon_linux_2(host):
    host.boot(amazon_linux="2")
    assert host.helper("mount").returncode == 0
    assert host.called("amazon-linux-extras") == ["amazon-linux-extras install -y lustre"]


def test_the_layout_is_set_once_per_file_system(host):
    host.boot(layout="genomics")
    assert host.helper("mount").returncode == 0
    assert host.called("lfs") == [f"lfs setstripe {LAYOUTS['genomics']} {host.mount_point}"]
    assert host.helper("mount").returncode == 0
    assert len(host.called("lfs")) == 1
    assert len(host.called("mount ")) == 1


def test_a_marker_that_cannot_be_written_is_no_failure(host):
    host.boot(layout="genomics")
    host.command("touch", "echo 'Read-only file system' >&2; exit 1")
    host.command("lfs", "echo 'Operation not permitted' >&2; exit 1")
    done = host.helper("mount")
    assert done.returncode == 0
    assert "could not set the layout: Operation not permitted" in done.stderr
    assert "Read-only file system; jobs end with exit code 76 until" in done.stderr


@pytest.mark.parametrize(("disks", "device"), [(1, "/dev/nvme1n1"), (2, "/dev/md/scratch"), (0, None)])
def test_scratch(host, disks, device):
    host.boot(scratch=True)
    host.instance_store(disks)
    (host.root / "var/lib/docker/image").touch()
    done = host.helper("scratch")
    assert done.returncode == 0, done.stderr
    mounts = [line for line in host.called("mount ") if line.endswith("/var/lib/docker")]
    assert mounts == ([f"mount -o noatime {device} {host.root}/var/lib/docker"] if device else [])
    assert len(host.called("mdadm --create")) == (disks > 1)
    assert host.called("xfs_admin") == ([f"xfs_admin -L miniwdl-aws {device}"] if device else [])
    assert (host.root / "run/miniwdl-aws-scratch/image").exists() == bool(device)
    assert ("use the root disk: no free instance store here" in done.stderr) == (not device)


def test_a_disk_that_was_made_before_is_mounted_as_it_is(host):
    host.boot(scratch=True)
    host.command("blkid", '[ "$*" = "-L miniwdl-aws" ] && echo /dev/md127')
    assert host.helper("scratch").returncode == 0
    assert host.called("mkfs") == []
    assert host.called("mount ") == [f"mount -o noatime /dev/md127 {host.root}/var/lib/docker"]


@pytest.mark.parametrize("why", ["docker runs already", "no free instance store here", "could not copy"])
def test_scratch_does_no_harm(host, why):
    host.boot(scratch=True)
    host.instance_store(1)
    if why == "docker runs already":
        host.command("systemctl", "exit 0")
    elif why == "could not copy":
        host.command("cp", "echo 'No space left on device' >&2; exit 1")
    else:
        host.command("lsblk", f'case "$*" in *MODEL*) echo "/dev/nvme1n1 {INSTANCE_STORE}" ;; *) echo /data ;; esac')
    done = host.helper("scratch")
    assert f"containers use the root disk: {why}" in done.stderr
    assert not [line for line in host.called("mount ") if line.endswith("/var/lib/docker")]
    assert host.called("xfs_admin") == [], "a disk that is not whole has no label"
    assert bool(host.called("mkfs")) == (why == "could not copy")


def test_disks_that_cannot_be_joined(host):
    host.boot(scratch=True)
    host.instance_store(2)
    host.command("mdadm", "echo 'mdadm: Value \"x\" cannot be set' >&2; exit 1")
    done = host.helper("scratch")
    assert "containers use /dev/nvme1n1 alone" in done.stderr
    assert host.called("mount ")[-1] == f"mount -o noatime /dev/nvme1n1 {host.root}/var/lib/docker"


def test_a_spot_host_unmounts_before_it_goes(host):
    host.boot()
    assert host.helper("mount").returncode == 0
    # The notice comes with the third look.
    host.command(
        "curl",
        f"""case "$*" in
        *api/token) echo token ;;
        *life-cycle) echo spot ;;
        *instance-action) [ "$(grep -c instance-action {host.calls})" -ge 3 ] ;;
        esac""",
    )
    host.command("docker", "echo container-1")
    host.calls.write_text("")
    assert host.helper("watch-spot").returncode == 0
    calls = [line for line in host.calls.read_text().splitlines() if not line.startswith(("curl", "findmnt"))]
    assert calls == [
        "sleep 5",
        "sleep 5",
        "sleep 75",
        "systemctl stop miniwdl-aws-fsx-late.service ecs.service",
        "docker ps --quiet",
        "docker kill container-1",
        f"fuser --kill --mount {host.mount_point}",
        "sleep 2",
        f"umount {host.mount_point}",
    ]


def test_other_hosts_have_nothing_to_watch(host):
    host.boot()
    host.command("curl", 'case "$*" in *api/token) echo token ;; *life-cycle) echo on-demand ;; esac')
    assert host.helper("watch-spot").returncode == 0
    assert host.called("sleep") == []


def test_wrong_use_of_the_helper(host):
    host.boot()
    assert host.helper("unmount").returncode == 64
