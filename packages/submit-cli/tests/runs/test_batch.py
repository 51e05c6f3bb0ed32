import itertools
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from miniwdl_aws_core.aws.backoff import Backoff
from miniwdl_aws_core.batch.limits import MAX_DESCRIBE
from miniwdl_aws_core.batch.lookup import PAUSES
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.runs.batch import MAX_UNANSWERED, Batch, connect
from miniwdl_aws_submit_cli.watch.watcher import Watcher


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(boto3.client("batch")) as stubber:
        yield stubber


@pytest.mark.parametrize(
    ("code", "status", "message", "retryable"),
    [
        ("ExpiredTokenException", 400, "AWS does not accept the credentials", False),
        ("AccessDeniedException", 403, "permission is missing", False),
        ("ThrottlingException", 400, "too many requests", True),
        ("Odd", 503, "AWS has trouble", True),
        ("ClientException", 400, r"Job queue x does not exist \(ClientException\)$", False),
    ],
)
def test_refusals_are_sentences(stub: Stubber, code: str, status: int, message: str, retryable: bool) -> None:
    stub.add_client_error("describe_jobs", code, "Job queue x does not exist.", http_status_code=status)
    with pytest.raises(RefusedError, match=f"can't look up the job: {message}") as caught:
        Batch(stub.client).describe(["1"])
    assert caught.value.retryable is retryable


def test_a_permission_is_named(portal: Callable[..., Any]) -> None:
    portal((403, b'{"__type": "AccessDeniedException", "message": "no"}'))
    with pytest.raises(RefusedError) as caught:
        connect().submit(REQUEST)
    assert "batch:SubmitJob" in str(caught.value.hint)


@pytest.mark.parametrize("value", [None, ""])
def test_no_region(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is None:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
    else:
        monkeypatch.setenv("AWS_DEFAULT_REGION", value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ConfigurationError, match="no AWS region"):
        connect()


def test_a_profile_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "lab")
    with pytest.raises(ConfigurationError, match="lab"):
        connect()


def test_a_definition_is_found_before_it_is_registered(stub: Stubber) -> None:
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}]
    container = {"image": "i", "resourceRequirements": needs}
    definition = {"jobDefinitionName": "d", "type": "container", "containerProperties": container}
    ask = {"jobDefinitionName": "d", "status": "ACTIVE"}
    found = [
        {"jobDefinitionName": "d", "jobDefinitionArn": f"arn:{n}", "revision": n, "type": "container"} for n in (2, 10)
    ]
    stub.add_response("describe_job_definitions", {"jobDefinitions": found}, ask)
    assert Batch(stub.client).ensure_definition(definition) == "arn:10"
    stub.add_response("describe_job_definitions", {"jobDefinitions": []}, ask)
    answer = {"jobDefinitionName": "d", "jobDefinitionArn": "arn:1", "revision": 1}
    stub.add_response("register_job_definition", answer, definition)
    assert Batch(stub.client).ensure_definition(definition) == "arn:1"
    stub.assert_no_pending_responses()


def test_many_jobs_are_described_a_hundred_at_a_time(stub: Stubber) -> None:
    ids = [f"job{n}" for n in range(MAX_DESCRIBE + 1)]

    def detail(job_id: str) -> dict[str, object]:
        return {
            "jobId": job_id, "jobName": "n", "jobQueue": "q", "status": "RUNNING", "startedAt": 1, "jobDefinition": "d",
        }  # fmt: skip

    stub.add_response("describe_jobs", {"jobs": [detail("job0")]}, {"jobs": ids[:MAX_DESCRIBE]})
    stub.add_response("describe_jobs", {"jobs": [detail(ids[-1])]}, {"jobs": ids[MAX_DESCRIBE:]})
    assert list(Batch(stub.client).describe(ids)) == ["job0", ids[-1]]


def test_every_page_of_a_list_is_read(stub: Stubber) -> None:
    def page(job_id: str) -> dict[str, object]:
        return {"jobSummaryList": [{"jobId": job_id, "jobName": "n", "status": "RUNNING", "createdAt": 1}]}

    stub.add_response("list_jobs", {**page("a"), "nextToken": "t"}, {"jobQueue": "q", "jobStatus": "RUNNING"})
    stub.add_response("list_jobs", page("b"), {"jobQueue": "q", "jobStatus": "RUNNING", "nextToken": "t"})
    assert [job.job_id for job in Batch(stub.client).list_jobs("q", status="RUNNING")] == ["a", "b"]


REQUEST = {"jobName": "hello-0a1b2c3d4e", "jobQueue": "q", "jobDefinition": "d"}
JOB = {"jobId": "a", "jobName": REQUEST["jobName"], "createdAt": 1, "status": "SUBMITTED"}
LISTED = {"jobQueue": "q", "filters": [{"name": "JOB_NAME", "values": [REQUEST["jobName"]]}]}


def lists(stub: Stubber, *jobs: dict[str, object]) -> None:
    stub.add_response("list_jobs", {"jobSummaryList": list(jobs)}, LISTED)


