"""
Write into the how-to pages what the commands on them print, by running them on a local cloud.

A block ``<!-- run: shell -->`` ... ``<!-- end -->`` holds commands, each after ``$ ``, and what they printed. Options:

- ``last=N``: only the last N lines of each output
- ``screen``, ``rows=N``, ``until="TEXT"`` in place of ``shell``: the screen of a terminal once it shows the text
- ``interrupt``, with the same: what is printed when Ctrl-C is pressed then

``python docs/runs.py --write`` runs all of them and writes the pages. That takes about a minute, so nothing else calls
it; a test checks that each command on the pages is one that its parser takes. Run it when messages have changed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("submit", "why-a-task-failed", "follow", "come-back", "log-follower-only", "stop")
"""In the order in which they are run: the list of runs on one shows what was submitted on those before it."""
BLOCK = re.compile(r"(?ms)^<!-- run: (?P<options>[^\n]+) -->\n```console\n(?P<text>.*?)^```\n<!-- end -->$")
WIDTH = 120
"""Longer lines are cut: a log's lines hold paths, and a page is not for reading those."""
COLUMNS = 100
PATIENCE = 90
BEGINNING = datetime(2025, 1, 31, 12, tzinfo=UTC)
_TIME = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)([ _T])(\d\d):?(\d\d):?(\d\d)(?!\d)")
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{20}\b")
_NOT_FOR_PAGES = re.compile(r"(?m)^.*running miniwdl as root.*\n")


KINDS = ("shell", "screen", "interrupt")


@dataclass(frozen=True)
class Block:
    """A block of a page."""

    kind: str
    options: dict[str, str]
    commands: list[str]
    marker: str

    @classmethod
    def read(cls, found: re.Match[str]) -> Block:
        """Take a block apart."""
        kind, *words = shlex.split(found["options"])
        options = dict(word.partition("=")[::2] for word in words)
        commands = [line.removeprefix("$ ") for line in found["text"].splitlines() if line.startswith("$ ")]
        return cls(kind, options, commands, found["options"])

    def written(self, outputs: Sequence[str]) -> str:
        """Write it with what its commands printed."""
        shown = "".join(f"$ {command}\n{output}" for command, output in zip(self.commands, outputs, strict=True))
        return f"<!-- run: {self.marker} -->\n```console\n{shown}```\n<!-- end -->"


def blocks(page: Path) -> list[Block]:
    """List the blocks of a page."""
    return [Block.read(found) for found in BLOCK.finditer(page.read_text())]


def page_of(name: str) -> Path:
    """Find a page."""
    return ROOT / "docs" / "how-to" / f"{name}.md"


@dataclass
class Normaliser:
    """Takes out of a text what belongs to this machine and this hour. Pure, but for what it has seen before."""

    paths: dict[str, str]
    """What to write for a path, the longest first."""
    began: datetime
    ids: dict[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """Return the text as it stands on a page."""
        for path, shown in self.paths.items():
            text = text.replace(path, shown)
        text = _NOT_FOR_PAGES.sub("", text)
        text = _ID.sub(lambda found: self._id(found.group()), _TIME.sub(self._time, text))
        lines = [line.rstrip() for line in text.splitlines()]
        return "".join(f"{line[: WIDTH - 3]}...\n" if len(line) > WIDTH else f"{line}\n" for line in lines)

    def _id(self, found: str) -> str:
        made = uuid.uuid5(uuid.NAMESPACE_OID, str(len(self.ids))).bytes
        new = uuid.UUID(bytes=made, version=4)
        return self.ids.setdefault(found, str(new) if "-" in found else new.hex[: len(found)])

    def _time(self, found: re.Match[str]) -> str:
        *date, between, hour, minute, second = found.groups()
        digits = "".join((*date, hour, minute, second))
        try:
            moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:  # digits that are no time
            return found.group()
        form = f"%Y-%m-%d{between}%H:%M:%S" if "-" in found.group() else f"%Y%m%d{between}%H%M%S"
        return (moment - self.began + BEGINNING).strftime(form)


class Session:
    """A user with a local cloud, in an empty folder."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        mount = environ["MINIWDL__FILE_IO__ROOT"]
        self.environ = {
            **{name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ},
            **environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "USER": "me",
            "TZ": "UTC",
            "TERM": "xterm",
            "NO_COLOR": "1",
            "MINIWDL__AWS__WORKFLOW_QUEUE": "workflow",
            "MINIWDL__AWS__WORKFLOW_IMAGE": "none",
        }
        now = datetime.now(UTC).replace(microsecond=0)
        self.shown = Normaliser({mount: "/mnt/fsx", str(folder): "~"}, now)

    def run(self, command: str) -> str:
        """Run a command; return what it printed."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environ, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
        )  # fmt: skip
        return done.stdout

    def answer(self, command: str) -> Any:
        """Run a command that prints JSON."""
        return json.loads(self.run(f"{command} 2> /dev/null"))

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.2)

    def running(self, name: str) -> list[str]:
        """Ids of a run's task jobs that run."""
        calls = self.answer(f"miniwdl-aws status {name} --json")["calls"]
        return [item["job_id"] for call in calls for item in call["tries"] if item["status"] == "RUNNING"]


