"""The blocks of the how-to pages that `docs/runs.py` fills: still in form, with commands that their parsers take."""

import re
from datetime import UTC, datetime

import pytest

from .conftest import docs_module

runs = docs_module("runs")
commands = docs_module("commands")

BLOCKS = [(name, block) for name in runs.PAGES for block in runs.blocks(runs.page_of(name))]
COMMANDS = sorted({command for _name, block in BLOCKS for command in block.commands})


def test_every_page_has_blocks_and_no_block_has_lost_its_form(root):
    assert {name for name, _block in BLOCKS} == set(runs.PAGES)
    for page in root.glob("docs/**/*.md"):
        assert page.read_text().count("<!-- run:") == len(runs.blocks(page)), page
    marked = {page.stem for page in root.glob("docs/**/*.md") if "<!-- run:" in page.read_text()}
    assert marked == set(runs.PAGES), "docs/runs.py runs the pages that have blocks"


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_a_block_shows_what_its_commands_printed(name, block):
    assert block.kind in runs.KINDS
    assert block.commands
    (text,) = (
        found["text"]
        for found in runs.BLOCK.finditer(runs.page_of(name).read_text())
        if runs.Block.read(found) == block
    )
    printed = re.split(r"(?m)^\$ .*\n", text)
    assert printed[0] == ""
    assert block.written(printed[1:]).endswith(f"\n{text}```\n<!-- end -->")
    assert all(printed[1:]), "a command on a page that prints nothing shows nothing"
    for secret in ("/tmp/", "/home/", "/root/", str(runs.ROOT), "Traceback"):
        assert secret not in text


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_its_parser_takes(command):
    program, *words = re.split(r"[;|]", command)[0].split()
    subcommand = words[:1] if program == "miniwdl-aws" else []
    given, rest = commands.parser_of(program, *subcommand).parse_known_args(words[len(subcommand) :])
    assert given
    assert not [word for word in rest if word.startswith("-")], "left over"


def test_what_belongs_to_this_machine_is_taken_out():
    shown = runs.Normaliser({"/tmp/x1/fsx": "/mnt/fsx", "/tmp/x1": "~"}, datetime(2030, 5, 6, 7, 8, tzinfo=UTC))
    one, two = "3b3cae13-2209-477a-9975-396076293712", "5a1397b7-43d5-4ac4-b939-c2196c8e21b5"
    first = shown(f"2030-05-06 07:08:02.5 NOTICE dir: /tmp/x1/fsx/20300506_070802_w {one}\n")
    made = re.search(runs._ID, first)[0]
    assert first == f"2025-01-31 12:00:02.5 NOTICE dir: /mnt/fsx/20250131_120002_w {made}\n"
    assert made not in (one, two)
    again = shown(f"{two} {one} 2030-05-06T08:08:02Z in /tmp/x1/a\n")
    assert again.split()[1:] == [made, "2025-01-31T13:00:02Z", "in", "~/a"]
    assert again.split()[0] not in (one, two, made)
    assert shown("x" * 500) == "x" * (runs.WIDTH - 3) + "...\n"
    assert shown("WARNING running miniwdl as root is usually avoidable\nnext\n") == "next\n"