def test_a_job_that_aws_took_without_saying_so_is_not_submitted_again(stub: Stubber) -> None:
    slept: list[float] = []
    told: list[str] = []
    stub.add_client_error("submit_job", "InternalServerException", http_status_code=500)
    lists(stub)
    lists(stub)
    lists(stub, JOB)
    assert Batch(stub.client, sleep=slept.append).submit(REQUEST, told.append) == "a"
    stub.assert_no_pending_responses()
    assert slept == sorted(slept)
    assert sum(slept) > 3, "ListJobs may lag by seconds"
    assert "looking whether AWS Batch took the job" in told[0]


def test_a_job_that_aws_did_not_take_is_submitted_again(stub: Stubber) -> None:
    stub.add_client_error("submit_job", "InternalServerException", http_status_code=500)
    for _ in PAUSES:
        lists(stub)
    stub.add_client_error("submit_job", "TooManyRequestsException", http_status_code=429)
    stub.add_response("submit_job", {"jobId": "b", "jobName": REQUEST["jobName"]}, REQUEST)
    assert Batch(stub.client, sleep=lambda _seconds: None).submit(REQUEST) == "b"
    stub.assert_no_pending_responses()


def test_what_aws_refuses_is_not_looked_for(stub: Stubber) -> None:
    stub.add_client_error("submit_job", "ClientException", "no such queue", http_status_code=400)
    with pytest.raises(RefusedError, match="no such queue"):
        Batch(stub.client).submit(REQUEST)


def test_who_gives_up_says_that_the_run_may_have_begun(stub: Stubber) -> None:
    for _ in range(MAX_UNANSWERED):
        stub.add_client_error("submit_job", "InternalServerException", http_status_code=500)
        for _ in PAUSES:
            lists(stub)
    with pytest.raises(RefusedError) as caught:
        Batch(stub.client, sleep=lambda _seconds: None).submit(REQUEST)
    assert "miniwdl-aws list" in str(caught.value.hint)
    stub.assert_no_pending_responses()


def test_the_sdk_sends_a_submission_once(portal: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    server = portal((500, b"{}"))
    monkeypatch.setattr("miniwdl_aws_submit_cli.runs.batch.ATTEMPTS", 1)
    monkeypatch.setattr("miniwdl_aws_core.batch.lookup.PAUSES", ())
    with pytest.raises(RefusedError):
        connect().submit(REQUEST)
    assert server.asked == 1


PAGE = b"<html>Please log in to the guests' network.</html>"
LOST = b'{"jobs": [{}], "jobSummaryList": [{}], "jobQueues": [{}], "jobDefinitions": [{}]}'


@pytest.mark.parametrize("answer", [PAGE, b"", b"[]", b"null", b"\xff", LOST, (302, PAGE), (404, PAGE)])
@pytest.mark.parametrize(
    "ask",
    [
        lambda batch: batch.queues(),
        lambda batch: batch.ensure_definition({"jobDefinitionName": "d", "type": "container"}),
        lambda batch: batch.submit({"jobName": "n", "jobQueue": "q", "jobDefinition": "d"}),
        lambda batch: batch.describe(["1"]),
        lambda batch: list(batch.list_jobs("q", status="RUNNING")),
    ],
)
def test_an_answer_that_is_not_AWSs_is_a_sentence(  # noqa: N802
    portal: Any, ask: Callable[[Batch], Any], answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal(answer)
    monkeypatch.setattr("miniwdl_aws_submit_cli.runs.batch.BACKOFF", Backoff(0, 0))
    monkeypatch.setattr("miniwdl_aws_core.batch.lookup.PAUSES", (0.0,))
    with pytest.raises(RefusedError, match="no usable answer") as caught:
        ask(connect())
    assert caught.value.retryable
    assert "guests" not in caught.value.message
    assert "proxy" in (caught.value.hint or "")


def test_a_page_stops_no_job(portal: Callable[..., Any]) -> None:
    portal()
    with pytest.raises(RefusedError, match="can't stop the job: no usable answer"):
        connect().terminate("x", "r")


@pytest.mark.parametrize("printed", ["", "SECRET", "[]", '{"Version": 2, "SecretAccessKey": "SECRET"}'])
def test_who_waits_bears_a_portal_and_a_moody_credential_process(
    portal: Any, credential_process: Any, printed: str
) -> None:
    portal(PAGE, b"[]", b'{"jobs": [{"jobId": "1", "jobName": "n", "status": "SUCCEEDED"}]}')
    credential_process(None, printed, printed)
    watcher = Watcher(connect().describe, "1", sleep=lambda _: None, clock=itertools.count(0, 10).__next__)
    assert watcher.look_until().ended


def test_what_a_credential_process_printed_is_not_told(portal: Any, credential_process: Any) -> None:
    portal()
    credential_process('{"Version": 2, "SecretAccessKey": "SECRET"}')
    with pytest.raises(RefusedError, match="no AWS credentials could be had") as caught:
        connect()
    assert "SECRET" not in caught.value.message
