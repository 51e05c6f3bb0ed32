"""What a reader asks for, and what it makes of answers."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_core.aws.errors import Kind
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_s3_rails.errors import AccessError, ArchivedError, LineError, OutageError, TransferError
from miniwdl_aws_s3_rails.transfer.engine import Engine, Found
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.receiver import Receiver

CHECK = "rosUhgp5mIg="
"""CRC-64/NVME of 123456789."""


@pytest.fixture
def impatient(recorded: Any) -> Any:
    options = Options(concurrency=2, attempts=2)
    engine = Engine(options, S3Access(options, backoff=0.001), sleep=lambda _seconds: None)
    yield engine
    engine.pool.shutdown()


def error(code: str, message: str = "") -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def test_checksums_are_asked_for_with_the_content(recorded: Any) -> None:
    recorded.answers["GET"] = (200, b"123456789")
    recorded.described["X-Amz-Checksum-CRC64NVME"] = CHECK
    recorded.described["x-amz-meta-File-Permissions"] = "0100755"
    with S3Access(Options()).reader("bucket").get("key", etag='"e"') as answer:
        assert b"".join(bytes(chunk) for chunk in answer.chunks()) == b"123456789"
    assert answer.headers["x-amz-checksum-crc64nvme"] == CHECK
    assert answer.metadata == {"file-permissions": "0100755"}
    ((_, headers),) = recorded.seen
    assert headers["x-amz-checksum-mode"] == "ENABLED"
    assert headers["if-match"] == '"e"'
    assert "x-amz-checksum-mode" in headers["authorization"]
    assert "range" not in headers


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, error("NoSuchKey", "Not &lt;there&gt;."), Kind.MISSING, "Not <there> (NoSuchKey)"),
        (403, error("AccessDenied"), Kind.DENIED, "permission is missing (AccessDenied)"),
        (400, error("ExpiredToken", "It has expired."), Kind.CREDENTIALS, "AWS does not accept the credentials"),
        (403, b"<html>", Kind.NOT_AWS, "no usable answer"),
        (301, error("PermanentRedirect"), Kind.REFUSED, "PermanentRedirect"),
        (501, error("NotImplemented"), Kind.UNREACHABLE, "NotImplemented"),
    ],
)
def test_refusals(recorded: Any, impatient: Engine, status: int, body: bytes, kind: Kind, words: str) -> None:
    recorded.answers["GET"] = (status, body)
    with pytest.raises(AccessError) as caught:
        Receiver(impatient).read(S3Uri("bucket", "key"))
    assert caught.value.kind is kind
    assert caught.value.message.startswith("can't read s3://bucket/key: ")
    assert words in caught.value.message


def test_a_missing_permission_is_named(recorded: Any, impatient: Engine) -> None:
    recorded.answers["GET"] = (403, error("AccessDenied"))
    with pytest.raises(AccessError) as caught:
        Receiver(impatient).read(S3Uri("bucket", "key"))
    assert "allow s3:GetObject" in str(caught.value.hint)


def test_archives(recorded: Any, impatient: Engine) -> None:
    recorded.answers["GET"] = (403, error("InvalidObjectState", "It is archived."))
    with pytest.raises(ArchivedError, match="archived"):
        Receiver(impatient).read(S3Uri("bucket", "key"))


def test_a_change_meanwhile(recorded: Any, impatient: Engine, tmp_path: Any) -> None:
    recorded.answers["GET"] = (412, error("PreconditionFailed"))
    with pytest.raises(TransferError, match="somebody else changed it"):
        Receiver(impatient).fetch_all("bucket", [(Found("key", 4, '"e"'), "copy")], tmp_path)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_trouble_passes(recorded: Any, impatient: Engine, status: int) -> None:
    recorded.answers["GET"] = (status, error("SlowDown"))
    with pytest.raises(OutageError, match=f"the server answers with status {status} SlowDown"):
        Receiver(impatient).read(S3Uri("bucket", "key"))
    assert len(recorded.seen) == 2


def test_a_range_is_a_range(recorded: Any) -> None:
    recorded.answers["GET"] = (202, b"123456789")
    reader = S3Access(Options()).reader("bucket")
    with pytest.raises(LineError, match="status 202"), reader.get("key", (2, 4)):
        pass
    assert recorded.seen[0][1]["range"] == "bytes=2-3"


def test_descriptions(recorded: Any) -> None:
    recorded.described.update({"Size": "4", "ETag": '"x"'})
    reader = S3Access(Options()).reader("bucket", signed=False)
    assert reader.head("a key+ü", 3)["content-length"] == "4"
    assert reader.head("a key")["etag"] == '"x"'
    assert recorded.paths == ["/bucket/a%20key%2B%C3%BC", "/bucket/a%20key"]
    assert all("authorization" not in headers for _, headers in recorded.seen)
    recorded.answers["HEAD"] = (404, b"")
    with pytest.raises(ClientError, match="404"):
        reader.head("nothing")


def test_no_credentials_but_an_answer_that_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessError, match="there are no AWS credentials"):
        S3Access(Options()).reader("bucket")


def test_credentials_that_can_not_be_had(credential_process: Any) -> None:
    credential_process(None, *["SECRET"] * 20)
    options = Options(attempts=2)
    engine = Engine(options, S3Access(options, backoff=0.001), sleep=lambda _seconds: None)
    with pytest.raises(AccessError, match="can't read s3://bucket/k: no AWS credentials could be had") as caught:
        Receiver(engine).read(S3Uri("bucket", "k"))
    assert "SECRET" not in caught.value.message
