from __future__ import annotations

import json
from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.parsers import ResponseParserError

from miniwdl_aws_core.aws.errors import AwsError, Case, ErrorFamily, Kind, NotConfiguredError, error_of, translated
from miniwdl_aws_core.aws.session import connect
from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError

URL = "https://batch.us-east-1.amazonaws.com"


class RefusedError(AwsError):
    pass


class TroubleError(AwsError):
    pass


class ThrottledError(TroubleError):
    pass


class MissingError(AwsError):
    pass


FAMILY = ErrorFamily(
    refused=RefusedError,
    trouble=TroubleError,
    throttled=ThrottledError,
    cases=(
        Case("NoSuchThing", MissingError, hint="make it"),
        Case("Vague", MissingError, says="token"),
        Case("Busy", retryable=True),
    ),
)


def answer(code: str, status: int = 400, text: str = "", operation: str = "SubmitJob") -> Exception:
    metadata = {"HTTPStatusCode": status, "RequestId": "r-1"}
    return botocore.ClientError({"Error": {"Code": code, "Message": text}, "ResponseMetadata": metadata}, operation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("exc", "kind", "error", "ambiguous"),
    [
        (answer("ThrottlingException"), Kind.THROTTLED, ThrottledError, False),
        (answer("SlowDown", 503), Kind.THROTTLED, ThrottledError, False),
        (answer("Whatever", 429), Kind.THROTTLED, ThrottledError, False),
        (answer("InternalServerException", 500), Kind.UNREACHABLE, TroubleError, True),
        (answer("Whatever", 503), Kind.UNREACHABLE, TroubleError, True),
        (answer("ServerException"), Kind.UNREACHABLE, TroubleError, True),
        (answer("503", 503, "<html>"), Kind.NOT_AWS, TroubleError, True),
        (answer("404", 404, "<html>"), Kind.NOT_AWS, TroubleError, True),
        (answer("404", 404, operation="HeadObject"), Kind.MISSING, RefusedError, False),
        (answer("403", 403, operation="HeadObject"), Kind.DENIED, RefusedError, False),
        (answer("400", 400, operation="HeadObject"), Kind.REFUSED, RefusedError, False),
        (answer("503", 503, operation="HeadObject"), Kind.UNREACHABLE, TroubleError, True),
        (answer("AccessDeniedException", 403), Kind.DENIED, RefusedError, False),
        (answer("UnauthorizedOperation", 403), Kind.DENIED, RefusedError, False),
        (answer("ExpiredTokenException", 403), Kind.CREDENTIALS, RefusedError, False),
        (answer("SignatureDoesNotMatch", 403), Kind.CREDENTIALS, RefusedError, False),
        (answer("ResourceNotFoundException"), Kind.MISSING, RefusedError, False),
        (answer("NoSuchThing"), Kind.MISSING, MissingError, False),
        (answer("Vague", text="Your Token is old"), Kind.REFUSED, MissingError, False),
        (answer("Vague", text="no"), Kind.REFUSED, RefusedError, False),
        (answer("Busy"), Kind.REFUSED, TroubleError, False),
        (answer("ClientException"), Kind.REFUSED, RefusedError, False),
        (botocore.EndpointConnectionError(endpoint_url=URL), Kind.UNREACHABLE, TroubleError, False),
        (botocore.ConnectTimeoutError(endpoint_url=URL), Kind.UNREACHABLE, TroubleError, False),
        (botocore.ProxyConnectionError(proxy_url=URL), Kind.UNREACHABLE, TroubleError, False),
        (botocore.ReadTimeoutError(endpoint_url=URL), Kind.UNREACHABLE, TroubleError, True),
        (botocore.ConnectionClosedError(endpoint_url=URL), Kind.UNREACHABLE, TroubleError, True),
        (botocore.NoCredentialsError(), Kind.CREDENTIALS, RefusedError, False),
        (botocore.PartialCredentialsError(provider="env", cred_var="x"), Kind.CREDENTIALS, RefusedError, False),
        (botocore.UnauthorizedSSOTokenError(), Kind.CREDENTIALS, RefusedError, False),
        (botocore.CredentialRetrievalError(provider="x", error_msg="no"), Kind.CREDENTIALS, TroubleError, False),
        (botocore.NoRegionError(), Kind.NOT_CONFIGURED, NotConfiguredError, False),
        (botocore.ProfileNotFound(profile="lab"), Kind.NOT_CONFIGURED, NotConfiguredError, False),
        (botocore.InvalidRegionError(region_name="a b"), Kind.NOT_CONFIGURED, NotConfiguredError, False),
        (botocore.InvalidMaxRetryAttemptsError(provided_max_attempts=-1, min_value=0), Kind.NOT_CONFIGURED,
         NotConfiguredError, False),
        (botocore.InvalidS3AddressingStyleError(s3_addressing_style="x"), Kind.NOT_CONFIGURED, NotConfiguredError,
         False),
        (botocore.UnsupportedS3ConfigurationError(msg="x"), Kind.NOT_CONFIGURED, NotConfiguredError, False),
        (botocore.InvalidDNSNameError(bucket_name="x"), Kind.MALFORMED, RefusedError, False),
        (botocore.PaginationError(message="x"), Kind.REFUSED, RefusedError, False),
        (botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2), Kind.UNREACHABLE, TroubleError, True),
        (botocore.FlexibleChecksumError(error_msg="x"), Kind.UNREACHABLE, TroubleError, True),
        (botocore.ResponseStreamingError(error="x"), Kind.UNREACHABLE, TroubleError, True),
        (botocore.BotoCoreError(), Kind.NOT_AWS, TroubleError, True),
        (botocore.ParamValidationError(report="x"), Kind.MALFORMED, RefusedError, False),
        (ResponseParserError("invalid XML received:\nb'<html>'"), Kind.NOT_AWS, TroubleError, True),
        (ConnectionResetError("reset"), Kind.NOT_AWS, TroubleError, True),
        (KeyError("jobId"), Kind.NOT_AWS, TroubleError, True),
    ],
)  # fmt: skip
def test_what_a_request_raises(exc: Exception, kind: Kind, error: type[AwsError], ambiguous: bool) -> None:
    ours = error_of(exc, "submit the job", FAMILY)
    assert (ours.kind, type(ours), ours.ambiguous) == (kind, error, ambiguous)
    assert ours.retryable is (error in {TroubleError, ThrottledError})
    if type(exc).__name__ != "NoRegionError":
        assert ours.message.startswith("can't submit the job: ")
    assert "\n" not in ours.message
    assert "<html>" not in ours.message


