import base64
import email
import os
import stat
import subprocess
import sys
from email import policy
from pathlib import Path

import pytest

from miniwdl_aws_fsx_mount.hosts.user_data import LAYOUTS, HostOptions, encode, shell_script, user_data
from miniwdl_aws_hooks import ConfigurationError

OPTIONS = HostOptions("fs-1.fsx.eu-west-1.amazonaws.com", "abcdefgh", sentinel=".marker")


def test_it_is_mime_that_cloud_init_understands():
    message = email.message_from_string(user_data(OPTIONS), policy=policy.default)
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "multipart/mixed"
    (part,) = message.iter_parts()
    assert part.get_content_type() == "text/x-shellscript"
    assert part.get_content() == shell_script(OPTIONS)
    assert shell_script(OPTIONS).startswith("#!/bin/bash\n")


def test_encoding():
    assert base64.b64decode(encode(user_data(OPTIONS))).decode() == user_data(OPTIONS)


def test_the_same_options_give_the_same_text():
    """Else each call would make a new version of a launch template."""
    assert user_data(OPTIONS) == user_data(OPTIONS)


def test_limits():
    assert len(user_data(OPTIONS)) < 10_000
    with pytest.raises(ConfigurationError, match="EC2 takes"):
        user_data(HostOptions("x" * 20_000, "y"))
    with pytest.raises(ConfigurationError, match="--mount"):
        user_data(HostOptions("x", "y", mount_point="/mnt/größe"))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("amazon_linux", ["2023", "2"])
def test_shellcheck_finds_nothing(tmp_path, layout, amazon_linux):
    script = tmp_path / "script.sh"
    script.write_text(
        shell_script(
            HostOptions("fs-1", "m", "/mnt/it's", ".marker", layout=layout, amazon_linux=amazon_linux, scratch=True)
        )
    )
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


class Host:
    """A directory that stands for a host's root, with commands that note how they were called."""

    COMMANDS = (
        "systemctl lsblk dnf yum amazon-linux-extras mdadm mkfs.xfs cp umount fuser docker sleep lfs findmnt mount curl"
    )

    def __init__(self, root):
        self.root = root
        self.bin = root / "bin"
        self.mount_point = root / "mnt/fsx"
        self.calls = root / "calls"
        self.calls.touch()
        self.bin.mkdir()
        for name in self.COMMANDS.split():
            self.command(name)
        self.command("findmnt", f"cat {root}/mounted 2>/dev/null")
        self.command("mount", f'[ "$2" = lustre ] && echo lustre > {root}/mounted')

    def command(self, name, body="exit 0"):
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {self.calls}\n{body}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def boot(self, **options):
        """Run the script of a first boot, with the host's own paths under the root."""
        script = shell_script(HostOptions("dns", "name", str(self.mount_point), ".marker", **options))
        for path in ("/etc/systemd/", "/usr/local/sbin/", "/dev/console", "/var/lib/docker"):
            script = script.replace(path, f"{self.root}{path}")
        for folder in ("etc/systemd/system", "usr/local/sbin", "dev", "var/lib/docker"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        # What systemd would do when it is told to start the service.
        self.command(
            "systemctl",
            f'[ "$*" = "start miniwdl-aws-fsx.service" ] || exit 0\n{self.root}/usr/local/sbin/miniwdl-aws-fsx mount',
        )
        return self.run("bash", "-c", script)

    def helper(self, action):
        return self.run(f"{self.root}/usr/local/sbin/miniwdl-aws-fsx", action)

    def run(self, *command):
        environ = {"PATH": f"{self.bin}:{os.environ['PATH']}"}
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    def called(self, start):
        return [line for line in self.calls.read_text().splitlines() if line.startswith(start)]


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_a_host_that_can_mount(host):
    done = host.boot()
    assert done.returncode == 0, done.stderr
    assert host.called("mount ") == [f"mount -t lustre -o relatime,flock dns@tcp:/name {host.mount_point}"]
    assert (host.mount_point / ".marker").exists()
    assert host.called("lfs") == [], "the file system keeps its own layout unless told otherwise"
    assert host.called("dnf") == ["dnf install -y lustre-client"]
    assert host.helper("check").returncode == 0


def test_a_host_that_cannot_mount_takes_no_jobs(host):
    host.command("mount", "exit 1")
    done = host.boot()
    assert done.returncode != 0
    assert "FAILED in line" in done.stderr
    assert len(host.called("mount ")) == 6, "it tries for a minute"
    assert not (host.mount_point / ".marker").exists()
    drop_in = host.root / "etc/systemd/system/ecs.service.d/miniwdl-aws-fsx.conf"
    assert f"ExecStartPre={host.root}/usr/local/sbin/miniwdl-aws-fsx check" in drop_in.read_text()
    check = host.helper("check")
    assert check.returncode == 1
    assert "takes no jobs" in check.stderr


def test_a_host_without_the_client_takes_no_jobs(host):
    host.command("dnf", "exit 1")
    assert host.boot().returncode != 0
    assert host.called("mount ") == []
    assert host.helper("check").returncode == 1


def test_amazon_linux_2(host):
    assert host.boot(amazon_linux="2").returncode == 0
    assert host.called("amazon-linux-extras") == ["amazon-linux-extras install -y lustre"]


def test_the_layout_is_set_once_per_file_system(host):
    assert host.boot(layout="genomics").returncode == 0
    assert host.called("lfs") == [f"lfs setstripe {LAYOUTS['genomics']} {host.mount_point}"]
    assert host.helper("mount").returncode == 0
    assert len(host.called("lfs")) == 1
    assert len(host.called("mount ")) == 1


@pytest.mark.parametrize(("disks", "device"), [(1, "/dev/nvme1n1"), (2, "/dev/md/scratch"), (0, None)])
def test_scratch(host, disks, device):
    lines = ["/dev/nvme0n1 Amazon Elastic Block Store"]
    lines += [f"/dev/nvme{number}n1 Amazon EC2 NVMe Instance Storage" for number in range(1, disks + 1)]
    host.command("lsblk", "cat <<'END'\n" + "\n".join(lines) + "\nEND")
    host.command("mount", f'if [ "$2" = lustre ]; then echo lustre > {host.root}/mounted; fi')
    done = host.boot(scratch=True)
    assert done.returncode == 0, done.stderr
    mounts = [line for line in host.called("mount ") if "docker" in line]
    assert mounts == ([f"mount -o noatime {device} {host.root}/var/lib/docker"] if device else [])
    assert len(host.called("mdadm")) == (disks > 1)


def test_a_spot_host_unmounts_before_it_goes(host):
    assert host.boot().returncode == 0
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
    calls = [line for line in host.calls.read_text().splitlines() if not line.startswith("curl")]
    assert calls == [
        "sleep 5",
        "sleep 5",
        "sleep 75",
        "systemctl stop ecs.service",
        "docker ps --quiet",
        "docker kill container-1",
        f"fuser --kill --mount {host.mount_point}",
        "sleep 2",
        f"umount {host.mount_point}",
    ]


def test_other_hosts_have_nothing_to_watch(host):
    assert host.boot().returncode == 0
    host.command("curl", 'case "$*" in *api/token) echo token ;; *life-cycle) echo on-demand ;; esac')
    assert host.helper("watch-spot").returncode == 0
    assert host.called("sleep") == []


def test_wrong_use_of_the_helper(host):
    host.boot()
    assert host.helper("unmount").returncode == 64
