import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_cwlogs.errors import StreamMissingError, ThrottledError, TokenRefusedError, UnreachableError
from miniwdl_aws_cwlogs.stream import OVERLAP_MS, LogStream


def read_to_end(stream, limit=1000):
    messages = []
    for _ in range(limit):
        polled = stream.poll()
        messages += [event.message for event in polled.events]
        if polled.at_end:
            return messages
    raise AssertionError("no end")


def test_reads_pages_in_order(logs):
    logs.page_size = 3
    logs.write("s", *map(str, range(10)))
    assert read_to_end(LogStream(logs, "g", "s")) == [str(n) for n in range(10)]


def test_an_empty_page_is_not_the_end(logs):
    logs.write("s", "first")
    logs.empty_pages = 4
    stream = LogStream(logs, "g", "s")
    assert not stream.poll().at_end
    assert read_to_end(stream) == ["first"]


def test_goes_on_where_it_was(logs):
    logs.write("s", "first")
    stream = LogStream(logs, "g", "s")
    assert read_to_end(stream) == ["first"]
    logs.write("s", "second", "third")
    assert read_to_end(stream) == ["second", "third"]
    assert read_to_end(stream) == []


def test_a_missing_stream_can_be_waited_for(logs):
    stream = LogStream(logs, "g", "s")
    with pytest.raises(StreamMissingError):
        stream.poll()
    logs.write("s", "hello")
    assert read_to_end(stream) == ["hello"]


def test_start_time_leaves_out_what_is_older(logs):
    logs.write("s", "old", at=1000)
    logs.write("s", "new", at=2000)
    assert read_to_end(LogStream(logs, "g", "s", start_time=1500)) == ["new"]


def test_an_expired_token_is_replaced_by_a_time(logs):
    logs.write("s", "same", "same", at=5_000_000)
    stream = LogStream(logs, "g", "s")
    assert read_to_end(stream) == ["same", "same"]
    logs.write("s", "same", at=5_000_000)
    logs.write("s", "skewed", at=5_000_000 - OVERLAP_MS + 1)
    logs.generation += 1
    assert read_to_end(stream) == ["same", "skewed"]


def test_a_first_request_that_is_refused_is_an_error(logs):
    logs.write("s", "line")
    logs.faults = [TokenRefusedError("the specified nextToken is invalid")]
    with pytest.raises(TokenRefusedError):
        LogStream(logs, "g", "s").poll()


@given(
    batches=st.lists(st.lists(st.text(max_size=3), max_size=8), max_size=12),
    page_size=st.integers(1, 5),
    faults=st.lists(st.sampled_from(["throttled", "unreachable", "expired", "empty"]), max_size=15),
    steps=st.lists(st.integers(0, 3_000), min_size=12, max_size=12),
)
def test_no_event_is_lost_or_doubled(make_logs, batches, page_size, faults, steps):
    """Whatever happens between the writer and the reader, the reader sees what was written."""
    logs = make_logs(page_size=page_size)
    logs.write("s")
    stream = LogStream(logs, "g", "s")
    seen, time = [], 1_000_000
    for batch, step in zip(batches, steps, strict=False):
        time += step
        logs.write("s", *batch, at=time)
        fault = faults.pop() if faults else None
        if fault == "expired":
            logs.generation += 1
        elif fault == "empty":
            logs.empty_pages = 2
        elif fault:
            error = ThrottledError("slow down") if fault == "throttled" else UnreachableError("no route")
            logs.faults = [None, error]
        at_end = False
        while not at_end:
            try:
                polled = stream.poll()
            except (ThrottledError, UnreachableError):
                continue
            seen += [event.message for event in polled.events]
            at_end = polled.at_end
    assert seen == [message for batch in batches for message in batch]
