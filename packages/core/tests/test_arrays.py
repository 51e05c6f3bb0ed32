from __future__ import annotations

import base64
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.batch.arrays import (
    MAX_CALLS,
    as_call,
    calls_order,
    child_id,
    child_ids,
    parent_of,
    read_calls,
    shared_call,
    write_calls,
)
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.tags import TaskTags

PATHS = st.text(st.sampled_from("ab-019./\né"), max_size=12)


def packed(text: str) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text.encode())).decode()


@given(st.lists(PATHS, max_size=40))
def test_paths_come_back_as_they_were(paths: list[str]) -> None:
    assert read_calls(write_calls(paths)) == paths


@given(st.text())
def test_whatever_anybody_wrote_there_can_be_read(text: str) -> None:
    assert isinstance(read_calls(text), list)
    assert isinstance(read_calls(packed(text)), list)


@pytest.mark.parametrize("width", [1, 5])
def test_a_scatter_of_any_size_fits(width: int) -> None:
    paths = [f"call-sub-3/call-align-{number:0{width}d}" for number in range(10_000)]
    mixed = random.Random(1).sample(paths, len(paths))
    assert sorted(mixed, key=calls_order) == paths
    assert len(write_calls(paths)) < MAX_CALLS / 10


@pytest.mark.parametrize(
    "text", ['[["a","0","99999999"]]', '[["a","5","4"]]', "[" * 9999, '[["a","x","y"]]', '[["a",1,2]]', "{}", "3"]
)
def test_what_is_no_list_of_paths_is_none(text: str) -> None:
    assert read_calls(packed(text)) == []


@pytest.mark.parametrize(
    "text",
    ["[" + " " * (1 << 24) + "]", f'[["{"a" * 999_999}","0","9999"]]', f'[["a","{"0" * 4000}","9999"]]'],
    ids=["blanks", "stem", "zeros"],
)
def test_a_bomb_does_not_go_off(text: str) -> None:
    assert read_calls(packed(text)) == []


def test_ids() -> None:
    parent = Job.of({"jobId": "p", "status": "PENDING", "arrayProperties": {"size": 3}})
    assert child_ids(parent) == ["p:0", "p:1", "p:2"]
    assert child_id("p", 2) == "p:2"
    assert (parent_of("p:2"), parent_of("p")) == ("p", None)
    assert child_ids(Job("j", "RUNNING")) == []


@pytest.mark.parametrize(
    ("paths", "shared"), [(["call-a-1", "call-a-12"], "call-a-1"), (["call-a", "x"], "."), (["call-a"], "call-a")]
)
def test_what_calls_share(paths: list[str], shared: str) -> None:
    assert shared_call(paths) == shared


def test_a_child_gets_the_tags_of_its_call() -> None:
    tags = TaskTags("run", "call-a-", "a", 1, "w").written()
    parent = Job("p", "PENDING", tags={**tags, "own": "x"})
    child = as_call(Job("p:1", "RUNNING", array_index=1), parent, ["call-a-0", "call-a-1"])
    assert TaskTags.read(child.tags) == TaskTags("run", "call-a-1", "a", 1, "w")
    assert child.tags["own"] == "x"
    beyond = as_call(Job("p:7", "RUNNING", array_index=7), parent, ["call-a-0"])
    assert TaskTags.read(beyond.tags) == TaskTags("run", "call-a-", "a", 1, "w")
