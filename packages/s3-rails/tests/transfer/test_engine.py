from typing import Any
from uuid import uuid4

import pytest

from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks import EnvironSettings
from miniwdl_aws_s3_rails.errors import AccessError, TransferError
from miniwdl_aws_s3_rails.products.destination import check_writable
from miniwdl_aws_s3_rails.transfer.engine import Engine, Found, engine_for
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.sender import Sender


def test_one_engine_per_process() -> None:
    assert engine_for(EnvironSettings({})) is engine_for(EnvironSettings({}))


def test_listing(engine: Engine, bucket: Any) -> None:
    for key in ("a/1", "a/2 +%", "a/ü/3", "b/1"):
        bucket[key] = b"data"
    assert [found.key for found in engine.find_all(S3Uri(bucket.name, "a/"))] == ["a/1", "a/2 +%", "a/ü/3"]
    assert engine.find_all(S3Uri(bucket.name, "c/")) == []
    assert list(engine.peek(S3Uri(bucket.name, "a/"), 100)) == ["a/1", "a/2 +%", "a/ü/3"]


def test_peeking_stops(engine: Engine, bucket: Any) -> None:
    """It asks for no page more than it needs."""
    for index in range(15):
        bucket[f"a/{index:04d}"] = b""
    pages = []

    def small_page(params: Any, **_more: Any) -> None:
        params["MaxKeys"] = 4
        pages.append(params)

    engine.access.client.meta.events.register("before-parameter-build.s3.ListObjectsV2", small_page)
    assert len(engine.peek(S3Uri(bucket.name, "a/"), 10)) == 10
    assert len(pages) == 3


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


def unexpected() -> Found | None:
    raise KeyError("UploadId")


def test_what_nobody_expects_is_tried_again(engine: Engine) -> None:
    calls = []

    def attempt() -> int:
        calls.append(1)
        return len(calls) if len(calls) > 1 else 0 // 0

    assert engine.persist("x", attempt) == 2
    with pytest.raises(TransferError, match="x: KeyError: 'UploadId'"):
        engine.persist("x", unexpected)


@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: engine.find(S3Uri("bucket", "odd//key")),
        lambda engine: engine.find_all(S3Uri("bucket", "a/")),
        lambda engine: check_writable(engine, "s3://bucket/"),
    ],
)
def test_an_answer_that_is_not_of_S3_is_one_sentence(portal: Any, ask: Any) -> None:  # noqa: N802
    portal()
    options = Options(attempts=1)
    engine = Engine(options, S3Access(options, backoff=0.001), sleep=lambda _seconds: None)
    with pytest.raises(AccessError, match="no usable answer") as caught:
        ask(engine)
    assert "proxy" in str(caught.value.hint)


@pytest.mark.parametrize("printed", ["", "SECRET", "[]", '{"Version": 2, "SecretAccessKey": "SECRET"}'])
@pytest.mark.parametrize("key", ["key", "odd//key"])
def test_transfers_bear_a_moody_credential_process(
    engine: Engine, credential_process: Any, key: str, printed: str
) -> None:
    name = f"moody-{uuid4().hex}"
    engine.access.client.create_bucket(Bucket=name)
    credential_process(None, printed, printed)
    options = Options(attempts=3)
    moody = Engine(options, S3Access(options, backoff=0.001), sleep=lambda _seconds: None)
    Sender(moody).put_bytes(S3Uri(name, key), b"data")
    assert engine.access.client.get_object(Bucket=name, Key=key)["Body"].read() == b"data"


def test_credentials_that_can_not_be_had_are_no_missing_permission(credential_process: Any) -> None:
    credential_process(None, *["SECRET"] * 20)
    options = Options(attempts=2)
    engine = Engine(options, S3Access(options, backoff=0.001), sleep=lambda _seconds: None)
    with pytest.raises(AccessError, match="can't write s3://bucket/k: no AWS credentials could be had") as caught:
        Sender(engine).put_bytes(S3Uri("bucket", "k"), b"data")
    assert "SECRET" not in caught.value.message
    assert "log in" in str(caught.value.hint)
