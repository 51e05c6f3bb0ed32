"""What AWS allows in a log, over HTTP and by both ways of reading: nothing of it is lost, doubled or changed."""

import pytest

from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_cwlogs.follower import FixedStreams, Followed, Follower, Pace
from miniwdl_aws_cwlogs.log_source import LogSource
from miniwdl_aws_cwlogs.stream import LogStream

MESSAGES = {
    "a megabyte": "x" * 1_048_576,
    "a stack trace": 'Traceback (most recent call last):\n  File "a.py", line 1\n\n\tx()\nValueError: 1\n',
    "what was no UTF-8": "r\ufffd\ufffdads \ud800 of \U0001f9ec",
    "colours": "\x1b[1;31mERROR\x1b[0m \x1b]0;title\x07 10%\r20%\r\n",
    "control characters": "\x00\x07\x7f\x85\u2028",
    "nothing": "",
}


@pytest.fixture(params=["one by one", "all at once"])
def read(request, aws, logs, clock):
    """Reads streams over HTTP."""
    at_once = request.param == "all at once"

    def read(*names):
        follower = Follower(
            SelfTuningRate(5, clock=clock, sleep=clock.sleep), pace=Pace(crowded=0 if at_once else 1000), clock=clock,
            sleep=clock.sleep,
        )  # fmt: skip
        source = LogSource.connect()
        streams = [Followed(LogStream(source, "g", name), lambda: True, grace=0.0) for name in names]
        found = {name: [] for name in names}
        for event in follower.events(FixedStreams(streams)):
            found[event.stream].append(event.message)
        assert (logs.requests["*"] > 0) is at_once
        return found

    return read


def test_a_message_comes_as_it_is(logs, read):
    for name, message in MESSAGES.items():
        logs.write(name, "before", message, message, "after", at=1_700_000_000_000)
    assert read(*MESSAGES) == {name: ["before", message, message, "after"] for name, message in MESSAGES.items()}


def test_full_pages_of_ten_thousand_events(logs, read):
    assert logs.page_size == 10_000, "what AWS gives at most"
    written = {name: [f"{name} {number}" for number in range(25_000)] for name in ("s", "t")}
    for number in range(25_000):
        for name in written:
            logs.write(name, written[name][number], at=1_700_000_000_000 + number)
    assert read("s", "t") == written
