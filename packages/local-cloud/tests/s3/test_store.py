"""S3 in plain files, seen through boto3."""

from __future__ import annotations

import shutil

import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_local_cloud.s3.store import object_file

ODD_KEYS = ["folder/", "a//b", "../escape", "x/../../y", "long/" + "n" * 300, "ünï/çødé", "sp ace+plus%25", "a/b", "a"]
PART = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def s3(user):
    return user.client("s3")


@pytest.fixture
def bucket(cloud):
    return cloud.state / "s3" / "demo"


def keys_of(s3, bucket: str = "demo") -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"] for page in pages for item in page.get("Contents", ())}


def test_objects_are_files(s3, bucket) -> None:
    s3.put_object(Bucket="demo", Key="dir/file.txt", Body=b"content", ContentType="text/plain", Metadata={"a": "b"})
    assert (bucket / "dir/file.txt").read_bytes() == b"content"
    answer = s3.get_object(Bucket="demo", Key="dir/file.txt")
    assert (answer["Body"].read(), answer["ContentType"], answer["Metadata"]) == (b"content", "text/plain", {"a": "b"})
    s3.put_object(Bucket="demo", Key="dir/file.txt", Body=b"other")
    assert (bucket / "dir/file.txt").read_bytes() == b"other"
    s3.delete_object(Bucket="demo", Key="dir/file.txt")
    assert not (bucket / "dir").exists()
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="demo", Key="dir/file.txt")


def test_ranges_and_conditions(s3) -> None:
    etag = s3.put_object(Bucket="demo", Key="r", Body=b"0123456789")["ETag"]
    part = s3.get_object(Bucket="demo", Key="r", Range="bytes=2-4")
    assert (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert s3.get_object(Bucket="demo", Key="r", Range="bytes=-3")["Body"].read() == b"789"
    assert s3.get_object(Bucket="demo", Key="r", Range="bytes=8-99")["Body"].read() == b"89"
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket="demo", Key="r", Range="bytes=10-12")
    assert s3.get_object(Bucket="demo", Key="r", IfMatch=etag)["Body"].read() == b"0123456789"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.get_object(Bucket="demo", Key="r", IfMatch='"other"')
    with pytest.raises(ClientError, match="304"):
        s3.get_object(Bucket="demo", Key="r", IfNoneMatch=etag)
    s3.put_object(Bucket="demo", Key="empty", Body=b"")
    assert s3.get_object(Bucket="demo", Key="empty")["Body"].read() == b""


def test_multipart_uploads(s3, bucket) -> None:
    upload = s3.create_multipart_upload(Bucket="demo", Key="big", ContentType="x/y")["UploadId"]
    parts = []
    for number, body in ((1, b"a" * PART), (2, b"b" * 10)):
        etag = s3.upload_part(Bucket="demo", Key="big", UploadId=upload, PartNumber=number, Body=body)["ETag"]
        parts.append({"ETag": etag, "PartNumber": number})
    s3.complete_multipart_upload(Bucket="demo", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    head = s3.head_object(Bucket="demo", Key="big")
    assert (head["ContentLength"], head["ContentType"]) == (PART + 10, "x/y")
    assert head["ETag"].endswith('-2"')
    assert (bucket / "big").stat().st_size == PART + 10
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.complete_multipart_upload(Bucket="demo", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    tail = s3.get_object(Bucket="demo", Key="big", Range=f"bytes={PART - 1}-{PART}")
    assert tail["Body"].read() == b"ab"


def test_copies(s3, bucket) -> None:
    s3.put_object(Bucket="demo", Key="from", Body=b"x", Metadata={"k": "v"})
    s3.copy_object(Bucket="staging", Key="to", CopySource="demo/from")
    assert (bucket.parent / "staging/to").read_bytes() == b"x"
    assert s3.head_object(Bucket="staging", Key="to")["Metadata"] == {"k": "v"}


def test_files_that_come_and_go_by_hand(s3, bucket) -> None:
    (bucket / "by/hand").mkdir(parents=True)
    (bucket / "by/hand/got").write_bytes(b"1")
    assert s3.get_object(Bucket="demo", Key="by/hand/got")["Body"].read() == b"1"
    (bucket / "by/hand/seen").write_bytes(b"22")
    assert s3.head_object(Bucket="demo", Key="by/hand/seen")["ContentLength"] == 2
    (bucket / "by/hand/listed").write_bytes(b"333")
    (bucket / "by/hand/no\\key").touch()
    for prefix in ("by/hand/", "by/h", ""):
        listed = s3.list_objects_v2(Bucket="demo", Prefix=prefix)["Contents"]
        assert {"by/hand/got", "by/hand/seen", "by/hand/listed"} <= {item["Key"] for item in listed}, prefix
    s3.put_object(Bucket="demo", Key="by/hand/put", Body=b"one", ContentType="text/plain")
    before = s3.head_object(Bucket="demo", Key="by/hand/put")
    assert before["ContentType"] == "text/plain"
    (bucket / "by/hand/put").write_bytes(b"another")
    after = s3.get_object(Bucket="demo", Key="by/hand/put")
    assert (after["Body"].read(), after["ETag"] != before["ETag"]) == (b"another", True)
    for name in ("got", "seen", "put"):
        (bucket / "by/hand" / name).unlink()
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="demo", Key="by/hand/got")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="demo", Key="by/hand/seen")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="demo", Prefix="by/")["Contents"]] == ["by/hand/listed"]
    shutil.rmtree(bucket / "by")
    assert "Contents" not in s3.list_objects_v2(Bucket="demo", Prefix="by/")


