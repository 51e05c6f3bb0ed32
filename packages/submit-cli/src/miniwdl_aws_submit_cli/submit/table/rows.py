"""
A table of runs, as a user writes it: tab-separated, columns are inputs, each row is a run. Pure.

There is no quoting: a cell is what stands between two tabs, so that JSON needs no escapes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_hooks.nearest import did_you_mean
from miniwdl_aws_submit_cli.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["MAX_BYTES", "MAX_ROWS", "Row", "Table", "fill", "named_columns", "read_table"]

MAX_ROWS = 5000
MAX_BYTES = 16 * 2**20
"""What a table may have; more is hardly one that a person has looked at."""

_REFERENCE = re.compile(r"~\{([^{}]*)\}")


@dataclass(frozen=True)
class Row:
    """One run."""

    number: int
    """From 1; the header doesn't count."""
    cells: Mapping[str, str]
    """Text by column; an empty one means that the row doesn't give that input."""

    def words(self, inputs: Collection[str], arrays: Collection[str]) -> list[str]:
        """
        Write its inputs as ``miniwdl run`` takes them.

        :param inputs: columns that are inputs.
        :param arrays: those whose cell may be a JSON list; miniwdl joins what is given several times.
        :raises WorkflowError: when such a list is none, naming the column.
        """
        words = []
        for name, text in self.cells.items():
            if name in inputs and text:
                words += [f"{name}={item}" for item in (_items(name, text) if name in arrays else [text])]
        return words


@dataclass(frozen=True)
class Table:
    """All rows, which have the same columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(text: str) -> Table:
    """
    Read a table.

    :param text: the whole file; line ends may be those of Windows, and empty lines say nothing.
    :raises WorkflowError: in one sentence, with the row.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    header, *others = [line for line in lines if line.strip()] or [""]
    columns = tuple(name.strip() for name in header.split("\t"))
    _check_columns(columns, header)
    if not others:
        raise WorkflowError("it has no row below the names of the columns")
    if len(others) > MAX_ROWS:
        raise WorkflowError(f"it has {len(others)} rows, and at most {MAX_ROWS} are taken", hint="split it")
    rows = []
    for number, line in enumerate(others, 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(columns):
            raise WorkflowError(
                f"row {number} has {len(cells)} cells, and there are {len(columns)} columns",
                hint="between two cells stands one tab; an empty cell still has its tab",
            )
        rows.append(Row(number, dict(zip(columns, cells, strict=True))))
    return Table(columns, tuple(rows))


def _check_columns(columns: tuple[str, ...], header: str) -> None:
    if not header:
        raise WorkflowError("it is empty", hint="its first line names the inputs, separated by tabs")
    if len(columns) == 1 and re.search(r"[,;]", header):
        raise WorkflowError("its first line has no tab", hint="save it as tab-separated text, not as CSV")
    for at, name in enumerate(columns):
        if not name:
            raise WorkflowError(f"column {at + 1} has no name in the first line")
        if "=" in name or "{" in name or "}" in name:
            raise WorkflowError(f"column {at + 1}: {name!r} can't be the name of an input")
        if name in columns[:at]:
            raise WorkflowError(f"two columns have the name {name}", hint="give an array as a JSON list in one cell")


def fill(text: str, row: Row) -> str:
    """
    Put cells in the place of ``~{column}``.

    :raises WorkflowError: when there is no such column, or its cell is empty.
    """

    def cell(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name not in row.cells:
            raise WorkflowError(f"{text}: there is no column {name!r}", hint=did_you_mean(name, row.cells))
        if not row.cells[name]:
            raise WorkflowError(f"column {name} is empty, and {text} needs it")
        return row.cells[name]

    return _REFERENCE.sub(cell, text)


def named_columns(texts: Iterable[str]) -> set[str]:
    """Find the columns whose cells texts ask for."""
    return {found[1].strip() for text in texts for found in _REFERENCE.finditer(text)}


def _items(name: str, text: str) -> list[str]:
    """Read the cell of an array: a JSON list of plain values, or a single value."""
    if not text.startswith("["):
        return [text]
    try:
        items = read_json(text)
    except ValueError:
        items = None
    if not isinstance(items, list) or not items or any(isinstance(item, (list, dict, type(None))) for item in items):
        raise WorkflowError(f"column {name}: {text[:80]} is no JSON list of plain values", hint='such as ["a", "b"]')
    return [item if isinstance(item, str) else json.dumps(item) for item in items]
