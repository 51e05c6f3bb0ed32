import pytest

from miniwdl_aws_fsx_mount.hosts.marker import ensure_marker, mounted_type

MOUNTS = r"""overlay / overlay rw,relatime,lowerdir=/a:/b 0 0
tmpfs /mnt/fsx tmpfs rw 0 0
10.0.1.5@tcp:/abcdefgh /mnt/fsx lustre rw,relatime,flock,lazystatfs 0 0
10.0.1.5@tcp:/abcdefgh /mnt/with\040blank\134 lustre rw 0 0
/dev/nvme0n1p1 /mnt/fsx2 xfs rw 0 0
short
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mnt/fsx", "lustre"),
        ("/mnt/fsx2", "xfs"),
        ("/mnt/with blank\\", "lustre"),
        ("/mnt", None),
        ("/mnt/fsx/run", None),
        ("/", "overlay"),
    ],
)
def test_what_is_mounted_where(path, expected):
    assert mounted_type(MOUNTS, path) == expected


@pytest.fixture
def proc_mounts(tmp_path):
    def write(kind):
        path = tmp_path / "mounts"
        path.write_text(f"server {tmp_path} {kind} rw 0 0\n")
        return path

    return write


def test_the_marker_is_written_on_lustre(tmp_path, proc_mounts):
    assert ensure_marker(str(tmp_path), "marker", proc_mounts=proc_mounts("lustre"))
    assert (tmp_path / "marker").exists()


def test_but_not_on_a_folder_that_docker_made(tmp_path, proc_mounts):
    assert not ensure_marker(str(tmp_path), "marker", proc_mounts=proc_mounts("ext4"))
    assert not (tmp_path / "marker").exists()


def test_a_marker_that_is_there_needs_no_lustre(tmp_path):
    (tmp_path / "marker").touch()
    assert ensure_marker(str(tmp_path), "marker", proc_mounts=tmp_path / "nothing")


def test_a_planted_link_is_not_written_through(tmp_path, proc_mounts, caplog):
    (tmp_path / "marker").symlink_to(tmp_path / "elsewhere")
    assert not ensure_marker(str(tmp_path), "marker", proc_mounts=proc_mounts("lustre"))
    assert not (tmp_path / "elsewhere").exists()
    assert "jobs will refuse to start" in caplog.text


def test_no_proc_no_marker(tmp_path, caplog):
    assert not ensure_marker(str(tmp_path), "marker", proc_mounts=tmp_path / "nothing")
    assert "jobs will refuse to start" in caplog.text
