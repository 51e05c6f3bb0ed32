"""Downloads are checked by the checksum that S3 keeps of whole objects, where there is one."""

import base64
import dataclasses
import itertools
import os
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_s3_rails.errors import TransferError
from miniwdl_aws_s3_rails.transfer import receiver as receiver_module
from miniwdl_aws_s3_rails.transfer.checksums.crc import Crc64, crc_of_file, crc_of_ranges
from miniwdl_aws_s3_rails.transfer.engine import Engine
from miniwdl_aws_s3_rails.transfer.sender import Sender
from miniwdl_aws_s3_rails.transfer.writing import Protection

CHECK = "rosUhgp5mIg="
"""CRC-64/NVME of 123456789: https://reveng.sourceforge.io/crc-catalogue/all.htm#crc.cat.crc-64-nvme"""


def digest(data: bytes) -> bytes:
    crc = Crc64()
    crc.update(data)
    return crc.digest()


def test_value() -> None:
    assert base64.b64encode(digest(b"123456789")).decode() == CHECK


@pytest.mark.parametrize("cuts", [[], [1], [4, 5], [0, 9]])
def test_ranges(cuts: list[int]) -> None:
    edges = [0, *cuts, 9]
    pieces = [b"123456789"[start:end] for start, end in itertools.pairwise(edges)]
    assert crc_of_ranges((digest(piece), len(piece)) for piece in pieces) == CHECK


def test_file() -> None:
    assert crc_of_file(BytesIO(b"123456789")) == CHECK


@pytest.fixture
def checking(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine that sends checksums, and that no ETag helps when it reads."""
    options = dataclasses.replace(engine.options, protection=Protection(checksum="crc64nvme"))
    checking = Engine(options, engine.access.__class__(options), sleep=lambda _seconds: None)
    monkeypatch.setattr(receiver_module, "hashlib", None)
    yield checking
    checking.pool.shutdown()


@pytest.mark.parametrize("bad", [0, 1, 999])
def test_large_objects(
    checking: Engine, bucket: Any, server: str, tmp_path: Path, spoiled: Any, bad: int, fetch: Any
) -> None:
    if server == "moto":
        pytest.skip("moto keeps no checksum of an object that came in parts")
    source = tmp_path / "source"
    source.write_bytes(os.urandom(16 * MIB + 5))
    uri = S3Uri(bucket.name, "file")
    Sender(checking).put(uri, source, 16 * MIB + 5)
    spoiled(bad, lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    if bad == 999:
        with pytest.raises(TransferError, match="arrived damaged"):
            fetch(checking, uri, tmp_path / "copy")
        return
    fetch(checking, uri, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("crc", [CHECK, None, "AAAAAAAAAAA="])
def test_encrypted_objects_whose_etag_is_no_md5(
    recorded: Any, engine: Engine, tmp_path: Path, crc: str | None, fetch: Callable[..., int]
) -> None:
    data = b"123456789"
    recorded.answers["GET"] = (200, data)
    recorded.described.update({"ETag": f'"{"0" * 32}"', "Size": "9", "x-amz-server-side-encryption": "aws:kms"})
    if crc:
        recorded.described["x-amz-checksum-crc64nvme"] = crc
    if crc in (CHECK, None):
        assert fetch(engine, S3Uri("bucket", "key"), tmp_path / "copy") == 9
        return
    with pytest.raises(TransferError, match=re.escape("can't read s3://bucket/key: it arrived damaged")):
        fetch(engine, S3Uri("bucket", "key"), tmp_path / "copy")
