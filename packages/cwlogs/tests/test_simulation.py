"""The follower against a simulated log service: whatever happens, every line once, in order within its stream."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_cwlogs.errors import LogAccessError, StreamMissingError, ThrottledError, UnreachableError
from miniwdl_aws_cwlogs.follower import Followed, Follower
from miniwdl_aws_cwlogs.stream import OVERLAP_MS, LogStream
from miniwdl_aws_hooks import LogEvent

END = "[end]"
START = 1_700_000_000.0
ERRORS = {
    "throttled": ThrottledError("slow down"),
    "unreachable": UnreachableError("no route"),
    "missing": StreamMissingError("the specified log stream does not exist"),
}


@dataclass
class Script:
    """What the writer of one stream does."""

    name: str
    appears: float
    """Seconds after the start when the stream begins to exist."""
    known: float
    """The same when the follower learns of it."""
    skew: int
    """Milliseconds by which the writer's clock is wrong."""
    lines: list[tuple[float, int, str]]
    """Seconds after the one before, milliseconds by which it is late, text."""
    marked: bool
    written: list[LogEvent] = field(default_factory=list)

    def arrivals(self):
        """When each event arrives."""
        now = self.appears
        for pause, late, text in self.lines:
            now += pause
            yield now, LogEvent(int((START + now) * 1000) + self.skew - late, text, self.name)
        if self.marked:
            yield now, LogEvent(int((START + now) * 1000) + self.skew, END, self.name)

    @property
    def ends(self):
        return self.appears + sum(pause for pause, *_ in self.lines)

    @property
    def in_order(self):
        return not any(late for _pause, late, _text in self.lines)


@st.composite
def scripts(draw, name, late):
    lines = st.tuples(
        st.sampled_from([0.0, 0.0, 0.001, 0.3, 1.0, 7.0, 40.0, 100.0]),
        st.sampled_from([0, 0, 0, 1, 900, OVERLAP_MS - 1] if late else [0]),
        st.sampled_from(["a", "a", "b", "c"]),
    )
    return Script(
        name,
        draw(st.sampled_from([0.0, 0.0, 5.0, 60.0])),
        draw(st.sampled_from([0.0, 0.0, 30.0])),
        draw(st.sampled_from([0, 0, 300_000, -300_000, 59_500, -61_000])),
        draw(st.lists(lines, max_size=25)),
        # What arrives late may come after the marker.
        not late and draw(st.booleans()),
    )


class World:
    """Writers, log service and follower on one clock."""

    def __init__(self, clock, logs, scripts, rate):
        self.clock, self.logs, self.scripts = clock, logs, scripts
        clock.now = START
        logs.clock = clock
        self.budget = SelfTuningRate(rate, clock=clock, sleep=clock.sleep)
        self.follower = Follower(self.budget, clock=clock, sleep=clock.sleep)
        self.pending = sorted(
            ((at, order, event) for order, script in enumerate(scripts) for at, event in script.arrivals()),
            key=lambda item: item[0],
        )
        self.unknown = list(scripts)
        self.seen = {script.name: [] for script in scripts}
        self.showed_at = []
        clock.on_sleep.append(self.advance)
        self.advance(START)

    def advance(self, now):
        """Let arrive what is due."""
        for script in self.scripts:
            if START + script.appears <= now:
                self.logs.write(script.name)
        while self.pending and START + self.pending[0][0] <= now:
            _at, order, event = self.pending.pop(0)
            self.logs.write(event.stream, event.message, at=event.timestamp)
            if event.message != END:
                self.scripts[order].written.append(event)

    def new(self):
        found = [it for it in self.unknown if START + it.known <= self.clock()]
        self.unknown = [it for it in self.unknown if it not in found]
        return [
            Followed(
                LogStream(self.logs, "g", it.name),
                job_ended=lambda it=it: self.clock() > START + it.ends,
                end_marker=END if it.marked else None,
            )
            for it in found
        ]

    def complete(self):
        return not self.unknown

    def run(self):
        for delivery in self.follower.deliveries(self):
            self.seen[delivery.followed.stream.name] += delivery.events
            self.showed_at += [(self.clock(), event) for event in delivery.events]

    def check(self):
        for script in self.scripts:
            seen = self.seen[script.name]
            assert Counter(seen) == Counter(script.written)
            if script.in_order:
                assert seen == script.written


SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@SLOW
@given(
    data=st.data(),
    streams=st.integers(1, 8),
    late=st.booleans(),
    rate=st.sampled_from([1, 5]),
    page_size=st.sampled_from([1, 3, 7, 10_000]),
    by_time=st.booleans(),
    faults=st.lists(st.sampled_from([None, None, "throttled", "unreachable"]), max_size=30),
    lane_faults=st.lists(st.sampled_from([None, None, "throttled", "unreachable", "missing"]), max_size=10),
    disturbances=st.dictionaries(st.integers(0, 60), st.sampled_from(["expired", "empty"]), max_size=6),
)
def test_every_line_once(make_world, data, streams, late, rate, page_size, by_time, faults, lane_faults, disturbances):
    written = [data.draw(scripts(f"s{number}", late)) for number in range(streams)]
    world = make_world(written, rate)
    logs = world.logs
    # A round's first page must reach beyond the overlap, or each round would be as far as the one before.
    logs.page_size, logs.tokens_by_time = page_size, by_time
    logs.faults = [ERRORS.get(fault) for fault in faults]
    logs.lane_faults = [ERRORS.get(fault) for fault in lane_faults]

    def disturb(now):
        what = disturbances.pop(int(now - START), None)
        if what == "expired":
            logs.generation += 1
        elif what == "empty":
            logs.empty_pages = 3

    world.clock.on_sleep.append(disturb)
    world.run()
    world.check()