def prepare(session: Session) -> None:
    """Submit the runs that the pages are about: one fails, one is stopped, one goes on, one loses its workflow job."""
    shutil.copy(ROOT / "docs" / "how-to" / "align.wdl", session.folder)
    submit = "miniwdl-aws-submit align.wdl"
    session.run(f"{submit} samples=HG002 samples=notes.txt --name cohort --s3upload s3://demo/cohort/ --wait")
    session.run(f"{submit} samples=HG003 samples=HG004 seconds=600 --name trial --tag team=rna")
    session.run(f"{submit} samples=HG007 seconds=600 --name pilot")
    lost = session.run(f"{submit} samples=HG005 seconds=600 --name lost 2> /dev/null").strip()
    session.until(lambda: session.running("trial")[1:] and session.running("lost"))
    tries = [item for call in session.answer("miniwdl-aws status cohort --json")["calls"] for item in call["tries"]]
    (session.environ["job"],) = (item["job_id"] for item in tries if item["status"] == "FAILED")
    _kill(lost)
    session.until(lambda: session.answer("miniwdl-aws status lost --json")["status"] == "FAILED")
    session.run("miniwdl-aws cancel pilot")


def _kill(job_id: str) -> None:
    """Kill a workflow job as the loss of its host would."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            mine = f"AWS_BATCH_JOB_ID={job_id}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mine:
            os.kill(int(process.name), signal.SIGKILL)


def outputs(block: Block, session: Session) -> Iterator[str]:
    """Run the commands of a block; give what a page shows of each."""
    last = int(block.options.get("last", 0))
    for command in block.commands:
        if block.kind == "shell":
            lines = session.shown(session.run(command)).splitlines(keepends=True)
            yield "".join(["...\n", *lines[-last:]] if last and len(lines) > last else lines)
        else:
            yield session.shown(_on_a_terminal(block, command, session))


def _on_a_terminal(block: Block, command: str, session: Session) -> str:
    """Read the screen once it shows a text, or what is on it after Ctrl-C."""
    import pexpect  # type: ignore[import-untyped]
    import pyte

    rows = int(block.options.get("rows", 24))
    screen = pyte.Screen(COLUMNS, rows)
    stream = pyte.Stream(screen)
    with pexpect.spawn(
        "bash", ["-c", command], cwd=session.folder, env=session.environ,
        dimensions=(rows, COLUMNS), encoding="utf-8", timeout=PATIENCE,
    ) as program:  # fmt: skip
        while not _shows(screen, block.options["until"]):
            stream.feed(program.read_nonblocking(65536, timeout=PATIENCE))
        before = _text(screen)
        program.sendintr()
        program.expect(pexpect.EOF)
        stream.feed(program.before)
    after = _text(screen)
    return before if block.kind == "screen" else after[after.index("interrupted") :]


def _shows(screen: Any, text: str) -> bool:
    """Whether the text is there, and the panel is drawn to its end."""
    shown = _text(screen)
    return text in shown and shown.rstrip().endswith("╯")


def _text(screen: Any) -> str:
    return "".join(f"{line.rstrip()}\n" for line in screen.display).strip("\n") + "\n"


def main(arguments: Sequence[str]) -> int:
    """Run all blocks; print the pages, or write them with ``--write``."""
    from miniwdl_aws_local_cloud import CloudSettings, LocalCloud

    folder = Path(tempfile.mkdtemp(prefix="runs-"))
    try:
        with LocalCloud(folder / "cloud", CloudSettings(slots=20)) as cloud:
            session = Session(folder, dict(cloud.environ))
            prepare(session)
            for page in map(page_of, PAGES):
                text = BLOCK.sub(
                    lambda found: (block := Block.read(found)).written(list(outputs(block, session))), page.read_text()
                )
                if folder.name in text:
                    raise RuntimeError(f"{page.name} would name a folder of this machine: {folder.name}")
                if "--write" in arguments:
                    page.write_text(text)
                else:
                    sys.stdout.write(text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