@pytest.mark.parametrize(
    ("exc", "message", "hint"),
    [
        (answer("ThrottlingException", text="Rate exceeded."), "too many requests (ThrottlingException: Rate", None),
        (answer("ExpiredToken", text="it expired"), "AWS does not accept the credentials (ExpiredToken: it", "log in"),
        (answer("InvalidAccessKeyId"), "AWS does not accept the credentials (InvalidAccessKeyId)", "AWS_ACCESS_KEY_ID"),
        (answer("AccessDenied", text="no."), "permission is missing (AccessDenied: no)", "allow SubmitJob in the IAM"),
        (answer("RequestTimeTooSkewed", 403), "RequestTimeTooSkewed", "clock"),
        (answer("ClientException", text="no queue x."), "no queue x (ClientException)", None),
        (answer("NoSuchThing", text="gone"), "gone (NoSuchThing)", "make it"),
        (answer("502", 502), "no usable answer (HTTP status 502)", "proxy"),
        (botocore.EndpointConnectionError(endpoint_url=URL), "AWS can't be reached (Could not connect", "network"),
        (botocore.NoCredentialsError(), "there are no AWS credentials", "aws sso login"),
        (botocore.UnauthorizedSSOTokenError(), "no AWS credentials could be had (The SSO session", "aws sso login"),
        (botocore.ProfileNotFound(profile="lab"), "The config profile (lab) could not be found", "list-profiles"),
        (botocore.ParamValidationError(report="a\nb"), "the request is malformed: Parameter", None),
        (KeyError("jobId"), "no usable answer (KeyError: 'jobId')", "proxy"),
    ],
)  # fmt: skip
def test_words(exc: Exception, message: str, hint: str | None) -> None:
    ours = error_of(exc, "act", FAMILY)
    assert ours.message.startswith(f"can't act: {message}")
    assert (hint is None) is (ours.hint is None)
    assert (hint or "") in (ours.hint or "")


def test_no_region_is_one_sentence_with_one_hint() -> None:
    ours = error_of(botocore.NoRegionError(), "act")
    assert isinstance(ours, ConfigurationError)
    assert ours.message == "no AWS region is configured"
    assert "AWS_REGION" in (ours.hint or "")
    assert "MINIWDL__AWS__REGION" in (ours.hint or "")


def test_facts_for_logs() -> None:
    ours = error_of(answer("ClientException", 400), "act")
    assert ours.more_info == {"code": "ClientException", "status": 400, "requestId": "r-1"}
    assert (ours.code, ours.status, ours.operation) == ("ClientException", 400, "SubmitJob")


def test_errors_of_ours_pass() -> None:
    with pytest.raises(MiniwdlAwsError) as caught, translated("act"):
        raise MiniwdlAwsError("ours")
    assert caught.value.message == "ours"


DENIED = (403, json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode())
DENIED_BY_S3 = (403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")


@pytest.mark.parametrize(
    ("service", "ask", "body", "permission"),
    [
        ("batch", lambda client: client.describe_jobs(jobs=["x"]), DENIED, "batch:DescribeJobs"),
        ("logs", lambda client: client.describe_log_groups(), DENIED, "logs:DescribeLogGroups"),
        ("efs", lambda client: client.describe_file_systems(), DENIED, "elasticfilesystem:DescribeFileSystems"),
        ("s3", lambda client: client.list_objects_v2(Bucket="bucket"), DENIED_BY_S3, "s3:ListBucket"),
        ("s3", lambda client: client.head_object(Bucket="bucket", Key="k"), (403, b""), "s3:GetObject"),
        ("s3", lambda client: client.delete_object(Bucket="bucket", Key="k"), DENIED_BY_S3, "s3:DeleteObject"),
    ],
)
def test_a_denial_names_the_permission(portal: Any, service: str, ask: Any, body: Any, permission: str) -> None:
    portal(body)
    with pytest.raises(AwsError) as caught, translated("act"):
        ask(connect(service, attempts=1))
    assert caught.value.kind is Kind.DENIED
    assert caught.value.hint == f"allow {permission} in the IAM policy of whoever asks"
