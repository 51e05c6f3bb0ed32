"""A folder is a room: few enough modules that one sees them all, and a sentence that says what is in it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST = 14
"""Modules in a folder; house style aims at a dozen."""
ROOMS = sorted(
    str(path.relative_to(ROOT))
    for path in ROOT.glob("packages/*/src/**/")
    if path.name != "src" and list(path.glob("*.py"))
)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_few_modules(room: str) -> None:
    modules = sorted(path.stem for path in (ROOT / room).glob("*.py") if path.stem != "__init__")
    assert len(modules) <= MOST, modules


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_is_in_it(room: str) -> None:
    assert ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))


def test_the_table_of_contributing_names_files_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    table = text.partition("## I want to change ...")[2].partition("\n## ")[0]
    rows = [line.split("|")[2:4] for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 10
    for opened, then in rows:
        assert "/" in opened
        for name in (opened + then).split("`")[1::2]:
            assert "/" not in name or (ROOT / name).exists(), name
