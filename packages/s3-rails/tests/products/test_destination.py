from typing import Any

import botocore.exceptions
import pytest

from miniwdl_aws_core.s3uri import UriError
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.products.destination import check_writable
from miniwdl_aws_s3_rails.transfer.engine import Engine


@pytest.mark.parametrize("folder", ["", "x", "x/y/"])
def test_leaves_nothing_behind(engine: Engine, bucket: Any, folder: str) -> None:
    check_writable(engine, bucket.uri(folder))
    assert bucket.keys() == []
    assert "Uploads" not in engine.access.client.list_multipart_uploads(Bucket=bucket.name)


def test_missing_bucket(engine: Engine) -> None:
    with pytest.raises(AccessError, match=r"can't write to s3://no-such-bucket/x: .*NoSuchBucket") as caught:
        check_writable(engine, "s3://no-such-bucket/x")
    assert "create the bucket" in str(caught.value.hint)


def test_read_only_bucket(engine: Engine, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_kwargs: Any) -> None:
        response: Any = {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}
        raise botocore.exceptions.ClientError(response, "CreateMultipartUpload")

    monkeypatch.setattr(engine.access.client, "create_multipart_upload", denied)
    with pytest.raises(AccessError, match="Access Denied"):
        check_writable(engine, bucket.uri("x"))


def test_aborting_may_be_forbidden(engine: Engine, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_kwargs: Any) -> None:
        raise botocore.exceptions.ClientError({"Error": {"Code": "AccessDenied"}}, "AbortMultipartUpload")

    monkeypatch.setattr(engine.access.client, "abort_multipart_upload", denied)
    check_writable(engine, bucket.uri("x"))
    assert bucket.keys() == []


def test_no_credentials(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessError, match="no AWS credentials"):
        check_writable(engine, "s3://bucket/x")


def test_the_option_is_named(engine: Engine) -> None:
    with pytest.raises(UriError, match="the staging folder must begin with s3://"):
        check_writable(engine, "/tmp/x", what="the staging folder")
