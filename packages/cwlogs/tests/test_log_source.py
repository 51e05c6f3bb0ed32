import json
import time

import pytest

from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_cwlogs.configuration import CwlogsOptions
from miniwdl_aws_cwlogs.errors import (
    CwlogsError,
    LogAccessError,
    StreamMissingError,
    ThrottledError,
    TokenRefusedError,
    UnreachableError,
)
from miniwdl_aws_cwlogs.follower import FixedStreams, Followed, Follower
from miniwdl_aws_cwlogs.log_source import JobSource, LogSource, shared_budget, shared_source
from miniwdl_aws_cwlogs.stream import LogStream
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings


def refusal(code, message="", status=400):
    return status, json.dumps({"__type": code, "message": message}).encode()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal("ThrottlingException"), ThrottledError),
        (refusal("Whatever", status=429), ThrottledError),
        (refusal("ResourceNotFoundException", "The specified log stream does not exist."), StreamMissingError),
        (refusal("InvalidParameterException", "The specified nextToken is invalid."), TokenRefusedError),
        (refusal("InvalidParameterException", "1 validation error detected"), LogAccessError),
        (refusal("ExpiredTokenException", "The security token included in the request is expired"), LogAccessError),
        (refusal("AccessDeniedException", "User x is not authorized"), LogAccessError),
        (refusal("ServiceUnavailableException", status=503), UnreachableError),
        (refusal("InternalFailure", status=500), UnreachableError),
    ],
)
def test_every_refusal_is_of_a_class_that_a_follower_knows(portal, answer, expected):
    portal(answer)
    with pytest.raises(CwlogsError, match="can't read log stream s of group g: ") as caught:
        LogSource.connect().get("g", "s", token=None, start_time=None)
    assert type(caught.value) is expected


def test_a_denial_names_the_missing_permission(portal):
    portal(refusal("AccessDeniedException"))
    with pytest.raises(LogAccessError) as caught:
        LogSource.connect().get("g", "s", token=None, start_time=None)
    assert "logs:GetLogEvents" in caught.value.hint


def test_pages_come_from_the_service(aws, logs):
    logs.page_size = 2
    logs.write("s", "a", "b", "c", at=1000)
    source = LogSource.connect()
    page = source.get("g", "s", token=None, start_time=None)
    assert [event.message for event in page.events] == ["a", "b"]
    assert page.events[0].timestamp == 1000
    page = source.get("g", "s", token=page.token, start_time=500)
    assert [event.message for event in page.events] == ["c"]
    with pytest.raises(StreamMissingError):
        source.get("g", "other", token=None, start_time=None)


def test_pages_of_many_streams_come_from_the_service(aws, logs):
    logs.page_size = 2
    logs.write("s", "a", "c", at=1000)
    logs.write("t", "b", "d", at=1000)
    logs.write("t", "old", at=500)
    logs.write("u", "not asked for", at=1000)
    source = LogSource.connect()
    first = source.filter("g", ["s", "t"], token=None, start_time=1000)
    assert [(event.stream, event.message) for event in first.events] == [("s", "a"), ("t", "b")]
    assert len(set(first.ids)) == len(first.ingested) == 2
    assert abs(first.served / 1000 - time.time()) < 60, "by the service's clock"
    second = source.filter("g", ["s", "t"], token=first.token, start_time=1000)
    assert [(event.stream, event.message) for event in second.events] == [("s", "c"), ("t", "d")]
    assert second.token is None
    assert not set(first.ids) & set(second.ids)
    with pytest.raises(StreamMissingError, match="2 log streams of group g at once"):
        source.filter("g", ["s", "other"], token=None, start_time=0)


def test_a_refusal_of_many_streams_names_the_permission(aws):
    aws.refuse = (400, "AccessDeniedException", "User x is not authorized")
    with pytest.raises(LogAccessError) as caught:
        LogSource.connect().filter("g", ["s"], token=None, start_time=0)
    assert "FilterLogEvents" in caught.value.hint


def test_a_throttled_request_is_made_once(aws):
    """The budget must learn of it, so botocore may not hide it."""
    seen = []
    aws.on_request = seen.append
    aws.refuse = (400, "ThrottlingException", "Rate exceeded")
    with pytest.raises(ThrottledError):
        LogSource.connect().get("g", "s", token=None, start_time=None)
    with pytest.raises(ThrottledError):
        LogSource.connect().filter("g", ["s"], token=None, start_time=0)
    assert seen == ["GetLogEvents", "FilterLogEvents"]


