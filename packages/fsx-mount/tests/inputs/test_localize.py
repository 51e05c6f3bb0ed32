import pytest

from miniwdl_aws_fsx_mount.aws.associations import Association, PathMap
from miniwdl_aws_fsx_mount.configuration import FsxOptions
from miniwdl_aws_fsx_mount.errors import FsxAccessError
from miniwdl_aws_fsx_mount.inputs.localize import find_on_mount
from miniwdl_aws_hooks import ConfigurationError, LocalizeRequest


class FakeObjects:
    def __init__(self):
        self.sizes = {}
        self.fault = None
        self.asked = []

    def size(self, bucket, key):
        self.asked.append((bucket, key))
        if self.fault:
            raise self.fault
        return self.sizes.get((bucket, key))


@pytest.fixture
def mount(tmp_path):
    root = tmp_path / "fsx"
    (root / "refs/idx").mkdir(parents=True)
    (root / "refs/hg38.fa").write_text("ACGT")
    (root / "refs/hg38.fa.fai").write_text("index")
    (root / "live").mkdir()
    (root / "live/x").write_text("ACGT")
    return root


@pytest.fixture
def objects():
    fake = FakeObjects()
    fake.sizes = {("bucket", "v1/hg38.fa"): 4, ("bucket", "v1/hg38.fa.fai"): 5}
    return fake


@pytest.fixture
def find(mount, objects, make_settings):
    mapping = PathMap(
        [
            Association("dra-1", "refs", "bucket", "v1"),
            Association("dra-2", "live", "live", "", auto_import=frozenset({"NEW", "CHANGED"})),
        ]
    )

    def call(uri, directory=False):
        return find_on_mount(LocalizeRequest(uri, directory, str(mount), make_settings()), mapping, objects.size)

    return call


def test_a_file_and_its_index_are_paths(find, mount):
    assert find("s3://bucket/v1/hg38.fa") == mount / "refs/hg38.fa"
    assert find("s3://bucket/v1/hg38.fa.fai") == mount / "refs/hg38.fa.fai"


@pytest.mark.parametrize("uri", ["s3://bucket/v1/idx", "s3://bucket/v1/idx/"])
def test_a_folder_is_a_path(find, mount, uri):
    assert find(uri, directory=True) == mount / "refs/idx"


def test_what_no_association_covers_is_not_ours(find, objects, caplog):
    assert find("s3://elsewhere/x") is None
    assert (objects.asked, caplog.text) == ([], "")


@pytest.mark.parametrize("key", ["v1//hg38.fa", "/v1/hg38.fa", "v1/./hg38.fa", "v1/idx/../hg38.fa", "v1/hg38.fa/"])
def test_a_key_that_is_no_path_is_not_the_file_that_it_would_lead_to(find, objects, caplog, key):
    objects.sizes["bucket", key] = 4
    assert find(f"s3://bucket/{key}") is None
    assert find(f"s3://bucket/{key.replace('hg38.fa', 'idx')}/x/..", directory=True) is None
    assert (objects.asked, caplog.text) == ([], "")


def test_what_is_not_imported_yet_says_how_to(find, caplog):
    assert find("s3://bucket/v1/new.fa") is None
    assert "metadata is not imported" in caplog.text
    assert "miniwdl-aws fsx import s3://bucket/v1/new.fa" in caplog.text


@pytest.mark.parametrize("size", [5, None])
def test_what_changed_in_s3_is_downloaded(find, objects, caplog, size):
    objects.sizes["bucket", "v1/hg38.fa"] = size
    assert find("s3://bucket/v1/hg38.fa") is None
    assert "has 4 bytes on the file system" in caplog.text


def test_a_comparison_that_is_not_possible_does_not_stand_in_the_way(find, objects, mount, caplog):
    objects.fault = FsxAccessError("denied")
    assert find("s3://bucket/v1/hg38.fa") == mount / "refs/hg38.fa"
    assert "denied" in caplog.text


def test_where_fsx_follows_changes_nothing_is_asked(find, objects, mount):
    assert find("s3://live/x") == mount / "live/x"
    assert objects.asked == []


def test_links_do_not_leave_the_file_system(find, mount, objects, caplog):
    (mount / "refs/passwd").symlink_to("/etc/passwd")
    (mount / "refs/inside").symlink_to("hg38.fa")
    assert find("s3://bucket/v1/passwd") is None
    assert "leaves the file system" in caplog.text
    objects.sizes["bucket", "v1/inside"] = 4
    assert find("s3://bucket/v1/inside") == mount / "refs/inside"


def test_a_file_is_no_folder(find, caplog):
    assert find("s3://bucket/v1/idx") is None
    assert find("s3://bucket/v1/hg38.fa", directory=True) is None
    assert "is a folder" in caplog.text
    assert "is a file" in caplog.text


def test_the_preload_option(make_settings):
    assert [FsxOptions(make_settings(fsx__preload=text)).preload for text in ("", "True", "n")] == [False, True, False]
    with pytest.raises(ConfigurationError, match=r"\[fsx\] preload must be true or false"):
        assert FsxOptions(make_settings(fsx__preload="sure")).preload
