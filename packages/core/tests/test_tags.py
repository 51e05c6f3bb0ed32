from __future__ import annotations

import pytest

from miniwdl_aws_core.batch.limits import LimitError
from miniwdl_aws_core.batch.tags import RowTags, RunTags, TaskTags, call_path, check_chosen, check_tags


@pytest.mark.parametrize("key", ["", "k" * 129, "aws:mine", "AWS:mine", "a;b"])
def test_wrong_tags(key: str) -> None:
    with pytest.raises(LimitError, match=r"task t: .* is not a name for a tag"):
        check_tags({key: "v"}, "task t")


def test_too_many_tags() -> None:
    with pytest.raises(LimitError, match="task t has 51 tags, and AWS Batch allows 50"):
        check_tags({str(number): "" for number in range(51)}, "task t")


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"miniwdl-call": "x"}, "--tag: the tag miniwdl-call says"),
        ({str(number): "" for number in range(46)}, "--tag: 46 tags are too many"),
    ],
)
def test_tags_that_a_user_cannot_have(tags: dict[str, str], message: str) -> None:
    check_chosen({str(number): "" for number in range(45)}, "--tag")
    with pytest.raises(LimitError, match=message):
        check_chosen(tags, "--tag")


def test_values_are_made_to_fit() -> None:
    assert check_tags({"k": "a;b" + "x" * 300}, "task t") == {"k": "a_b" + "x" * 253}


@pytest.mark.parametrize("call", ["", "call-align", "call-sub-1/call-sort-3-NA12878"])
@pytest.mark.parametrize("parent", [None, "w"])
def test_what_is_written_is_read_back(call: str, parent: str | None) -> None:
    tags = TaskTags("2026_top", call, "sort", 2, parent)
    written = tags.written()
    assert all(written.values())
    assert check_tags(written, "task sort") == written
    assert TaskTags.read(written) == tags


@pytest.mark.parametrize("parent", [None, "w"])
def test_what_is_written_of_a_definition_is_read_back(parent: str | None) -> None:
    tags = RunTags("2026_top", parent)
    assert RunTags.read(tags.written()) == tags
    assert RunTags.read({"team": "a", "AWS_BATCH_PARENT_JOB_ID": "w"}) is None
    odd = RunTags("a;b" + "c" * 300).written()
    assert check_tags(odd, "a definition") == odd


def test_tags_of_a_definition_do_not_add_to_the_number_of_those_of_its_jobs() -> None:
    assert RunTags("r", "w").written().keys() <= TaskTags("r", "call-a", "a", 1, "w").written().keys()


def test_jobs_of_others_have_none() -> None:
    assert TaskTags.read({"AWS_BATCH_PARENT_JOB_ID": "w", "miniwdl-task": "t"}) is None
    assert TaskTags.read({"miniwdl-call": "call-a", "miniwdl-try": "x"}) == TaskTags("", "call-a", "", 1)


def test_paths_are_kept_as_they_are_where_they_fit() -> None:
    assert call_path("call-sub-1/call-sort") == "call-sub-1/call-sort"
    assert call_path("call-a;b") == "call-a_b"
    assert call_path("") == ""


def test_of_a_long_path_the_end_is_kept_and_no_two_are_alike() -> None:
    paths = [f"call-sub-{n}/" + "/".join(f"call-inner-{i}" for i in range(30)) + "/call-sort" for n in range(2)]
    one, other = map(call_path, paths)
    assert one != other
    assert len(one) <= 256
    assert one.endswith("/call-inner-29/call-sort")
    assert one.startswith("call-")
    assert len({call_path("x" * 400), call_path("x" * 401)}) == 2


def test_the_row_of_a_table_is_read_back() -> None:
    tags = RowTags("samples-1f0a", 7, "0123")
    assert RowTags.read({"Group": "x", **tags.written()}) == tags
    assert RowTags.read({"Group": "x"}) is None
    assert RowTags.read({**tags.written(), "miniwdl-batch-row": "x"}) == RowTags("samples-1f0a", 0, "0123")
