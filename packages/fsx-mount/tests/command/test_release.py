import pytest

from miniwdl_aws_fsx_mount.aws.associations import Association, PathMap
from miniwdl_aws_fsx_mount.command.release import Holdings, compare, describe, local_sizes, target_of
from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_hooks import ConfigurationError

MAPPING = PathMap([Association("dra-1", "results", "bucket", "lab")])


@pytest.mark.parametrize(
    "text", ["/mnt/fsx/results/run1", "/mnt/fsx/results/run1/", "/mnt/fsx//results/./run1", "s3://bucket/lab/run1/"]
)
def test_targets(text):
    assert target_of(text, MAPPING, "/mnt/fsx") == ("results/run1", "s3://bucket/lab/run1")


@pytest.mark.parametrize("text", ["/mnt/fsx/other/run1", "s3://bucket/other", "/mnt/fsx/results/../other"])
def test_what_is_not_linked_cannot_be_released(text):
    with pytest.raises(FsxError, match="not under a data repository association"):
        target_of(text, MAPPING, "/mnt/fsx")


@pytest.mark.parametrize("text", ["/mnt/fsx2/results", "results/run1", "/mnt/fsx"])
def test_what_is_not_on_the_mount(text):
    with pytest.raises(ConfigurationError, match="not under the mount point"):
        target_of(text, MAPPING, "/mnt/fsx")


def test_sizes_on_the_file_system(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a").write_text("12345")
    (tmp_path / "link").symlink_to("sub/a")
    assert local_sizes(tmp_path) == {"sub/a": 5}
    assert local_sizes(tmp_path / "sub/a") == {"": 5}


def test_only_what_both_sides_have_counts():
    remote = {"lab/run1/a": 5, "lab/run1/b": 7, "lab/run1/sub/": 0, "lab/run10/c": 1, "lab/run1/gone": 3}
    holdings = compare({"a": 5, "b": 8, "new": 1}, remote, "s3://bucket/lab/run1")
    assert holdings == Holdings(1, 5, ("b", "new"))


def test_where_the_mount_cannot_be_seen_s3_alone_counts():
    assert compare(None, {"lab/run1/a": 5, "lab/run1/b": 7}, "s3://bucket/lab/run1") == Holdings(2, 12, ())


def test_a_single_file():
    assert compare({"": 5}, {"lab/a": 5, "lab/a.fai": 1}, "s3://bucket/lab/a") == Holdings(1, 5, ())


def test_in_words():
    lines = describe("results/run1", "s3://bucket/lab/run1", Holdings(3, 5 * 2**30, tuple(map(str, range(12)))))
    assert lines[0] == "/results/run1: 3 files, 5.0 GiB are in S3 (s3://bucket/lab/run1)"
    assert lines[-1] == "  and 2 more"
    assert len(lines) == 12
