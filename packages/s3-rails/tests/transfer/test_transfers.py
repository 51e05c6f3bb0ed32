"""Sender and receiver together: what goes out comes back."""

import dataclasses
import itertools
import os
from pathlib import Path
from typing import Any

import obstore
import pytest

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_s3_rails.errors import AccessError, ArchivedError, TransferError
from miniwdl_aws_s3_rails.transfer import receiver as receiver_module
from miniwdl_aws_s3_rails.transfer.engine import Engine, Found, expressible
from miniwdl_aws_s3_rails.transfer.receiver import Receiver
from miniwdl_aws_s3_rails.transfer.sender import Check, Sender, part_size_for

ODD_KEYS = [
    "a b", "quo'te\"s", "ünï", "p+l&u=s", "per%20cent%", "x?y#z", "[br]{ac}", "~t*", "back\\slash", "😀", "k" * 1000,
    "d//e", "./f", "g/../h", "/lead", "tab\there", "end/",
]  # fmt: skip

NO_FILE_NAMES = ("back\\slash", "k" * 1000, "d//e", "./f", "g/../h", "/lead", "end/")
"""Keys that SeaweedFS, which keeps objects in a tree of folders, refuses or takes for others."""


def write(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(size))
    return path


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys(engine: Engine, bucket: Any, server: str, tmp_path: Path, key: str, fetch: Any) -> None:
    if server == "seaweedfs" and key in NO_FILE_NAMES:
        pytest.skip("SeaweedFS can't keep such a key")
    uri = S3Uri(bucket.name, key)
    source = write(tmp_path / "source", 1000)
    assert Sender(engine).put(uri, source, 1000) is Check.MD5
    assert bucket.keys() == [key]
    assert fetch(engine, uri, tmp_path / "copy") == 1000
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


def test_most_keys_go_the_fast_way() -> None:
    assert [key for key in ODD_KEYS if not expressible(key)] == ODD_KEYS[-6:]


@pytest.mark.parametrize("size", [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 23 * MIB])
def test_sizes(engine: Engine, bucket: Any, tmp_path: Path, size: int, fetch: Any) -> None:
    uri = S3Uri(bucket.name, "file")
    source = write(tmp_path / "source", size)
    counted = []
    assert Sender(engine, counted.append).put(uri, source, size) is Check.MD5
    assert sum(counted) == size
    assert fetch(engine, uri, tmp_path / "copy") == size
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


def test_part_sizes() -> None:
    assert part_size_for(100 * MIB, 8 * MIB) == 8 * MIB
    huge = 5 * 1024 * 1024 * MIB
    assert huge / part_size_for(huge, 8 * MIB) <= 10_000
    assert part_size_for(huge, 8 * MIB) % MIB == 0


@pytest.mark.parametrize(("planned", "now"), [(10, 11), (10, 9), (6 * MIB, 6 * MIB + 1)])
def test_file_that_changed_since_it_was_planned(
    engine: Engine, bucket: Any, tmp_path: Path, planned: int, now: int
) -> None:
    source = write(tmp_path / "source", now)
    counted = []
    with pytest.raises(TransferError, match="changed while it was being sent"):
        Sender(engine, counted.append).put(S3Uri(bucket.name, "file"), source, planned)
    assert bucket.keys() == []
    assert sum(counted) == 0


def test_missing_bucket(engine: Engine, tmp_path: Path, fetch: Any) -> None:
    source = write(tmp_path / "source", 10)
    with pytest.raises(AccessError, match=r"can't write s3://no-such-bucket/file"):
        Sender(engine).put(S3Uri("no-such-bucket", "file"), source, 10)
    with pytest.raises(AccessError, match="no-such-bucket"):
        fetch(engine, S3Uri("no-such-bucket", "file"), tmp_path / "copy")


def test_missing_object(engine: Engine, bucket: Any, tmp_path: Path, fetch: Any) -> None:
    with pytest.raises(AccessError, match="does not exist"):
        fetch(engine, S3Uri(bucket.name, "nothing"), tmp_path / "copy")
    with pytest.raises(AccessError, match="can't read"):
        Receiver(engine).read(S3Uri(bucket.name, "nothing"))


@pytest.mark.parametrize("server", ["moto"], indirect=True)
@pytest.mark.parametrize("key", ["old.bam", "a//old.bam"])
def test_an_archived_object_is_no_lack_of_permissions(
    engine: Engine, bucket: Any, tmp_path: Path, key: str, fetch: Any
) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"1", StorageClass="GLACIER")
    with pytest.raises(ArchivedError) as caught:
        fetch(engine, S3Uri(bucket.name, key), tmp_path / "copy")
    assert "permission" not in f"{caught.value.message} {caught.value.hint}"
    assert "restore it first" in (caught.value.hint or "")


def failing(monkeypatch: pytest.MonkeyPatch, name: str, times: int, spoil: Any) -> list[int]:
    """Let a function of obstore's fail, or spoil its result, a number of times."""
    original = getattr(obstore, name)
    calls: list[int] = []
    numbers = itertools.count()

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        number = next(numbers)
        calls.append(number)
        return spoil(original, args, kwargs) if number < times else original(*args, **kwargs)

    monkeypatch.setattr(obstore, name, wrapper)
    return calls


