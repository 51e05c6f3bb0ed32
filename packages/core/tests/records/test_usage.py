import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.records.jobs import JobRecord
from miniwdl_aws_core.records.lines import line_of
from miniwdl_aws_core.records.usage import MAX_POINTS, Source, Usage, UsagePoint, parse_usage, usage_name

GROUP = """\
begun 5121.70
ended 5242.11
processors 0-3,8
0m9.000s 0m9.000s
1m3.120s 0m2.010s
cgroup 2
cpu 65310022
peak 1073741824
held 536870912
io 259:0 rbytes=4096 wbytes=1 rios=1 wios=0 dbytes=7 dios=0
io 259:1 rbytes=4096 wbytes=1
at 60 536870912 32000000
at 120 500 64000000
"""


def test_version_2():
    usage, series = parse_usage(GROUP.encode())
    assert usage == Usage(Source.CGROUP2, 120.41, 65.310022, 1 << 30, 1 << 29, 8192, 2, 5)
    assert series.points == (UsagePoint(60.0, 1 << 29, 32.0), UsagePoint(120.0, 500, 64.0))


def test_version_1():
    io = "io 8:0 Read 4096\nio 8:0 Write 2\nio 8:0 Sync 5\nio 8:0 Total 4098\nio Total 4098\n"
    usage, series = parse_usage(f"cgroup 1\ncpu 2000000000\nat 70 1 3000000000\npeak 7\n{io}".encode())
    assert usage == Usage(Source.CGROUP1, cpu_seconds=2.0, peak_memory=7, read_bytes=4096, written_bytes=2)
    assert series.points == (UsagePoint(70.0, 1, 3.0),)


def test_a_shell_alone_knows_time_and_no_memory():
    """Whatever else the file says: there was no group that was the task's alone."""
    usage, series = parse_usage(GROUP.replace("cgroup 2\n", "").encode())
    assert usage == Usage(Source.TIMES, 120.41, 65.13, processors=5)
    assert series.points == ()


@pytest.mark.parametrize(
    "text", ["", "begun 1\nended 2\n", "cgroup 2\npeak 5\n", "0m1s 0m1s\n", "cpu 5\n", "cgroup 3\ncpu 5"]
)
def test_what_says_nothing(text):
    assert parse_usage(text.encode()) is None


def test_a_group_that_says_nothing_of_the_time():
    usage, _ = parse_usage(b"cgroup 2\n0m9s 0m9s\n0m1.5s 0m0.5s\npeak 5\ncpu lots\n")
    assert usage == Usage(Source.CGROUP2, cpu_seconds=2.0, peak_memory=5)


def test_a_clock_that_went_back():
    assert parse_usage(b"0m1s 0m0s\n0m1s 0m0s\nbegun 20.5\nended 10.25\n")[0].wall_seconds == 0.0


def test_no_more_points_than_there_may_be():
    lines = "".join(f"at {number} 1 1\n" for number in range(1000))
    assert len(parse_usage(f"cgroup 2\ncpu 1\n{lines}".encode())[1].points) == MAX_POINTS


WORDS = ["begun", "ended", "processors", "0m1s", "cgroup", "cpu", "peak", "held", "io", "at"]
NINES = "9" * 18
VALUES = ["1", "2", "-1", NINES, f"9{NINES}", "0x1", "1e9", "nan", "0m1s", "9-0", f"rbytes={NINES}", "1 2 3", "²"]
LINE = st.tuples(st.sampled_from(WORDS), st.sampled_from(VALUES) | st.text(max_size=10)).map(" ".join)


@given(st.lists(LINE, max_size=30).map("\n".join).map(lambda text: text.encode()) | st.binary())
def test_whatever_a_task_has_written_a_record_can_hold(content):
    found = parse_usage(content)
    if found is not None:
        record = JobRecord("j", "n", "", "t", 1, "SUCCEEDED", usage=found[0])
        amounts = (found[0].peak_memory, found[0].read_bytes, found[0].written_bytes, found[0].processors)
        assert line_of(record)
        assert all(amount is None or 0 <= amount < 2**63 for amount in amounts)


def test_nonsense_in_numbers():
    io = f"io 8:0 rbytes={NINES}\n" * 20
    usage, _ = parse_usage(f"cgroup 2\ncpu 1\nprocessors 9-0\n{io}".encode())
    assert usage == Usage(Source.CGROUP2, cpu_seconds=1e-6, read_bytes=2**63 - 1)


def test_names():
    assert [usage_name(1), usage_name(2)] == ["usage.txt", "usage2.txt"]
