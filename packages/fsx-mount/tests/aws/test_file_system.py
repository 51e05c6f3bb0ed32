import pytest

from miniwdl_aws_fsx_mount.aws.file_system import check_id, find_file_system, require_usable
from miniwdl_aws_fsx_mount.errors import FileSystemError
from miniwdl_aws_hooks import ConfigurationError


def test_reads_what_matters(make_description, fsid):
    system = find_file_system([make_description()], fsid)
    assert system.dns_name == f"{fsid}.fsx.eu-west-1.amazonaws.com"
    assert (system.mount_name, system.version, system.deployment) == ("abcdefgh", "2.15", "PERSISTENT_2")
    assert system.throughput == "250 MB/s per TiB, 586 MB/s in all"
    assert (system.subnets, system.vpc, system.interfaces) == (("subnet-01234567",), "vpc-01234567", ("eni-01234567",))
    assert system.root_squash is None


def test_old_file_systems_have_the_first_version(make_description, fsid):
    description = make_description(lustre={"MountName": "fsx"})
    del description["FileSystemTypeVersion"]
    system = find_file_system([description], fsid)
    assert (system.version, system.mount_name) == ("2.10", "fsx")


@pytest.mark.parametrize(("squash", "expected"), [("0:0", None), ("365534:65534", "365534:65534")])
def test_root_squash(make_description, fsid, squash, expected):
    description = make_description(lustre={"RootSquashConfiguration": {"RootSquash": squash}})
    assert find_file_system([description], fsid).root_squash == expected


def test_throughput_of_intelligent_tiering(make_description, fsid):
    description = make_description(StorageType="INTELLIGENT_TIERING", lustre={"ThroughputCapacity": 4000})
    assert find_file_system([description], fsid).throughput == "4000 MB/s"


def test_unknown_file_systems(make_description):
    with pytest.raises(FileSystemError, match="no FSx file system fs-99999999") as caught:
        find_file_system([make_description()], "fs-99999999")
    assert "EFS" in caught.value.hint


def test_other_kinds_of_file_system(make_description, fsid):
    with pytest.raises(FileSystemError, match=f"{fsid} is of type WINDOWS, not LUSTRE"):
        find_file_system([make_description(FileSystemType="WINDOWS")], fsid)


@pytest.mark.parametrize("lifecycle", ["AVAILABLE", "UPDATING"])
def test_usable(make_description, fsid, lifecycle):
    system = find_file_system([make_description(Lifecycle=lifecycle)], fsid)
    assert require_usable(system) is system


@pytest.mark.parametrize(
    ("lifecycle", "advice"),
    [
        ("CREATING", "wait"),
        ("DELETING", "--fsid"),
        ("FAILED", "--fsid"),
        ("MISCONFIGURED", "console"),
        ("SOMETHING_NEW", "console"),
    ],
)
def test_not_usable(make_description, fsid, lifecycle, advice):
    with pytest.raises(FileSystemError, match=f"{fsid} is {lifecycle}, not AVAILABLE") as caught:
        require_usable(find_file_system([make_description(Lifecycle=lifecycle)], fsid))
    assert advice in caught.value.hint
    assert caught.value.retryable is (lifecycle == "CREATING")


@pytest.mark.parametrize("text", ["fs-01234567", "fs-0123456789abcdef0"])
def test_ids(text):
    assert check_id(text) == text


@pytest.mark.parametrize(
    "text", ["", "fs-", "fsap-0123456789abcdef0", "my-fs", "fs-01234567; rm -rf /", "fs-01234567\n"]
)
def test_what_is_no_id(text):
    with pytest.raises(ConfigurationError, match="--fsid"):
        check_id(text)