def raise_generic(*_args: Any) -> None:
    raise obstore.exceptions.GenericError("the line broke\nwith details")


def damage(original: Any, args: Any, kwargs: Any) -> Any:
    store, key, data = args
    first, *others = bytes(data)
    return original(store, key, bytes([first ^ 1, *others]), **kwargs)


@pytest.mark.parametrize("spoil", [raise_generic, damage])
def test_sending_again(
    engine: Engine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Any
) -> None:
    source = write(tmp_path / "source", 100)
    calls = failing(monkeypatch, "put", 2, spoil)
    assert Sender(engine).put(S3Uri(bucket.name, "file"), source, 100) is Check.MD5
    assert len(calls) == 3
    assert bucket["file"] == source.read_bytes()


def test_giving_up(engine: Engine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "source", 100)
    calls = failing(monkeypatch, "put", 99, raise_generic)
    with pytest.raises(TransferError, match=r"^can't write s3://\S+/file: the line broke$"):
        Sender(engine).put(S3Uri(bucket.name, "file"), source, 100)
    assert len(calls) == 3


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 100, b"x" * 101])
def test_fetching_again(engine: Engine, bucket: Any, tmp_path: Path, spoiled: Any, content: bytes, fetch: Any) -> None:
    bucket["file"] = data = os.urandom(100)
    asked = spoiled(2, lambda _content: content)
    fetch(engine, S3Uri(bucket.name, "file"), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    assert len(asked) == 3


class TestParts:
    """Objects that need more than one request."""

    @pytest.fixture(params=["in one piece", "in parts like ours", "in other parts", "in parts of many sizes"])
    def data(self, request: pytest.FixtureRequest, bucket: Any) -> bytes:
        data = os.urandom(16 * MIB + 5)
        client = bucket.client
        if request.param == "in one piece":
            bucket["file"] = data
            return data
        cuts = {
            "in parts like ours": [5, 10, 15],
            "in other parts": [7, 14],
            "in parts of many sizes": [6, 11],
        }[request.param]
        started = client.create_multipart_upload(Bucket=bucket.name, Key="file")
        parts = []
        for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, 99], strict=True), 1):
            body = data[start * MIB : end * MIB]
            sent = client.upload_part(
                Bucket=bucket.name, Key="file", PartNumber=number, UploadId=started["UploadId"], Body=body
            )
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        client.complete_multipart_upload(
            Bucket=bucket.name, Key="file", UploadId=started["UploadId"], MultipartUpload={"Parts": parts}
        )
        return data

    def test_arrive(self, engine: Engine, bucket: Any, data: bytes, tmp_path: Path, fetch: Any) -> None:
        fetch(engine, S3Uri(bucket.name, "file"), tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == data

    def test_damage_is_mended(
        self, engine: Engine, bucket: Any, data: bytes, tmp_path: Path, spoiled: Any, request: pytest.FixtureRequest,
        fetch: Any,
    ) -> None:  # fmt: skip
        if "many sizes" in request.node.name:
            pytest.skip("its ETag tells nothing to who doesn't know all sizes")
        spoiled(1, flip)
        fetch(engine, S3Uri(bucket.name, "file"), tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == data

    def test_parts_too_large_to_fetch_at_once(
        self, engine: Engine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoiled: Any, fetch: Any
    ) -> None:
        path = write(tmp_path / "file", 16 * MIB)
        Sender(engine).put(S3Uri(bucket.name, "file"), path, 16 * MIB)
        monkeypatch.setattr(receiver_module, "MAX_RANGE", 4 * MIB)
        small = Engine(dataclasses.replace(engine.options, part_size=3 * MIB), engine.access, sleep=lambda _s: None)
        spoiled(1, flip)
        fetch(small, S3Uri(bucket.name, "file"), tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == path.read_bytes()
        small.pool.shutdown()

    def test_damage_that_stays(self, engine: Engine, bucket: Any, tmp_path: Path, spoiled: Any, fetch: Any) -> None:
        bucket["file"] = os.urandom(16 * MIB)
        spoiled(999, flip)
        with pytest.raises(TransferError, match="arrived damaged"):
            fetch(engine, S3Uri(bucket.name, "file"), tmp_path / "copy")


def flip(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def test_object_that_changes_while_it_is_fetched(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    bucket["file"] = b"old"
    found = engine.find(S3Uri(bucket.name, "file"))
    assert found is not None
    bucket["file"] = b"new"
    with pytest.raises(TransferError, match="somebody else changed it"):
        Receiver(engine).fetch_all(bucket.name, [(found, "copy")], tmp_path)


def test_first_failure_ends_fetching_many(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    bucket["good"] = b"good"
    wanted = [(Found("good", 4, ""), "good"), (Found("bad", 4, '"x"'), "bad")]
    with pytest.raises(AccessError, match="bad"):
        Receiver(engine).fetch_all(bucket.name, wanted, tmp_path)
