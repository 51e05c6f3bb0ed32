from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.batch.limits import MAX_TAG_VALUE, MAX_TAGS
from miniwdl_aws_core.batch.run_end import RunEnd, without_end
from miniwdl_aws_core.batch.tags import check_tags

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=160)


@given(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT, TEXT))
def test_what_is_written_is_read_back_and_taken_by_aws(told: tuple[str, str, str, str, str, str]) -> None:
    end = RunEnd(*told)
    tags = end.written()
    assert check_tags(tags, "the job") == tags  # AWS takes each value as it is
    assert all(0 < len(value) <= MAX_TAG_VALUE and value == value.strip() for value in tags.values())
    if all(len(text.encode()) <= 333 for text in told):
        assert RunEnd.read(tags) == end


@given(st.dictionaries(st.sampled_from(sorted(RunEnd(*["x" * 999] * 6).written())), TEXT))
def test_whatever_the_tags_say_can_be_read(tags: dict[str, str]) -> None:
    RunEnd.read(tags)


def test_a_sentence_is_readable_among_the_tags() -> None:
    assert RunEnd("call sort: no file s.bam (line 7)").written() == {
        "miniwdl-why": "call sort: no file s.bam =28line 7=29"
    }


@pytest.mark.parametrize("text", ["word " * 190, "é" * 160, "a" * 249 + " b", "a" * 250 + " b", "(" * 320])
def test_a_long_text_goes_on_in_further_tags(text: str) -> None:
    tags = RunEnd(text).written()
    assert 2 <= len(tags) <= 4
    assert all(value == value.strip() for value in tags.values())
    assert RunEnd.read(tags).why == text


def test_a_sentence_that_is_too_long_loses_its_end_and_a_place_is_left_out() -> None:
    long = "(" * 2000
    tags = RunEnd(long, long, long, long).written()
    end = RunEnd.read(tags)
    assert long.startswith(end.why)
    assert len(end.why) > 300
    assert (end.run_dir, end.results) == ("", "")
    assert len(tags) < MAX_TAGS / 2


def test_what_an_earlier_attempt_left_over_is_not_read() -> None:
    tags = {**RunEnd("x" * 600).written(), **RunEnd("short").written()}
    assert RunEnd.read(tags).why == "short"


def test_another_job_of_the_same_kind_gets_the_other_tags_alone() -> None:
    end = RunEnd("w" * 700, "hint", "/mnt/fsx/run", "s3://b/out/", "costs little", "s3://b/out/")
    assert without_end({**end.written(), "miniwdl-user": "me", "miniwdl-whys": "x"}) == {
        "miniwdl-user": "me",
        "miniwdl-whys": "x",
    }
    assert replace(end, why="").written()
