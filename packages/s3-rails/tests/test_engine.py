from typing import Any

import pytest

from miniwdl_aws_hooks import EnvironSettings
from miniwdl_aws_s3_rails.engine import Engine, engine_for
from miniwdl_aws_s3_rails.errors import AccessError, TransferError
from miniwdl_aws_s3_rails.uri import S3Uri


def test_one_engine_per_process() -> None:
    assert engine_for(EnvironSettings({})) is engine_for(EnvironSettings({}))


def test_listing(engine: Engine, bucket: Any) -> None:
    for key in ("a/1", "a/2 +%", "a/ü/3", "b/1"):
        bucket[key] = b"data"
    assert [found.key for found in engine.find_all(S3Uri(bucket.name, "a/"))] == ["a/1", "a/2 +%", "a/ü/3"]
    assert engine.find_all(S3Uri(bucket.name, "c/")) == []
    assert list(engine.peek(S3Uri(bucket.name, "a/"), 100)) == ["a/1", "a/2 +%", "a/ü/3"]


def test_peeking_stops(engine: Engine, bucket: Any) -> None:
    for index in range(1005):
        bucket[f"a/{index:04d}"] = b""
    assert len(engine.peek(S3Uri(bucket.name, "a/"), 10)) == 1000


def test_finding_and_removing(engine: Engine, bucket: Any) -> None:
    bucket["key"] = b"data"
    uri = S3Uri(bucket.name, "key")
    found = engine.find(uri)
    assert found is not None
    assert found.size == 4
    engine.remove(uri)
    assert engine.find(uri) is None


@pytest.mark.parametrize("operation", ["find", "find_all", "remove"])
def test_missing_bucket(engine: Engine, operation: str) -> None:
    uri = S3Uri("no-such-bucket", "key")
    if operation == "find":
        assert engine.find(uri) is None
        return
    with pytest.raises(AccessError, match="no-such-bucket"):
        getattr(engine, operation)(uri)


def test_waits_longer_each_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(engine, "_sleep", waits.append)

    def attempt() -> None:
        raise TransferError("no", retryable=True)

    with pytest.raises(TransferError):
        engine.persist("x", attempt)
    assert len(waits) == engine.options.attempts - 1
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1


def test_does_not_insist_where_it_makes_no_sense(engine: Engine) -> None:
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise AccessError("denied")

    with pytest.raises(AccessError):
        engine.persist("x", attempt)
    assert len(calls) == 1


class TestPublicBuckets:
    def test_second_try_is_without_credentials(self, engine: Engine) -> None:
        tries = []

        def attempt(signed: bool) -> str:
            tries.append(signed)
            if signed:
                raise AccessError("denied")
            return "data"

        assert engine.reading("public", attempt) == "data"
        assert engine.reading("public", attempt) == "data"
        assert tries == [True, False, False], "what worked is remembered"

    def test_the_first_error_counts(self, engine: Engine) -> None:
        def attempt(signed: bool) -> str:
            raise AccessError("with" if signed else "without")

        with pytest.raises(AccessError, match=r"^with$"):
            engine.reading("private", attempt)

    def test_without_any_credentials(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine.access, "can_sign", lambda: False)
        assert engine.reading("public", lambda signed: signed) is False
