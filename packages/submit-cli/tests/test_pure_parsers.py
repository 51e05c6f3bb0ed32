"""Whatever a user writes is read as the rules say, or refused by an error that says how to write it."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.options.resolve import LARGEST_HOST, Resolved, parse_tags, read_cpu, read_memory
from miniwdl_aws_submit_cli.runs.names import given_name, submission_token, unique_name
from miniwdl_aws_submit_cli.runs.runs import find_run
from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.table.rows import Row, fill, named_columns, read_table

T = TypeVar("T")

ODD = st.one_of(st.text(), st.text("ab=:\t\n\r\x1b\u202e~{}[]-0123456789.\u0663eE\u00df "))
TAG_TEXT = st.text(st.characters(categories=["L", "N"], include_characters="+-=.:/@_ "), max_size=128)
CELLS = st.text(st.characters(exclude_characters="\t\n\r\ufeff", exclude_categories=["C"])).map(str.strip)
COLUMNS = st.text("abcdef_.", min_size=1)


def is_key(text: str) -> bool:
    return bool(text) and "=" not in text and not text.lower().startswith("aws:")


def read(parse: Callable[[], T]) -> T | None:
    """What is read; ``None`` when it was refused as what a user can correct."""
    try:
        return parse()
    except ConfigurationError:
        return None


@given(st.lists(ODD, max_size=3))
def test_tags(pairs: list[str]) -> None:
    tags = read(lambda: parse_tags(pairs))
    if tags is not None:
        assert {f"{key}={value}" for key, value in tags.items()} == set(pairs)
        assert all(1 <= len(key) <= 128 and len(value) <= 256 for key, value in tags.items())


@given(st.dictionaries(TAG_TEXT.filter(is_key), TAG_TEXT))
def test_tags_that_aws_takes(tags: dict[str, str]) -> None:
    assert parse_tags([f"{key}={value}" for key, value in tags.items()]) == tags


@given(ODD)
def test_names_of_jobs(name: str) -> None:
    token = submission_token()
    made = unique_name(name, token)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", made)
    assert made.endswith(f"-{token}")
    assert given_name(made) == made.removesuffix(f"-{token}")


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", fullmatch=True))
def test_names_that_need_no_change(name: str) -> None:
    assert given_name(unique_name(name, submission_token())) == name


@given(ODD)
def test_sizes(text: str) -> None:
    cpu = read(lambda: read_cpu(Resolved(text, "--cpu")))
    mib = read(lambda: read_memory(Resolved(text, "--memory-GiB")))
    assert cpu is None or cpu >= 1
    assert mib is None or 1 <= mib <= LARGEST_HOST * 1024


@given(st.lists(st.lists(ODD, max_size=4).map("\t".join), max_size=4).map("\n".join))
def test_tables(text: str) -> None:
    table = read(lambda: read_table(text))
    if table is not None:
        assert table.rows
        assert all(tuple(row.cells) == table.columns for row in table.rows)
        assert [row.number for row in table.rows] == list(range(1, len(table.rows) + 1))


@given(st.lists(COLUMNS, min_size=2, max_size=4, unique=True), st.data())
def test_tables_as_they_are_written(columns: list[str], data: Any) -> None:
    cells = st.tuples(CELLS.filter(bool), *[CELLS] * (len(columns) - 1))  # a line that is empty is no row
    rows = data.draw(st.lists(cells, min_size=1, max_size=4))
    text = "\n".join("\t".join(line) for line in [columns, *rows])
    assert [row.cells for row in read_table(text).rows] == [dict(zip(columns, row, strict=True)) for row in rows]


@given(ODD, st.dictionaries(COLUMNS, CELLS))
def test_cells_in_other_texts(text: str, cells: dict[str, str]) -> None:
    filled = read(lambda: fill(text, Row(1, cells)))
    if filled is not None:
        assert named_columns([text]) <= set(cells)
    if not named_columns([text]):
        assert filled == text


@given(ODD)
def test_variables_for_tasks(item: str) -> None:
    found = read(lambda: read_arguments(["hello.wdl", f"--env={item}"], (), "/mnt/fsx", {"ab": "here"}))
    if found is not None:
        (variable,) = found.namespace.env
        name, equals, value = variable.partition("=")
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
        assert (variable == item) or (item == name == "ab" and value == "here")
        assert found.task_env == ({name: value} if equals else {})


class OneRun:
    """A queue with one run."""

    region = "us-east-1"
    job = Job("0123abcd-0000-4000-8000-000000000000", "SUCCEEDED", "trial-0123456789", created_at=1)

    def list_jobs(self, _queue: str, **_options: object) -> list[Job]:
        return [self.job]

    def describe(self, ids: list[str]) -> dict[str, Job]:
        return {self.job.job_id: self.job} if self.job.job_id in ids else {}


@given(st.one_of(ODD, st.text("0123abcd-", max_size=40), st.sampled_from(["trial", "tria", "last", OneRun.job.job_id])))
def test_what_a_run_is_called(word: str) -> None:
    batch: Any = OneRun()
    found = read(lambda: find_run(batch, word, "workflow"))
    meant = bool(word) and (OneRun.job.job_id.startswith(word) or word in ("last", "trial"))
    assert (found is not None) is meant


@given(st.dictionaries(COLUMNS, CELLS.filter(bool), min_size=1))
def test_cells_where_they_are_named(cells: dict[str, str]) -> None:
    text = "/".join(f"~{{ {name} }}" for name in cells)
    assert fill(text, Row(1, cells)) == "/".join(cells.values())
