import pytest

from miniwdl_aws_fsx_mount.checks.preflight import check_mount_here, check_mount_path
from miniwdl_aws_hooks import CheckState


@pytest.mark.parametrize(
    "path", ["/mnt/fsx", "/fsx", "/home/fsx", "/opt/lab/fsx", "/data", "/root/fsx", "/var/folders/x"]
)
def test_paths_that_can_be_mounted(path):
    assert check_mount_path(path).state is CheckState.OK


@pytest.mark.parametrize(
    "path",
    [
        "/", "//", "mnt", "/usr/local", "/mnt/../etc", "/proc/x", "/var/lib/docker", "/var",
        "//var/lib/ecs", "/./var/lib", "/mnt", "/mnt/", "/home", "/tmp", "/opt", "/root",
    ],
)  # fmt: skip
def test_paths_that_cannot(path):
    check = check_mount_path(path)
    assert check.state is CheckState.FAILED
    assert "--mount" in check.hint


@pytest.fixture
def states(tmp_path):
    def look(kind, sentinel):
        mounts = tmp_path / "mounts"
        mounts.write_text(f"server {tmp_path} {kind} rw 0 0\n")
        return [check.state for check in check_mount_here(str(tmp_path), sentinel, proc_mounts=mounts)]

    return look


def test_the_mount_on_this_machine(states, tmp_path):
    assert states("lustre", "marker") == [CheckState.OK, CheckState.FAILED]
    (tmp_path / "marker").touch()
    assert states("lustre", "marker") == [CheckState.OK, CheckState.OK]
    assert states("lustre", None) == [CheckState.OK, CheckState.WARNING]


def test_elsewhere_there_is_nothing_to_say(states, tmp_path):
    assert states("ext4", "marker") == []
    assert list(check_mount_here("/mnt/fsx", "marker", proc_mounts=tmp_path / "none")) == []
