"""Tables as users write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.table.rows import Row, fill, read_table


def test_a_table_of_any_system() -> None:
    table = read_table("\ufeffsample\tn\r\nHG002\t 2 \r\n\r\nHG003\t\r\n")
    assert table.columns == ("sample", "n")
    assert [(row.number, dict(row.cells)) for row in table.rows] == [
        (1, {"sample": "HG002", "n": "2"}),
        (2, {"sample": "HG003", "n": ""}),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("a\tb\n", "no row below"),
        ("a,b\n1,2\n", "no tab"),
        ("a\t\n1\t2\n", "column 2 has no name"),
        ("a\ta\n1\t2\n", "two columns have the name a"),
        ("a=b\tc\n1\t2\n", "column 1: 'a=b' can't be"),
        ("a\tb\n1\t2\n1\n", "row 2 has 1 cells, and there are 2 columns"),
        ("a\n" + "1\n" * 5001, "at most 5000"),
    ],
)
def test_what_is_no_table_is_said_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(WorkflowError, match=says):
        read_table(text)


CELLS = st.text(st.characters(exclude_characters="\t\n\r\ufeff", exclude_categories=["C", "Z"]), min_size=1)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_cells_are_what_was_written(rows: list[tuple[str, str]]) -> None:
    table = read_table("\n".join(["a\tb", *("\t".join(row) for row in rows)]))
    assert [tuple(row.cells.values()) for row in table.rows] == rows


def test_cells_stand_for_their_columns() -> None:
    row = Row(1, {"sample": "HG002", "n": ""})
    assert fill("s3://b/~{sample}/~{ sample }/", row) == "s3://b/HG002/HG002/"
    with pytest.raises(WorkflowError, match="no column 'sampel'") as error:
        fill("s3://b/~{sampel}/", row)
    assert error.value.hint == "did you mean sample?"
    with pytest.raises(WorkflowError, match="column n is empty"):
        fill("~{n}", row)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_an_array_is_a_list_in_a_cell(items: list[str]) -> None:
    row = Row(1, {"reads": json.dumps(items), "one": "[a"})
    assert row.words(["reads", "one"], ["reads"]) == [*(f"reads={item}" for item in items), "one=[a"]


@pytest.mark.parametrize("text", ["[", "[]", "[[1]]", "[null]", "[" * 100_000])
def test_a_list_that_is_none_names_its_column(text: str) -> None:
    with pytest.raises(WorkflowError, match="column reads: "):
        Row(1, {"reads": text}).words(["reads"], ["reads"])