@pytest.fixture(scope="session")
def make_world(make_clock, make_logs):
    return lambda scripts, rate: World(make_clock(), make_logs(), scripts, rate)


def steady(name, *, seconds, per_second=10, appears=0.0, known=0.0, skew=0):
    """Writes at an even pace, all lines of a second at once as the awslogs driver does."""
    lines = [(1.0 if n % per_second == 0 else 0.0, 0, f"{n}") for n in range(seconds * per_second)]
    return Script(name, appears, known, skew, lines, marked=True)


def lags(world):
    """How long each line took, by the time that its event arrived."""
    return sorted(at - START - (event.timestamp / 1000 - START) for at, event in world.showed_at)


def test_fifty_busy_streams_within_the_budget(make_world):
    world = make_world([steady(f"s{n}", seconds=60, skew=0) for n in range(50)], 5)
    world.run()
    world.check()
    found = lags(world)
    assert found[len(found) // 2] < 1
    assert found[int(len(found) * 0.99)] < 3
    assert sum(world.logs.requests.values()) <= 5 * (world.clock() - START) + 5


def test_five_hundred_streams(make_world):
    world = make_world([steady(f"s{n}", seconds=20, per_second=2, appears=n / 25, known=n / 25) for n in range(500)], 5)
    world.run()
    world.check()
    assert lags(world)[int(500 * 40 * 0.9)] < 5
    assert all(len(names) <= 100 for names, *_rest in world.logs.asked)


def test_few_streams_do_without_the_lane(make_world):
    world = make_world([steady(f"s{n}", seconds=10) for n in range(5)], 5)
    world.run()
    world.check()
    assert world.logs.requests["*"] == 0
    assert lags(world)[-1] < 2


def test_memory_is_bounded(make_world):
    """What was shown long ago is forgotten."""
    world = make_world([steady(f"s{n}", seconds=600, per_second=5) for n in range(10)], 5)
    most = 0
    for delivery in world.follower.deliveries(world):
        world.seen[delivery.followed.stream.name] += delivery.events
        most = max(most, delivery.followed.stream.remembered)
    world.check()
    # Two rounds and the overlap, of 3,000 lines.
    assert 5 * 10 < most < 5 * 120


def test_a_backlog_does_not_fill_the_memory(make_world):
    lines = [(0.0 if n else 1.0, 0, str(n)) for n in range(100_000)]
    world = make_world([Script("s", 0.0, 0.0, 0, lines, marked=True)], 5)
    for at, event in enumerate(list(world.pending)):
        world.pending[at] = (event[0], event[1], LogEvent(event[2].timestamp + at * 10, event[2].message, "s"))
    most = 0
    for delivery in world.follower.deliveries(world):
        world.seen["s"] += delivery.events
        most = max(most, delivery.followed.stream.remembered)
    world.check()
    assert most < 45_000


def test_without_the_permission_the_lane_stays_closed(make_world, caplog):
    world = make_world([steady(f"s{n}", seconds=30, per_second=1) for n in range(20)], 5)
    world.logs.lane_faults = [LogAccessError("can't read 20 log streams", hint="allow FilterLogEvents")]
    world.run()
    world.check()
    assert world.logs.requests["*"] == 1
    (note,) = caplog.messages
    assert note == (
        "log lines of 20 streams may take up to 4 seconds to appear: can't read 20 log streams (allow FilterLogEvents)"
    )


def test_a_stream_that_does_not_exist_yet_does_not_hold_up_the_others(make_world):
    late = [steady(f"late{n}", seconds=5, appears=40.0) for n in range(3)]
    world = make_world([steady(f"s{n}", seconds=60) for n in range(20)] + late, 5)
    world.run()
    world.check()
    assert lags(world)[int(len(world.showed_at) * 0.95)] < 3


def test_throttling_halves_the_rate_of_both(make_world):
    world = make_world([steady(f"s{n}", seconds=60) for n in range(20)], 5)
    world.logs.lane_faults = [None, None, ThrottledError("slow down"), ThrottledError("slow down")]
    rates = []
    world.clock.on_sleep.append(lambda _now: rates.append(world.budget.rate))
    world.run()
    world.check()
    assert min(rates) < 2
    assert rates[-1] == 5


def test_a_silent_stream_is_not_read_from_its_beginning_again(make_world):
    old = [steady(f"old{n}", seconds=2) for n in range(10)]
    for script in old:
        script.lines.append((1800.0, 0, "at last"))
    world = make_world([*old, steady("busy", seconds=1900, per_second=1)], 5)
    world.run()
    world.check()
    starts = [start for names, start, _token in world.logs.asked if "old0" in names]
    assert max(starts) > (START + 800) * 1000, "the window follows"
