"""
The examples of a page: what a reader may type or copy, and what the page says that it prints.

How a block is treated, its fence says:

- ``console``: commands, each after ``$ ``, and what each printed. All of it is compared.
- ``shell``: a script, which must end well.
- ``python``: a module; its functions ``test_...`` are called with a folder of their own.
- any of them with ``title="needs an AWS account"``: not run. The site shows the title above the block.
- any language with a file's name as its title: the page's user has that file from there on.

A comment in the line before the fence says more; a reader sees none of it:

- ``<!-- run: WORDS -->``. Of what is printed, ``first=N`` and ``last=N`` lines are shown, or those with the text of
  ``grep="TEXT"``, and ``vary="REGEX"`` is not compared. A script may fail with ``lenient``. One that stood on another
  page is run a second time with ``again`` alone. With ``until="TEXT"`` it goes on in the background, from when it
  prints the text. With ``screen``, ``rows=N`` and ``until`` a console shows a terminal, with ``interrupt`` what
  follows Ctrl-C.
- ``<!-- printed: WORDS -->`` before a fence of ``text``: what the script above printed, with the same words.
- ``<!-- not run: REASON -->``: not run, for another reason than AWS.
- ``<!-- before: SCRIPT -->``, with no fence: makes what the next ones need.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NEEDS_AWS", "Block", "Kind", "blocks", "rewritten"]

NEEDS_AWS = "needs an AWS account"
"""The title of blocks that are run by nobody without one."""

_BLOCK = re.compile(
    r"(?ms)^<!-- before:(?P<script>.*?)-->$"
    r"|^(?:<!-- (?P<comment>run|printed|not run): (?P<words>[^\n]+) -->\n)?"
    r"```(?P<language>\w+)(?P<attributes>[^\n]*)\n(?P<text>.*?)^```$"
)
_PROMPT = re.compile(r"(?m)^\$ (.*(?<!\\)(?:\\\n.*(?<!\\))*)\n")
"""A command, which goes on in the next line after a backslash."""


class Kind(StrEnum):
    """What is done with a block."""

    BEFORE = "before"
    SHELL = "shell"
    CONSOLE = "console"
    SCREEN = "screen"
    INTERRUPT = "interrupt"
    PYTHON = "python"
    FILE = "file"
    PRINTED = "printed"
    AWS = "aws"
    LEFT = "not run"


@dataclass(frozen=True)
class Block:
    """An example."""

    kind: Kind
    text: str
    line: int
    options: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    """Why it is not run, where that is not AWS."""

    @property
    def commands(self) -> list[str]:
        """The commands of a console."""
        return _PROMPT.findall(self.text)

    @property
    def outputs(self) -> list[str]:
        """What the page says that each of them prints."""
        return _PROMPT.split(self.text)[2::2] if self.kind is not Kind.PRINTED else [self.text]

    def written(self, outputs: Sequence[str]) -> str:
        """Give the text with other outputs."""
        if self.kind is Kind.PRINTED:
            return outputs[0]
        return "".join(f"$ {command}\n{output}" for command, output in zip(self.commands, outputs, strict=True))


def blocks(page: str) -> list[Block]:
    """List the examples of a page in their order."""
    found = ((_read(match, page.count("\n", 0, match.start()) + 1), match) for match in _BLOCK.finditer(page))
    return [block for block, _ in found if block]


def _read(found: re.Match[str], line: int) -> Block | None:
    if found["script"] is not None:
        return Block(Kind.BEFORE, found["script"].strip() + "\n", line)
    comment, language = found["comment"], found["language"]
    if comment == "not run":
        return Block(Kind.LEFT, found["text"], line, reason=found["words"])
    if NEEDS_AWS in found["attributes"]:
        return Block(Kind.AWS, found["text"], line)
    if named := re.search(r'title="([\w.-]+\.\w+)"', found["attributes"]):
        return Block(Kind.FILE, found["text"], line, {"name": named[1]})
    if language == "text":
        return Block(Kind.PRINTED, found["text"], line, _options(found["words"])) if comment == "printed" else None
    if language not in ("shell", "sh", "bash", Kind.CONSOLE, Kind.PYTHON):
        return None
    options = _options(found["words"] or "")
    kinds = {Kind(word) for word in options if word in (Kind.SCREEN, Kind.INTERRUPT)}
    kind = kinds.pop() if kinds else Kind(language) if language in (Kind.CONSOLE, Kind.PYTHON) else Kind.SHELL
    return Block(kind, found["text"], line, options)


def _options(words: str) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in shlex.split(words))}


def rewritten(page: str, texts: dict[int, str]) -> str:
    """Put other texts into blocks, which are named by their lines."""

    def replace(found: re.Match[str]) -> str:
        line = page.count("\n", 0, found.start()) + 1
        if line not in texts:
            return found.group()
        begin, end = (found.span("text")[side] - found.start() for side in (0, 1))
        return found.group()[:begin] + texts[line] + found.group()[end:]

    return _BLOCK.sub(replace, page)
