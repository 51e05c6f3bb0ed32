import botocore.exceptions
import botocore.session
import pytest

from miniwdl_aws_s3_rails.access import S3Access, explain
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.options import Options


def access() -> S3Access:
    return S3Access(Options(), botocore.session.Session())


def client_error(code: str, message: str = "") -> botocore.exceptions.ClientError:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "PutObject")


@pytest.mark.parametrize(
    ("exc", "message", "hint"),
    [
        (client_error("NoSuchBucket", "Not there."), "cannot write: Not there. (NoSuchBucket)", "create the bucket"),
        (client_error("403"), "cannot write: AccessDenied (AccessDenied)", "lacks a permission"),
        (client_error("ExpiredTokenException", "Old."), "cannot write: Old. (ExpiredToken)", "log in again"),
        (botocore.exceptions.NoCredentialsError(), "cannot write: there are no AWS credentials", "AWS_PROFILE"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="http://x"), "cannot be reached", "AWS_ENDPOINT_URL"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="http://x"), "cannot be reached", "network"),
    ],
)
def test_errors_say_what_to_do(exc: Exception, message: str, hint: str) -> None:
    error = explain(exc, "cannot write")
    assert message in error.message
    assert hint in str(error.hint)


def test_endpoint_from_the_environment(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert access().endpoint == s3_url
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://other:1234")
    assert access().endpoint == "http://other:1234"


def test_aws_itself_has_no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert access().endpoint is None


def test_other_servers_have_one_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert access().region_of("any-bucket") == "eu-west-2"


def test_region_of_a_bucket_is_asked_for_once_even_where_access_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    reached = access()
    asked = []

    def head_bucket(**kwargs: str) -> None:
        asked.append(kwargs["Bucket"])
        error = client_error("403")
        error.response["ResponseMetadata"] = {"HTTPHeaders": {"x-amz-bucket-region": "ap-south-1"}}  # type: ignore[typeddict-item]
        raise error

    monkeypatch.setattr(reached.anonymous_client, "head_bucket", head_bucket)
    assert [reached.region_of("b"), reached.region_of("b")] == ["ap-south-1", "ap-south-1"]
    assert asked == ["b"]


def test_bucket_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    reached = access()

    def head_bucket(**_kwargs: str) -> None:
        error = client_error("404")
        error.response["ResponseMetadata"] = {"HTTPHeaders": {}}  # type: ignore[typeddict-item]
        raise error

    monkeypatch.setattr(reached.anonymous_client, "head_bucket", head_bucket)
    with pytest.raises(AccessError, match="cannot use bucket b: NoSuchBucket"):
        reached.region_of("b")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert not access().can_sign()
    with pytest.raises(AccessError, match="no AWS credentials"):
        access().store("bucket")


def test_malformed_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "not a url")
    with pytest.raises(AccessError, match="cannot reach S3"):
        _ = access().client
