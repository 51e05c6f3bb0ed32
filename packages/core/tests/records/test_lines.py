import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord, Market
from miniwdl_aws_core.records.jobs import BATCH_JOBS, Followed, JobRecord
from miniwdl_aws_core.records.lines import MAX_FILE, MAX_LINE, MAX_TEXT, append, line_of, read, read_file
from miniwdl_aws_core.records.usage import Source, Usage

TRY = JobRecord("j-1", "sort", "call-sort", "sort", 1, "SUCCEEDED")
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
TEXT = st.text(max_size=MAX_TEXT)
USAGE = st.builds(
    Usage,
    source=st.sampled_from(Source),
    cpu_seconds=st.none() | st.floats(0, 1e15),
    peak_memory=st.none() | WHOLE,
)
JOB = st.builds(
    JobRecord,
    job_id=TEXT,
    job_name=TEXT,
    call_path=TEXT,
    task_name=TEXT,
    try_number=WHOLE,
    status=TEXT,
    followed=st.none() | st.sampled_from(Followed),
    queue=TEXT,
    reason=TEXT,
    exit_code=st.none() | WHOLE,
    vcpus=st.none() | st.floats(0, 1e15),
    usage=st.none() | USAGE,
)


def found(*lines, kind=JobRecord):
    return read(kind, io.BytesIO(b"".join(lines)))


@given(st.lists(JOB, max_size=3))
def test_what_is_written_is_read(records):
    lines = [line_of(record) + b"\n" for record in records]
    assert all(len(line) <= MAX_LINE and line.count(b"\n") == 1 for line in lines)
    assert found(*lines) == found(*lines[:-1], *(line[:-1] for line in lines[-1:]))
    assert found(*lines).records == tuple(records)
    assert found(*lines).skipped == 0


@given(st.binary() | st.text().map(str.encode), st.booleans())
def test_nothing_in_a_file_is_an_error(content, below):
    result = found(line_of(TRY), b"\n" if below else b"", content)
    if below:
        assert result.records[:1] == (TRY,)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda item: st.lists(item, max_size=2) | st.dictionaries(st.text(max_size=3), item, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(["job_id", "try_number", "followed", "vcpus", "memory_mib", "usage", "version"]), JSON)
def test_a_field_has_a_value_of_its_kind_or_the_line_is_skipped(name, value):
    result = found(json.dumps({**json.loads(line_of(TRY)), name: value}).encode())
    assert len(result.records) + result.skipped == 1
    for record in result.records:
        assert type(record.job_id) is str
        assert type(record.try_number) is int
        assert record.followed is None or type(record.followed) is Followed
        assert record.vcpus is None or type(record.vcpus) is float
        assert record.memory_mib is None or type(record.memory_mib) is int
        assert record.usage is None or type(record.usage) is Usage
        assert record.version == 1


def changed(**fields):
    return json.dumps({**json.loads(line_of(TRY)), **fields}).encode() + b"\n"


def test_fields_of_a_later_release_are_left_out():
    assert found(changed(colour="blue", usage={"source": "times", "colour": "blue"})).records == (
        replace(TRY, usage=Usage(Source.TIMES)),
    )


@pytest.mark.parametrize(
    "line",
    [
        changed(version=2),
        changed(version=0),
        changed(version=True),
        changed(followed="elsewhere"),
        changed(try_number=1.5),
        changed(try_number=True),
        changed(memory_mib=2**63),
        changed(vcpus=float("inf")),
        changed(vcpus=10**400),
        changed(usage={}),
        b'{"job_id": "j-1"}\n',
        b"[]\n",
        b"[" * 100_000 + b"\n",
        line_of(TRY)[:-3] + b"\n",
        b"x" * MAX_LINE + line_of(TRY) + b"\n",
    ],
)
def test_what_is_no_record_is_skipped_and_counted(line):
    result = found(line_of(TRY) + b"\n", line, b"\n", line_of(TRY) + b"\n")
    assert result.records == (TRY, TRY)
    assert result.skipped == 1


def test_texts_are_cut_and_fit_into_any_file():
    result = found(line_of(replace(TRY, reason="x" * 5000, task_name="a\udc80b")) + b"\n", changed(reason="y" * 5000))
    assert [record.reason for record in result.records] == ["x" * MAX_TEXT, "y" * MAX_TEXT]
    assert result.records[0].task_name == "a?b"


def test_no_more_is_read_than_a_file_may_have():
    line = b" " * 100_000 + line_of(TRY) + b"\n"
    file = io.BytesIO(line * (MAX_FILE // len(line) + 10))
    result = read(JobRecord, file)
    assert len(result.records) == MAX_FILE // len(line) + 1
    assert result.skipped == 1
    assert file.tell() <= MAX_FILE + MAX_LINE


def test_a_cut_line_takes_no_other_one_along(tmp_path):
    append(tmp_path, BATCH_JOBS, TRY)
    with (tmp_path / BATCH_JOBS).open("ab") as file:
        file.write(line_of(TRY)[:20])
    append(tmp_path, BATCH_JOBS, replace(TRY, try_number=2))
    result = read_file(JobRecord, tmp_path, BATCH_JOBS)
    assert [record.try_number for record in result.records] == [1, 2]
    assert result.skipped == 1


def test_planted_links_are_neither_read_nor_written_through(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(line_of(TRY) + b"\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / BATCH_HOSTS).symlink_to(secret)
    with pytest.raises(OSError):
        append(tmp_path / "run", BATCH_HOSTS, HostRecord("arn", "i-1", market=Market.SPOT))
    with pytest.raises(OSError):
        read_file(JobRecord, tmp_path / "run", BATCH_HOSTS)
    assert secret.read_bytes() == line_of(TRY) + b"\n"


def test_hosts(tmp_path):
    host = HostRecord("arn", "i-1", "m5.large", "eu-central-1a", Market.SPOT, 2, 7953, 1_700_000_000_000)
    append(tmp_path, BATCH_HOSTS, host)
    assert read_file(HostRecord, tmp_path, BATCH_HOSTS).records == (host,)
    assert json.loads((tmp_path / BATCH_HOSTS).read_text())["market"] == "spot"
