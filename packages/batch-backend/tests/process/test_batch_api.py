from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from fake_batch import FakeBatch, client_error

from miniwdl_aws_batch_backend.process.batch_api import BatchApi, connect
from miniwdl_aws_core.aws.errors import AwsError, Kind

URL = "https://batch.us-east-1.amazonaws.com"
PAGE = b"<html>Please log in to the guests' network.</html>"
EXPIRED = (
    '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "SECRET", "SessionToken": "t", '
    '"Expiration": "2020-01-01T00:00:00Z"}'
)


@pytest.mark.parametrize(
    ("error", "kind", "ambiguous", "retryable"),
    [
        (client_error("SubmitJob", "TooManyRequestsException", status=429), Kind.THROTTLED, False, True),
        (client_error("SubmitJob", "InternalServerException", status=500), Kind.UNREACHABLE, True, True),
        (client_error("SubmitJob", "ClientException"), Kind.REFUSED, False, False),
        (client_error("SubmitJob", "AccessDeniedException", status=403), Kind.DENIED, False, False),
        (EndpointConnectionError(endpoint_url=URL), Kind.UNREACHABLE, False, True),
        (ReadTimeoutError(endpoint_url=URL), Kind.UNREACHABLE, True, True),
        (KeyError("odd"), Kind.NOT_AWS, True, True),
    ],
)
def test_what_submitting_a_job_raises(
    batch: FakeBatch, error: Exception, kind: Kind, ambiguous: bool, retryable: bool
) -> None:
    batch.errors["submit_job"] = [error]
    with pytest.raises(AwsError, match="can't submit the job: ") as caught:
        BatchApi(batch, 3).call_once("submit_job", jobName="a", jobQueue="q", jobDefinition="d")
    ours = caught.value
    assert (ours.kind, ours.ambiguous, ours.retryable) == (kind, ambiguous, retryable)


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
    with pytest.raises(AwsError):
        BatchApi(batch, 3, sleep=lambda _: None).describe(["x"])
    assert batch.calls["describe_jobs"] == 3


def test_what_AWS_refuses_is_not_repeated(batch: FakeBatch) -> None:  # noqa: N802
    batch.errors["describe_jobs"] = [client_error("DescribeJobs", "ClientException")]
    with pytest.raises(AwsError, match=r"can't look up jobs: scripted \(ClientException\)"):
        BatchApi(batch, 3, sleep=lambda _: None).describe(["x"])


JOBS = json.dumps({"jobs": [{"jobId": "x", "status": "RUNNING"}]}).encode()


@pytest.mark.parametrize(
    "answer",
    [PAGE, b"", b"[]", b"null", b"\xff", b'{"jobs": [{"jobId": "x"}]}', (302, PAGE), (404, PAGE), (503, PAGE)],
)
def test_an_answer_that_is_not_AWSs_is_asked_for_again(portal: Any, answer: Any) -> None:  # noqa: N802
    server = portal(answer, JOBS)
    (job,) = BatchApi(connect(None), 2, sleep=lambda _: None).describe(["x"])
    assert (job.status, server.asked) == ("RUNNING", 2)


def test_a_job_that_cannot_be_read_is_asked_for_again(batch: FakeBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    mangled = {"jobs": [{"jobId": "x", "status": "RUNNING", "attempts": ["odd"]}]}
    answers = [mangled, {"jobs": [{"jobId": "x", "status": "RUNNING"}]}, mangled]
    monkeypatch.setattr(batch, "describe_jobs", lambda **_request: answers.pop(0))
    (job,) = BatchApi(batch, 2, sleep=lambda _: None).describe(["x"])
    assert job.status == "RUNNING"
    with pytest.raises(AwsError, match="can't look up jobs: no usable answer") as caught:
        BatchApi(batch, 1).describe(["x"])
    assert (caught.value.kind, caught.value.retryable) == (Kind.NOT_AWS, True)


def test_but_not_more_often_than_any_other(portal: Any) -> None:
    server = portal()
    with pytest.raises(AwsError, match=r"can't look up jobs: no usable answer \(it lacks jobs\)") as caught:
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
    with pytest.raises(AwsError, match="no usable answer") as caught:
        BatchApi(connect(None), 3).call_once("submit_job", jobName="a", jobQueue="q", jobDefinition="d")
    assert (caught.value.ambiguous, caught.value.retryable) == (True, True)
    assert "guests" not in caught.value.message


@pytest.mark.parametrize("printed", ["", "SECRET", "[]", '{"Version": 2, "SecretAccessKey": "SECRET"}', EXPIRED])
def test_a_credential_process_may_fail_now_and_then(portal: Any, credential_process: Any, printed: str) -> None:
    server = portal(JOBS)
    credential_process(None, printed, printed)
    api = BatchApi(connect(None), 2, sleep=lambda _: None)
    with pytest.raises(AwsError, match="can't submit the job: no AWS credentials") as caught:
        api.call_once("submit_job", jobName="a", jobQueue="q", jobDefinition="d")
    assert (caught.value.ambiguous, caught.value.retryable) == (False, True)
    assert "SECRET" not in caught.value.message
    assert server.asked == 0
    assert api.describe(["x"])


def test_a_credential_process_that_fails_at_the_start_is_one_sentence(portal: Any, credential_process: Any) -> None:
    portal()
    credential_process("")
    with pytest.raises(AwsError, match="no AWS credentials") as caught:
        connect(None)
    assert "log in to AWS again" in (caught.value.hint or "")


def test_a_wrong_request_is_told_at_once(portal: Any) -> None:
    server = portal()
    with pytest.raises(AwsError, match=r"(?s)malformed.*jobName"):
        BatchApi(connect(None), 3).call("submit_job", jobName=1, jobQueue="q", jobDefinition="d")
    assert server.asked == 0
