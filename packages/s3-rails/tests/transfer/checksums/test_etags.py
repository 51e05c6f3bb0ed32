import hashlib
from io import BytesIO

import pytest

from miniwdl_aws_s3_rails.transfer.checksums.etags import PartDigest, Verdict, file_etag, judge, part_count, parts_of

DATA = bytes(range(256)) * 10


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def test_one_piece() -> None:
    assert file_etag(BytesIO(DATA), len(DATA), 4096) == md5(DATA).hex()


def test_parts() -> None:
    expected = md5(md5(DATA[:1000]) + md5(DATA[1000:2000]) + md5(DATA[2000:])).hex() + "-3"
    assert file_etag(BytesIO(DATA), len(DATA), 1000) == expected
    assert b"".join(parts_of(BytesIO(DATA), 1000)) == DATA


@pytest.mark.parametrize(("etag", "count"), [('"' + "a" * 32 + '-17"', 17), ("a" * 32, 1), ("not-an-md5", 1), ("", 1)])
def test_part_count(etag: str, count: int) -> None:
    assert part_count(etag) == count


def test_nothing() -> None:
    assert file_etag(BytesIO(), 0, 10) == md5(b"").hex() == PartDigest().etag(multipart=False)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ("a" * 32, '"' + "a" * 32 + '"', Verdict.SAME),
        ("a" * 32, '"' + "b" * 32 + '"', Verdict.DIFFERENT),
        ("a" * 32, None, Verdict.UNKNOWN),
        ("a" * 32, '"something else"', Verdict.UNKNOWN),
        ("a" * 32, "b" * 32 + "-2", Verdict.UNKNOWN),
        ("a" * 32 + "-2", "b" * 32 + "-3", Verdict.UNKNOWN),
        ("a" * 32 + "-2", "b" * 32 + "-2", Verdict.DIFFERENT),
        ("a" * 32 + "-2", "b" * 32, Verdict.UNKNOWN),
    ],
)
def test_verdicts(ours: str, theirs: str | None, verdict: Verdict) -> None:
    assert judge(ours, theirs) is verdict
