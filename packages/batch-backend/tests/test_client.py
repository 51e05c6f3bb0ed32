from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError
from fake_batch import FakeBatch, client_error

from miniwdl_aws_batch_backend import client
from miniwdl_aws_batch_backend.client import BatchApi, connect, translate
from miniwdl_aws_batch_backend.errors import BatchRequestError
from miniwdl_aws_hooks import ConfigurationError

URL = "https://batch.us-east-1.amazonaws.com"
PAGE = b"<html>Please log in to the guests' network.</html>"
EXPIRED = (
    '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "SECRET", "SessionToken": "t", '
    '"Expiration": "2020-01-01T00:00:00Z"}'
)


@pytest.mark.parametrize(
    ("error", "throttled", "ambiguous", "retryable"),
    [
        (client_error("SubmitJob", "TooManyRequestsException", status=429), True, False, True),
        (client_error("SubmitJob", "ThrottlingException"), True, False, True),
        (client_error("SubmitJob", "Whatever", status=429), True, False, True),
        (client_error("SubmitJob", "InternalServerException", status=500), False, True, True),
        (client_error("SubmitJob", "ServiceUnavailable", status=503), False, True, True),
        (client_error("SubmitJob", "ClientException"), False, False, False),
        (client_error("SubmitJob", "AccessDeniedException", status=403), False, False, False),
        (EndpointConnectionError(endpoint_url=URL), False, False, True),
        (ConnectTimeoutError(endpoint_url=URL), False, False, True),
        (ReadTimeoutError(endpoint_url=URL), False, True, True),
        (NoCredentialsError(), False, False, False),
        (ParamValidationError(report="Invalid type for parameter ulimits"), False, False, False),
        (UnauthorizedSSOTokenError(), False, False, False),
        (ResponseParserError("invalid XML received:\nb'<html>'"), False, True, True),
        (KeyError("odd"), False, True, True),
    ],
)
def test_translation(error: Exception, throttled: bool, ambiguous: bool, retryable: bool) -> None:
    ours = translate(error, "submit_job")
    assert (ours.throttled, ours.ambiguous, ours.retryable) == (throttled, ambiguous, retryable)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (client_error("SubmitJob", "AccessDeniedException"), "batch:SubmitJob"),
        (client_error("SubmitJob", "ExpiredTokenException"), "expired"),
        (NoCredentialsError(), "configure credentials"),
    ],
)
def test_hints(error: Exception, words: str) -> None:
    assert words in (translate(error, "submit_job").hint or "")


def test_harmless_requests_are_repeated(batch: FakeBatch) -> None:
    slept: list[float] = []
    batch.errors["describe_jobs"] = [
        ReadTimeoutError(endpoint_url=URL),
        client_error("DescribeJobs", "ThrottlingException"),
    ]
    api = BatchApi(batch, 3, sleep=slept.append, jitter=lambda: 1.0)
    assert api.describe(["x"]) == []
    assert slept == [0.5, 1.0]


def test_but_not_for_ever(batch: FakeBatch) -> None:
    batch.errors["describe_jobs"] = [client_error("DescribeJobs", "ThrottlingException")] * 3
    with pytest.raises(BatchRequestError):
        BatchApi(batch, 3, sleep=lambda _: None).describe(["x"])
    assert batch.calls["describe_jobs"] == 3


def test_what_AWS_refuses_is_not_repeated(batch: FakeBatch) -> None:  # noqa: N802
    batch.errors["describe_jobs"] = [client_error("DescribeJobs", "ClientException")]
    with pytest.raises(BatchRequestError, match=r"DescribeJobs \(ClientException\)"):
        BatchApi(batch, 3, sleep=lambda _: None).describe(["x"])


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> pytest.MonkeyPatch:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return monkeypatch