def test_jobs_come_from_the_service(aws):
    aws.jobs["1"] = {"jobId": "1", "status": "RUNNING"}
    assert [job.job_id for job in JobSource.connect().describe(["1", "2"])] == ["1"]
    aws.refuse = (403, "AccessDeniedException", "no")
    with pytest.raises(LogAccessError, match="ask AWS Batch"):
        JobSource.connect().describe(["1"])


def test_batch_is_not_asked_for_long(portal, monkeypatch):
    """Lines wait for the answer; whoever watches jobs asks again by itself."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    server = portal(refusal("ThrottlingException"))
    with pytest.raises(ThrottledError):
        JobSource.connect().describe(["1"])
    assert server.asked == 2


def test_a_source_is_shared_within_a_region(aws, monkeypatch):
    first = shared_source()
    assert shared_source() is first
    assert shared_source("eu-west-1") is first
    monkeypatch.setenv("MINIWDL__AWS__REGION", "us-west-2")
    second = shared_source()
    assert second is not first
    assert shared_source("us-west-2") is second


def test_no_region(aws, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigurationError, match="no AWS region"):
        LogSource.connect()
    with pytest.raises(ConfigurationError, match="no AWS region"):
        JobSource.connect()


def test_no_credentials(aws, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(LogAccessError, match="credentials"):
        LogSource.connect().get("g", "s", token=None, start_time=None)


def test_an_unknown_profile(aws):
    with pytest.raises(ConfigurationError, match="lab"):
        LogSource.connect(profile="lab")


def test_the_budget_is_one_for_the_process():
    assert shared_budget() is shared_budget()


def test_the_rate_can_be_configured(monkeypatch):
    monkeypatch.setenv("MINIWDL__CWLOGS__REQUEST_RATE", "2.5")
    assert CwlogsOptions(EnvironSettings()).request_rate == 2.5
    monkeypatch.setenv("MINIWDL__CWLOGS__REQUEST_RATE", "many")
    shared_budget.cache_clear()
    with pytest.raises(ConfigurationError, match=r"\[cwlogs\] request_rate must be a number"):
        shared_budget()


PAGE = b"<html>Please log in to the guests' network.</html>"
EVENTS = json.dumps({"events": [{"timestamp": 1, "message": "a"}], "nextForwardToken": "t"}).encode()


@pytest.mark.parametrize("answer", [PAGE, b"", b"[]", b"null", b"\xff", b'{"events": [{}]}', (302, PAGE), (404, PAGE)])
@pytest.mark.parametrize(
    "ask",
    [
        lambda: LogSource.connect().get("g", "s", token=None, start_time=None),
        lambda: LogSource.connect().filter("g", ["s"], token=None, start_time=0),
        lambda: JobSource.connect().describe(["1"]),
    ],
)
def test_an_answer_that_is_not_AWSs_counts_as_none(portal, ask, answer):  # noqa: N802
    portal(answer)
    with pytest.raises(UnreachableError, match="no usable answer") as caught:
        ask()
    assert "guests" not in caught.value.message
    assert "proxy" in caught.value.hint


def test_a_job_without_a_status_is_no_answer(portal):
    portal(b'{"jobs": [{"jobId": "1"}]}')
    with pytest.raises(UnreachableError, match="a job lacks status"):
        JobSource.connect().describe(["1"])


def test_a_job_that_cannot_be_read_is_no_answer():
    class Mangled:
        def describe_jobs(self, **_request):
            return {"jobs": [{"jobId": "1", "status": "RUNNING", "attempts": ["odd"]}]}

    with pytest.raises(UnreachableError, match="ask AWS Batch about the job: no usable answer"):
        JobSource(Mangled()).describe(["1"])


@pytest.mark.parametrize("printed", ["", "SECRET", "[]", '{"Version": 2, "SecretAccessKey": "SECRET"}'])
def test_a_follower_bears_a_portal_and_a_moody_credential_process(portal, credential_process, clock, printed):
    portal(PAGE, b"[]", EVENTS)
    credential_process(None, printed, printed)
    follower = Follower(SelfTuningRate(1e6), clock=clock, sleep=clock.sleep)
    stream = LogStream(LogSource.connect(), "g", "s")
    events = follower.events(FixedStreams([Followed(stream, job_ended=lambda: False)]))
    assert next(events).message == "a"


def test_what_a_credential_process_printed_is_not_told(portal, credential_process):
    portal()
    credential_process('{"Version": 2, "SecretAccessKey": "SECRET"}')
    with pytest.raises(UnreachableError, match="no AWS credentials") as caught:
        LogSource.connect()
    assert "SECRET" not in caught.value.message
    assert "log in to AWS again" in caught.value.hint
