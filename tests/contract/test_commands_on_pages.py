"""Each command of ours on a page, whether it was run for it or not, is one that its parser takes."""

import re
import shlex

import pytest

from tests.contract.conftest import ROOT, docs_module

commands = docs_module("commands")

PROGRAMS = ("miniwdl-aws", "miniwdl-aws-submit", "miniwdl-aws-logs")
FENCED = re.compile(r"(?ms)^ *```(?:shell|console|sh|bash)\b[^\n]*\n(.*?)^ *```$")
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("packages/*/README.md")),
    *sorted(ROOT.glob("examples/**/README.md")),
]


def commands_of(text):
    """The words of each command of ours, in the blocks of a page."""
    for block in FENCED.findall(text):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            for part in re.split(r"\s(?:&&|\|\|?|;|>|2>)\s|; |\s#\s", line.strip().removeprefix("$ ")):
                try:
                    words = shlex.split(part, comments=True)
                except ValueError:
                    continue  # what was printed, with a lone apostrophe
                while words and (re.fullmatch(r"\w+=.*", words[0]) or words[0] in {"uv", "run"}):
                    words.pop(0)
                if words and words[0] in PROGRAMS:
                    yield words


FOUND = sorted({tuple(words) for page in PAGES for words in commands_of(page.read_text())})


def test_the_pages_have_commands():
    assert len(FOUND) > 60


@pytest.mark.parametrize("words", FOUND, ids=" ".join)
def test_a_command_is_one_that_its_parser_takes(words):
    program, *rest = (word for word in words if word != "...")
    subcommands = []
    while rest and re.fullmatch(r"[a-z][a-z-]*", rest[0]) and program == "miniwdl-aws" and not subcommands:
        subcommands.append(rest.pop(0))
    if rest and {"--help", "-h", "--version"} & set(rest):
        return
    given, left = commands.parser_of(program, *subcommands).parse_known_args(rest)
    assert given
    passed_on = program == "miniwdl-aws-submit" or subcommands == ["rerun"]
    assert passed_on or left == []
