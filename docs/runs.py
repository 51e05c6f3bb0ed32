"""
Run the examples of the pages as a reader would, and see whether they print what the pages say.

``page_blocks`` tells how a block is marked. ``python docs/runs.py`` runs all pages and says where they differ,
``--write`` writes what was printed into them; names of groups after it take those alone. Tests do the same.

Pages of a group are read one after the other, by one user in one folder: what one submits, the next may show.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from page_blocks import Block, Kind, blocks, rewritten
from page_groups import GROUPS, Group
from page_masks import differences
from page_session import ROOT, Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["GROUPS", "Group", "Reading", "pages", "reading"]


def pages() -> list[Path]:
    """List the pages that people read, and in which examples may be."""
    folders = ("README.md", "docs/**/*.md", "packages/*/README.md", "examples/**/README.md", "images/**/README.md")
    return sorted(page for pattern in folders for page in ROOT.glob(pattern))


@dataclass
class Reading:
    """What a group's user saw, page by page; a page is read once, after those before it."""

    group: Group
    session: Session
    wrong: dict[str, list[str]] = field(default_factory=dict)
    """What a page says otherwise, or what failed; by page."""
    new: dict[str, str] = field(default_factory=dict)
    """The pages with what was printed."""
    _ran: dict[str, tuple[int, str]] = field(default_factory=dict)

    def upto(self, name: str) -> list[str]:
        """Read on to a page, and return what is wrong with it."""
        for page in self.group.pages[len(self.wrong) : self.group.pages.index(name) + 1]:
            self.wrong[page] = []
            self._read(page)
        return self.wrong[name]

    def _read(self, name: str) -> None:
        text, texts, printed = (ROOT / name).read_text(), {}, ""
        environ, self.session.cwd = dict(self.session.environ), self.session.home
        for block in blocks(text):
            where = f"{name}:{block.line}"
            if block.kind in (Kind.AWS, Kind.LEFT):
                continue
            if block.kind is Kind.FILE:
                (self.session.cwd / block.options["name"]).write_text(block.text)
                continue
            if block.kind in (Kind.SHELL, Kind.BEFORE, Kind.PYTHON):
                code, printed = self._does(block)
                if code and "lenient" not in block.options:
                    self.wrong[name].append(f"{where}: exit code {code}\n{block.text}{printed}")
                continue
            outputs = [self.session.shown(printed)] if block.kind is Kind.PRINTED else list(self._outputs(block))
            outputs = [_part(block, output) for output in outputs]
            texts[block.line] = block.written(outputs)
            for shown, output in zip(block.outputs, outputs, strict=True):
                if found := differences(shown, output, block.options.get("vary", "")):
                    self.wrong[name].append("\n".join([where, *found]))
        self.session.end_background()
        self.session.environ = environ  # what a page exports ends with it
        self.new[name] = rewritten(text, texts)
        if self.session.home.name in self.new[name]:
            raise RuntimeError(f"{name} would name a folder of this machine: {self.session.home}")

    def _does(self, block: Block) -> tuple[int, str]:
        if block.kind is Kind.PYTHON:
            return self.session.python(block.text)
        if "until" in block.options:
            return self.session.start(block.text, block.options["until"])
        if block.text not in self._ran or "again" in block.options or block.kind is Kind.BEFORE:
            self._ran[block.text] = self.session.run(block.text, strict="lenient" not in block.options)
        return self._ran[block.text]

    def _outputs(self, block: Block) -> Iterator[str]:
        for command in block.commands:
            if block.kind is Kind.CONSOLE:
                yield self.session.shown(self.session.run(command)[1])
                continue
            rows, until = int(block.options.get("rows", 24)), block.options["until"]
            before, after = self.session.terminal(command, rows, until)
            yield self.session.shown(before if block.kind is Kind.SCREEN else after[after.index("interrupted") :])


def _part(block: Block, output: str) -> str:
    """Keep the lines of an output that the page shows."""
    lines = output.splitlines(keepends=True)
    if text := block.options.get("grep"):
        return "".join(line for line in lines if text in line)
    first, last = (int(block.options.get(name, 0)) for name in ("first", "last"))
    if len(lines) <= first + last or not first + last:
        return output
    return "".join([*lines[:first], "...\n", *lines[len(lines) - last :]])


@contextmanager
def reading(group: Group) -> Iterator[Reading]:
    """Be a group's user."""
    folder = Path(tempfile.mkdtemp(prefix="runs-"))
    with ExitStack() as ends:
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        environ = ends.enter_context(_cloud(folder / "cloud")) if group.in_a_cloud else {}
        session = Session(folder, environ)
        ends.callback(session.leave)
        if group.prepare:
            group.prepare(session)
        yield Reading(group, session)


@contextmanager
def _cloud(folder: Path) -> Iterator[dict[str, str]]:
    """Give the variables that lead to a cloud, for as long as it is up."""
    from miniwdl_aws_local_cloud import CloudSettings, LocalCloud

    with LocalCloud(folder, CloudSettings(slots=20)) as cloud:
        ours = {"MINIWDL__AWS__WORKFLOW_QUEUE": "workflow", "MINIWDL__AWS__WORKFLOW_IMAGE": "none"}
        yield {**cloud.environ, **ours, "KEY_OF_JOBS": cloud.job_key}


def main(arguments: Sequence[str]) -> int:
    """Run groups; say what is wrong, or write the pages of those in which something is."""
    names = [name for name in arguments if not name.startswith("-")] or list(GROUPS)
    bad = False
    for name in names:
        with reading(GROUPS[name]) as read:
            found = [line for page in GROUPS[name].pages for line in read.upto(page)]
        bad |= bool(found)
        print(*found, sep="\n\n")
        if found and "--write" in arguments:
            for page, text in read.new.items():
                (ROOT / page).write_text(text)
    return 1 if bad and "--write" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