def test_the_configured_region_wins(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert connect("us-west-2").meta.region_name == "us-west-2"
    assert connect(None).meta.region_name == "eu-west-1"


def test_the_instances_region_is_the_last_resort(bare: pytest.MonkeyPatch) -> None:
    bare.setattr(client, "_instance_region", lambda: "ap-south-1")
    assert connect(None).meta.region_name == "ap-south-1"
    bare.setattr(client, "_instance_region", lambda: None)
    with pytest.raises(ConfigurationError, match="no AWS region") as caught:
        connect(None)
    assert "MINIWDL__AWS__REGION" in (caught.value.hint or "")


def test_an_unknown_profile_is_one_sentence(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(BatchRequestError, match="nobody"):
        connect("us-east-1")


JOBS = json.dumps({"jobs": [{"jobId": "x", "status": "RUNNING"}]}).encode()


@pytest.mark.parametrize(
    "answer",
    [PAGE, b"", b"[]", b"null", b"\xff", b'{"jobs": [{"jobId": "x"}]}', (302, PAGE), (404, PAGE), (503, PAGE)],
)
def test_an_answer_that_is_not_AWSs_is_asked_for_again(portal: Any, answer: Any) -> None:  # noqa: N802
    server = portal(answer, JOBS)
    (job,) = BatchApi(connect(None), 2, sleep=lambda _: None).describe(["x"])
    assert (job["status"], server.asked) == ("RUNNING", 2)


def test_but_not_more_often_than_any_other(portal: Any) -> None:
    server = portal()
    with pytest.raises(BatchRequestError, match="no usable answer for describe_jobs: it lacks jobs") as caught:
        BatchApi(connect(None), 3, sleep=lambda _: None).describe(["x"])
    assert server.asked == 3
    assert "proxy" in (caught.value.hint or "")


def test_a_page_stops_no_job(portal: Any) -> None:
    """AWS's own answer to this is as empty as what botocore makes of a page."""
    server = portal(PAGE, b"{}")
    BatchApi(connect(None), 2, sleep=lambda _: None).call("terminate_job", jobId="x", reason="r")
    assert server.asked == 2


@pytest.mark.parametrize("answer", [PAGE, b"[]", (302, PAGE)])
def test_nobody_knows_whether_AWS_took_a_job_that_it_gave_no_id_for(portal: Any, answer: Any) -> None:  # noqa: N802
    portal(answer)
    with pytest.raises(BatchRequestError, match="no usable answer") as caught:
        BatchApi(connect(None), 3).call_once("submit_job", jobName="a", jobQueue="q", jobDefinition="d")
    assert (caught.value.ambiguous, caught.value.retryable) == (True, True)
    assert "guests" not in caught.value.message


@pytest.mark.parametrize("printed", ["", "SECRET", "[]", '{"Version": 2, "SecretAccessKey": "SECRET"}', EXPIRED])
def test_a_credential_process_may_fail_now_and_then(portal: Any, credential_process: Any, printed: str) -> None:
    server = portal(JOBS)
    credential_process(None, printed, printed)
    api = BatchApi(connect(None), 2, sleep=lambda _: None)
    with pytest.raises(BatchRequestError, match="no AWS credentials for submit_job") as caught:
        api.call_once("submit_job", jobName="a", jobQueue="q", jobDefinition="d")
    assert (caught.value.ambiguous, caught.value.retryable) == (False, True)
    assert "SECRET" not in caught.value.message
    assert server.asked == 0
    assert api.describe(["x"])


def test_a_credential_process_that_fails_at_the_start_is_one_sentence(portal: Any, credential_process: Any) -> None:
    portal()
    credential_process("")
    with pytest.raises(BatchRequestError, match="no AWS credentials") as caught:
        connect(None)
    assert "configure credentials" in (caught.value.hint or "")


def test_a_wrong_request_is_told_at_once(portal: Any) -> None:
    server = portal()
    with pytest.raises(BatchRequestError, match=r"(?s)malformed.*jobName"):
        BatchApi(connect(None), 3).call("submit_job", jobName=1, jobQueue="q", jobDefinition="d")
    assert server.asked == 0
