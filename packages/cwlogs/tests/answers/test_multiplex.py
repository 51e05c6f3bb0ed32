"""Several readers in threads of their own share one follower."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_cwlogs.answers.multiplex import WAITING, Multiplexer
from miniwdl_aws_cwlogs.asking.turns import Followed
from miniwdl_aws_cwlogs.errors import LogAccessError
from miniwdl_aws_cwlogs.follower import Follower, Pace
from miniwdl_aws_cwlogs.stream import LogStream

END = "[end]"
PATIENCE = 30
AT_ONCE = Pace(active=0.001, idle=0.001)


@pytest.fixture
def made():
    """Followers that were made."""
    return []


@pytest.fixture
def follow(logs, made):
    """Follows a stream until its end marker."""

    def make():
        made.append(Follower(SelfTuningRate(1e6), pace=AT_ONCE))
        return made[-1]

    together = Multiplexer(make)

    def follow(name):
        stream = LogStream(logs, "g", name)
        return together.follow(lambda reader: Followed(stream, lambda: False, END, None, reader))

    return follow


def messages(events):
    return [event.message for event in events]


def test_each_reader_gets_its_own_stream_in_order(logs, follow, made):
    written = {f"s{n}": [f"s{n} {line}" for line in range(200)] for n in range(20)}
    for name, lines in written.items():
        logs.write(name, *lines, END)
    begun = threading.Barrier(len(written))

    def read(name):
        begun.wait(PATIENCE)
        return messages(follow(name))

    with ThreadPoolExecutor(len(written)) as pool:
        found = dict(zip(written, pool.map(read, written, timeout=PATIENCE), strict=True))
    assert found == written
    assert len(made) < len(written), "they share requests"


def test_who_comes_later_is_served_along(logs, follow, made):
    logs.write("first", "a")
    first = follow("first")
    assert next(first).message == "a"
    logs.write("second", "b", END)
    assert messages(follow("second")) == ["b"]
    logs.write("first", "c", END)
    assert messages(first) == ["c"]
    assert len(made) == 1


def test_a_reader_that_leaves_does_not_end_the_others(logs, follow):
    logs.page_size = 1
    many = [str(number) for number in range(100)]
    logs.write("left", "a")
    logs.write("kept", *many)
    left, kept = follow("left"), follow("kept")
    assert (next(left).message, next(kept).message) == ("a", "0")
    left.close()
    asked = logs.requests["left"]
    logs.write("kept", END)
    assert messages(kept) == many[1:]
    assert logs.requests["left"] <= asked + 5, "nobody asks for what nobody reads"


def test_a_slow_reader_holds_up_nobody_and_misses_nothing(logs, follow):
    logs.page_size = 1
    many = [str(number) for number in range(10 * WAITING)]
    logs.write("slow", *many, END)
    slow = follow("slow")
    assert next(slow).message == "0"
    logs.write("quick", *many, END)
    assert messages(follow("quick")) == many
    assert logs.requests["slow"] <= 2 * WAITING, "it is not asked for while so much waits for its reader"
    assert messages(slow) == many[1:]


def test_all_who_read_learn_what_is_wrong_and_a_later_one_may_have_luck(logs, follow, made):
    logs.write("s", "a")
    logs.write("t", "b")
    readers = [follow("s"), follow("t")]
    assert [next(reader).message for reader in readers] == ["a", "b"]
    logs.faults = [LogAccessError("the credentials have expired")]
    for reader in readers:
        with pytest.raises(LogAccessError, match="expired"):
            next(reader)
    logs.write("u", "c", END)
    assert messages(follow("u")) == ["c"]
    assert len(made) == 2


def test_a_thread_that_can_not_be_started_is_tried_again(logs, follow, monkeypatch):
    def no_thread(_thread):
        raise RuntimeError("can't start new thread")

    logs.write("s", "a", END)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            next(follow("s"))
    found = []
    reader = threading.Thread(target=lambda: found.extend(messages(follow("s"))), daemon=True)
    reader.start()
    reader.join(PATIENCE)
    assert found == ["a"]
