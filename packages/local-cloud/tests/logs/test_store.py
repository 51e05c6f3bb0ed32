"""Reading log events back, with boto3 against the cloud."""

from __future__ import annotations

import contextlib
import time

import pytest
from botocore.exceptions import ClientError

GROUP = "/lab"


@pytest.fixture
def logs(user):
    client = user.client("logs")
    client.create_log_group(logGroupName=GROUP)
    yield client
    client.delete_log_group(logGroupName=GROUP)


@pytest.fixture
def put(logs):
    now = int(time.time() * 1000)

    def put(stream, *events):
        """Put messages; a number between them is the time, in milliseconds from some moment, of those that follow."""
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        at, found = 0, []
        for item in events:
            if isinstance(item, int):
                at = item
            else:
                found.append({"timestamp": now + at, "message": item})
        if found:
            logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=found)
        return now

    return put


def read(logs, stream, **options):
    page = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, **options)
    return [event["message"] for event in page["events"]], page


def pages(logs, streams, **options):
    """Messages of all pages of FilterLogEvents."""
    found = []
    while True:
        page = logs.filter_log_events(logGroupName=GROUP, logStreamNames=streams, **options)
        found.append([event["message"] for event in page["events"]])
        if "nextToken" not in page:
            return found
        options["nextToken"] = page["nextToken"]


def test_a_token_that_does_not_move_is_the_end(logs, put):
    put("s", "a", "b", "c")
    messages, page = read(logs, "s", startFromHead=True, limit=2)
    assert messages == ["a", "b"]
    messages, page = read(logs, "s", startFromHead=True, nextToken=page["nextForwardToken"])
    assert messages == ["c"]
    token = page["nextForwardToken"]
    messages, page = read(logs, "s", startFromHead=True, nextToken=token)
    assert (messages, page["nextForwardToken"]) == ([], token)
    put("s", "d")
    assert read(logs, "s", startFromHead=True, nextToken=token)[0] == ["d"]


def test_an_empty_stream_can_be_waited_at(logs, put):
    put("s")
    messages, page = read(logs, "s", startFromHead=True)
    token = page["nextForwardToken"]
    assert messages == []
    assert read(logs, "s", startFromHead=True, nextToken=token)[1]["nextForwardToken"] == token
    put("s", "a")
    assert read(logs, "s", startFromHead=True, nextToken=token)[0] == ["a"]


def test_what_arrives_late_moves_no_token(logs, put):
    put("s", 1000, "a", 2000, "b")
    _messages, page = read(logs, "s", startFromHead=True)
    put("s", 1500, "late")
    assert read(logs, "s", startFromHead=True, nextToken=page["nextForwardToken"])[0] == []
    assert read(logs, "s", startFromHead=True)[0] == ["a", "late", "b"]


def test_backward(logs, put):
    put("s", "a", "b", "c")
    messages, page = read(logs, "s", limit=2)
    assert messages == ["b", "c"]
    messages, page = read(logs, "s", limit=2, nextToken=page["nextBackwardToken"])
    assert messages == ["a"]
    assert read(logs, "s", nextToken=page["nextBackwardToken"])[1]["nextBackwardToken"] == page["nextBackwardToken"]


def test_times(logs, put):
    now = put("s", 0, "a", 10, "b", 20, "c")
    assert read(logs, "s", startFromHead=True, startTime=now + 10)[0] == ["b", "c"]
    assert read(logs, "s", startFromHead=True, endTime=now + 20)[0] == ["a", "b"]
    assert pages(logs, ["s"], startTime=now + 10, endTime=now + 20) == [["b", "c"]]


def test_many_streams_at_once_by_time(logs, put):
    put("s", 0, "a", 20, "c")
    put("t", 10, "b", 30, "d")
    put("u", 15, "not asked for")
    assert pages(logs, ["s", "t"]) == [["a", "b", "c", "d"]]
    assert pages(logs, ["s", "t"], limit=3) == [["a", "b", "c"], ["d"]]
    assert pages(logs, ["s", "t"], filterPattern="b") == [["b"]]


def test_ids_are_the_events_own(logs, put):
    put("s", "same", "same")
    (one, two) = logs.filter_log_events(logGroupName=GROUP, logStreamNames=["s"])["events"]
    assert one["eventId"] != two["eventId"]
    assert (one["logStreamName"], one["message"]) == ("s", "same")


def test_a_page_holds_a_megabyte(logs, put):
    for letter in "abcdefghi":
        put("s", letter * 250_000)
    first, *rest = pages(logs, ["s"])
    assert [text[0] for text in first] == list("abcd")
    assert [text[0] for page in rest for text in page] == list("efghi")
    assert len(read(logs, "s", startFromHead=True)[0]) == 4


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda logs: read(logs, "none", startFromHead=True), "log stream does not exist"),
        (lambda logs: pages(logs, ["s", "none"]), "log stream does not exist"),
        (lambda logs: read(logs, "s", nextToken="nonsense", startFromHead=True), "nextToken is invalid"),
        pytest.param(
            lambda logs: pages(logs, [f"s{n}" for n in range(101)]),
            "less than or equal to 100",
            marks=pytest.mark.sends_what_aws_refuses("botocore-model", reason="the cloud is to refuse it"),
        ),
        (lambda logs: logs.filter_log_events(logGroupName="/none"), "log group does not exist"),
    ],
)
def test_refusals(logs, put, ask, message):
    put("s", "a")
    with pytest.raises(ClientError, match=message):
        ask(logs)
