"""
Record the first run as an animated picture for the first page: ``docs/assets/first-run.svg``.

The commands are typed at a terminal of their own, in a fresh clone of this repository, and really run: on a local
cloud, by the environment that runs this script. What they print, and when, is the picture; only pauses are cut short.

``python docs/cast.py FOLDER`` makes the clone in a folder whose path the picture may show, such as
``/home/me/miniwdl-aws-fsxl``. Needs ``termtosvg-ng`` (https://pypi.org/project/termtosvg-ng/), and pexpect.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pexpect  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/assets/first-run.svg"
COLUMNS, ROWS = 100, 28
PATIENCE = 300
LONGEST_PAUSE = 1.5
"""Seconds of nothing that are shown."""
TYPING = 0.035
"""Seconds a letter takes."""
COMMANDS = (
    (
        "miniwdl-aws-submit --local examples/genome_stats/genome_stats.wdl "
        "-i examples/genome_stats/inputs.json --s3upload s3://demo/genome_stats/ --follow"
    ),
    "miniwdl-aws report last --local",
)


class Cast:
    """A recording in the making, in asciicast's second format."""

    def __init__(self) -> None:
        self.events: list[tuple[float, str]] = []
        self._shown = 0.0
        self._last = time.monotonic()

    def add(self, text: str, pause: float | None = None) -> None:
        """Add what appeared now, or after a given pause."""
        now = time.monotonic()
        self._shown += min(now - self._last, LONGEST_PAUSE) if pause is None else pause
        self._last = now
        self.events.append((round(self._shown, 3), text))

    def type(self, command: str) -> None:
        """Add a command as a person types it."""
        self.add("\x1b[32m$\x1b[0m ", 0.5)
        for letter in command:
            self.add(letter, TYPING)
        self.add("\r\n", 0.4)

    def write(self, path: Path) -> None:
        """Write the file."""
        head = {"version": 2, "width": COLUMNS, "height": ROWS}
        lines = [json.dumps(head), *(json.dumps([at, "o", text]) for at, text in self.events)]
        path.write_text("\n".join(lines) + "\n")


def run(cast: Cast, command: str, folder: Path, environ: dict[str, str]) -> None:
    """Run a command to its end, and add what it shows."""
    with pexpect.spawn(
        "bash", ["-c", command], cwd=str(folder), env=environ, dimensions=(ROWS, COLUMNS), encoding="utf-8",
        codec_errors="replace", timeout=PATIENCE,
    ) as program:  # fmt: skip
        while True:
            try:
                cast.add(program.read_nonblocking(65536, timeout=PATIENCE))
            except pexpect.EOF:
                return


def main(folder: Path) -> None:
    """Record, and draw."""
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder.parent),
        "USER": "me",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    cast = Cast()
    try:
        for command in COMMANDS:
            cast.type(command)
            run(cast, command, folder, environ)
        cast.type("")
    finally:
        subprocess.run(["miniwdl-aws", "local", "down"], cwd=folder, env=environ, check=False, capture_output=True)
        shutil.rmtree(folder)
    with tempfile.NamedTemporaryFile(suffix=".cast") as file:
        cast.write(Path(file.name))
        look = ["-t", "window_frame", "-m", "120", "-D", "6000"]
        subprocess.run(["termtosvg-ng", "render", file.name, PICTURE, *look], check=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("name the folder for the clone: python docs/cast.py /home/me/miniwdl-aws-fsxl")
    main(Path(sys.argv[1]))
