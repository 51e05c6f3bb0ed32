from typing import Any

import botocore.exceptions
import pytest

from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_core.s3uri import UriError
from miniwdl_aws_hooks import DestinationContext, EnvironSettings, PublishOptions
from miniwdl_aws_s3_rails import plugin
from miniwdl_aws_s3_rails.errors import AccessError, OptionError
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


def look(folder: str, *, overwrite: bool = True) -> list[str]:
    """Ask the plugin as a submission does; give what it notes."""
    notes: list[str] = []
    options = PublishOptions(folder, overwrite=overwrite)
    context = DestinationContext(folder, EnvironSettings(), options, submitting=True, note=notes.append)
    assert plugin.miniwdl_aws_check_destination(context) is True
    return notes


def test_from_afar_results_of_a_run_are_noted_or_protected(bucket: Any) -> None:
    bucket["out/outputs.json"] = b"{}"
    bucket["new/outputs.json.old"] = b"{}"
    (note,) = look(bucket.uri("out/"))
    assert note.startswith(f"{bucket.uri('out/')} has the results of a run")
    with pytest.raises(OptionError, match="--no-overwrite protects the run"):
        look(bucket.uri("out/"), overwrite=False)
    # A run gets a folder of its own there, or nothing is there but a name that is alike.
    assert look(bucket.uri("out"), overwrite=False) == []
    assert look(bucket.uri("new/"), overwrite=False) == []


def test_from_afar_a_bucket_that_is_missing_is_told_from_one_that_may_not_be_seen(recorded: Any) -> None:
    refusal = b"<Error><Code>%s</Code><Message>no</Message></Error>"
    recorded.answers = {"LIST": (404, refusal % b"NoSuchBucket")}
    with pytest.raises(AwsError, match="NoSuchBucket") as caught:
        look("s3://bucket/out/")
    assert (caught.value.kind, caught.value.hint) == (Kind.MISSING, "create the bucket, or correct its name")
    recorded.answers = {"LIST": (403, refusal % b"AccessDenied")}
    with pytest.raises(AwsError) as caught:
        look("s3://bucket/out/")
    assert caught.value.lacks_permission


def test_from_afar_nothing_is_tried(recorded: Any) -> None:
    look("s3://bucket/out/")
    assert [operation for operation, _headers in recorded.seen] == ["LIST"]


def test_from_afar_another_region_is_noted(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miniwdl_aws_s3_rails.transfer.reach.access.S3Access.region_of", lambda *_: "eu-west-1")
    (note,) = look(bucket.uri("new/"))
    assert note == f"bucket {bucket.name} is in eu-west-1, so each write from us-east-1 is slow and costs"
