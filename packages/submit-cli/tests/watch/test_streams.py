import threading
from collections.abc import Callable, Iterator

import pytest

from miniwdl_aws_hooks import FollowRequest, LogEvent, MiniwdlAwsError
from miniwdl_aws_submit_cli.watch.streams import AHEAD, Merged, Shown, read_in_turn


def shown(name: str) -> Shown:
    return Shown(name, FollowRequest("group", name, lambda: True))


def events(*counts: int) -> Callable[[FollowRequest], Iterator[LogEvent]]:
    """Stream n has counts[n] events."""

    def follow(request: FollowRequest) -> Iterator[LogEvent]:
        for number in range(counts[int(request.stream)]):
            yield LogEvent(number, f"{request.stream}-{number}", request.stream)

    return follow


def failing(_request: FollowRequest) -> Iterator[LogEvent]:
    yield LogEvent(0, "first", "0")
    raise MiniwdlAwsError("no access")


def test_streams_in_turn_keep_their_order_and_lose_nothing() -> None:
    counts = [2500, 0, 3, *[1] * (2 * AHEAD)]
    found = [event.message for _label, event in read_in_turn(map(shown, map(str, range(len(counts)))), events(*counts))]
    assert found == [f"{stream}-{number}" for stream, count in enumerate(counts) for number in range(count)]


def test_a_plugin_that_exits_leaves_nobody_waiting() -> None:
    def exiting(_request: FollowRequest) -> Iterator[LogEvent]:
        raise SystemExit(3)

    found: list[object] = []

    def read() -> None:
        try:
            list(read_in_turn([shown("0")], exiting))
        except SystemExit as exc:
            found.append(exc.code)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(10)
    assert found == [3]


def test_an_error_of_a_stream_is_raised() -> None:
    for read in (
        lambda: list(read_in_turn([shown("0")], failing)),
        lambda: list(merged(failing, ["0"]).events(lambda: True, 1)),
    ):
        with pytest.raises(MiniwdlAwsError, match="no access"):
            read()


def merged(follow: Callable[[FollowRequest], Iterator[LogEvent]], names: list[str]) -> Merged:
    found = Merged(follow)
    found.add(map(shown, names))
    return found


def test_merged_streams_end_when_all_have_and_no_more_come() -> None:
    found = merged(events(1, 2, 3), ["0"])
    looks: list[int] = []

    def discover() -> bool:
        looks.append(1)
        found.add([shown("0"), shown(str(min(len(looks), 2)))])
        return len(looks) == 3

    got = [(label, event.message) for label, event in found.events(discover, 0.01)]
    assert sorted(got) == [("0", "0-0"), ("1", "1-0"), ("1", "1-1"), ("2", "2-0"), ("2", "2-1"), ("2", "2-2")]
    for label in "012":
        assert [message for at, message in got if at == label] == sorted(message for at, message in got if at == label)


def test_a_busy_stream_does_not_keep_others_from_being_found() -> None:
    stop = threading.Event()

    def follow(request: FollowRequest) -> Iterator[LogEvent]:
        while not stop.is_set():
            yield LogEvent(0, "busy", request.stream)

    found = merged(follow, ["0"])
    looks: list[int] = []

    def discover() -> bool:
        looks.append(1)
        if len(looks) == 5:
            stop.set()
        return len(looks) >= 5

    assert all(event.message == "busy" for _label, event in found.events(discover, 0.001))
    assert len(looks) == 5