def test_a_folder_made_by_hand_is_a_bucket(s3, bucket) -> None:
    (bucket.parent / "by-hand").mkdir()
    (bucket.parent / "by-hand/a").write_bytes(b"1")
    (bucket.parent / "No Bucket").mkdir()
    assert s3.get_object(Bucket="by-hand", Key="a")["Body"].read() == b"1"
    (bucket.parent / "by-hand-2").mkdir()
    names = {item["Name"] for item in s3.list_buckets()["Buckets"]}
    assert {"by-hand", "by-hand-2"} <= names
    assert "No Bucket" not in names
    (bucket.parent / "by-hand-2/full").touch()
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket="by-hand-2")
    shutil.rmtree(bucket.parent / "No Bucket")


def test_many_at_once(s3) -> None:
    for number in range(5):
        s3.put_object(Bucket="staging", Key=f"many/{number}", Body=b"")
    s3.delete_objects(Bucket="staging", Delete={"Objects": [{"Key": f"many/{number}"} for number in range(5)]})
    assert not any(key.startswith("many/") for key in keys_of(s3, "staging"))


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys(s3, cloud, key) -> None:
    s3.put_object(Bucket="demo", Key=key, Body=key.encode())
    assert s3.get_object(Bucket="demo", Key=key)["Body"].read() == key.encode()
    assert key in keys_of(s3)
    assert not (cloud.state.parent / "escape").exists()
    assert not (cloud.state / "y").exists()
    assert not (cloud.state / "s3" / "escape").exists()


@pytest.mark.sends_what_aws_refuses("s3-bucket", reason="the cloud is to refuse it")
@pytest.mark.parametrize("name", ["..", "UPPER", "a_b", "-ab"])
def test_bucket_names(user, name) -> None:
    unchecked = user.client("s3")
    unchecked.meta.events.unregister("before-parameter-build.s3", _botocore_check())
    with pytest.raises(ClientError, match="InvalidBucketName"):
        unchecked.create_bucket(Bucket=name)


def _botocore_check():
    from botocore.handlers import validate_bucket_name

    return validate_bucket_name


def test_buckets_are_folders(s3, bucket) -> None:
    s3.create_bucket(Bucket="another-one")
    assert (bucket.parent / "another-one").is_dir()
    s3.delete_bucket(Bucket="another-one")
    assert not (bucket.parent / "another-one").exists()
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.list_objects_v2(Bucket="another-one")


def test_versioned_buckets(s3) -> None:
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="versioned", Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket="versioned", Key="k", Body=b"2")
    assert s3.get_object(Bucket="versioned", Key="k", VersionId=first)["Body"].read() == b"1"
    assert s3.get_object(Bucket="versioned", Key="k")["Body"].read() == b"2"


def test_strangers(user) -> None:
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        user.client("s3", aws_access_key_id="AAAAAAAAAAAAAAAAAAAA").list_buckets()


def test_survives_a_restart(open_cloud, tmp_path) -> None:
    objects = {key: key.encode() * 3 for key in ODD_KEYS}
    with open_cloud(tmp_path) as user:
        s3 = user.client("s3")
        s3.create_bucket(Bucket="mine")
        for key, body in objects.items():
            s3.put_object(Bucket="mine", Key=key, Body=body, ContentType="text/plain", Metadata={"n": "1"})
        upload = s3.create_multipart_upload(Bucket="mine", Key="parts")["UploadId"]
        etag = s3.upload_part(Bucket="mine", Key="parts", UploadId=upload, PartNumber=1, Body=b"p")["ETag"]
        done = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
        whole = s3.complete_multipart_upload(Bucket="mine", Key="parts", UploadId=upload, MultipartUpload=done)["ETag"]
        s3.put_object(Bucket="mine", Key="changed", Body=b"before", ContentType="text/plain")
    (tmp_path / "s3/mine/by hand.txt").write_bytes(b"hello")
    (tmp_path / "s3/mine/changed").write_bytes(b"after")
    with open_cloud(tmp_path) as user:
        s3 = user.client("s3")
        assert keys_of(s3, "mine") == {*objects, "parts", "by hand.txt", "changed"}
        for key, body in objects.items():
            answer = s3.get_object(Bucket="mine", Key=key)
            assert (answer["Body"].read(), answer["ContentType"], answer["Metadata"]) == (
                body,
                "text/plain",
                {"n": "1"},
            )
        assert s3.head_object(Bucket="mine", Key="parts")["ETag"] == whole
        assert s3.get_object(Bucket="mine", Key="by hand.txt")["Body"].read() == b"hello"
        changed = s3.get_object(Bucket="mine", Key="changed")
        assert (changed["Body"].read(), changed["ContentType"]) == (b"after", "binary/octet-stream")
        # Nothing was read into memory.
        backend = user.cloud._s3
        assert all(object_file(key) for key in backend.buckets["mine"].keys.values())


def test_a_lost_index_is_no_loss_of_objects(open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path) as user:
        user.client("s3").put_object(Bucket="demo", Key="k", Body=b"x", ContentType="a/b")
    (tmp_path / "s3/.index.json").write_text("{ broken")
    with open_cloud(tmp_path) as user:
        answer = user.client("s3").get_object(Bucket="demo", Key="k")
        assert (answer["Body"].read(), answer["ContentType"]) == (b"x", "binary/octet-stream")


def test_the_bundled_bucket(s3, cloud) -> None:
    found = s3.list_objects_v2(Bucket="1000genomes", Prefix="phase3/integrated_sv_map/supporting/breakpoints/")
    assert found["KeyCount"] == 2
    assert b"Stand-in" in s3.get_object(Bucket="1000genomes", Key=found["Contents"][0]["Key"])["Body"].read()
    assert not (cloud.state / "s3/1000genomes").exists()
