"""A user in a folder: shells whose variables last, programs in the background, a terminal, Python."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from page_masks import Normaliser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ROOT", "Session"]

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 100
PATIENCE = 120
_LASTING = 'source "$1"\n__code=$?\nenv -0 > "$2"\nexit $__code'
_STAND_INS = {
    "pip": ":",
    "uv": 'if [ "$1" = run ]; then shift; exec "$@"; fi',
    "xdg-open": 'test -s "$1"',
}
"""What would install into this machine's Python, or needs a screen. CI's own script installs for real."""
_AS_A_JOB = """
[ -z "$KEY_OF_JOBS" ] || export AWS_ACCESS_KEY_ID=$KEY_OF_JOBS
exec {bin}/{name} "$@"
"""
"""For what workflow jobs do, too: who does it by hand has their permissions, as the pages say."""
_CALL_TESTS = """
import pathlib, runpy, sys, tempfile
tmp_path = pathlib.Path(tempfile.mkdtemp(dir="."))
for name, function in runpy.run_path(sys.argv[1], {"tmp_path": tmp_path}).items():
    if name.startswith("test_"):
        function(tmp_path)
"""


class Session:
    """A user in a folder of their own, with the clone's examples in it, and a cloud if they have one."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        """
        Make the folder a user's home.

        :param environ: variables that lead to a cloud, if there is one, and KEY_OF_JOBS, the access key of its jobs.
        """
        self.home = self.cwd = folder
        shutil.copytree(ROOT / "examples", folder / "examples")
        stand_ins = folder / ".stand-ins"
        stand_ins.mkdir()
        programs = Path(sys.executable).parent
        runs = {name: _AS_A_JOB.format(bin=programs, name=name) for name in ("miniwdl", "miniwdl-run-s3upload")}
        for name, does in (_STAND_INS | runs).items():
            (stand_ins / name).write_text(f"#!/bin/bash\n{does}\n")
            (stand_ins / name).chmod(0o700)
        self.environ = {
            **{name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ},
            **environ,
            "PATH": f"{stand_ins}:{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "USER": "me",
            "TZ": "UTC",
            "TERM": "xterm",
            "NO_COLOR": "1",
        }
        now = datetime.now(UTC).replace(microsecond=0)
        mount = {environ["MINIWDL__FILE_IO__ROOT"]: "/mnt/fsx"} if environ else {}
        self.shown = Normaliser({**mount, str(folder): "~"}, now)
        self._background: list[subprocess.Popen[str]] = []

    def run(self, script: str, *, strict: bool = False) -> tuple[int, str]:
        """
        Run a script; what it exports, and where it goes, holds for later ones.

        :param strict: end at the first command that fails.
        """
        given, kept = (self.home / name for name in (".script", ".environ"))
        given.write_text(f"{'set -e' if strict else ''}\n{script}\n")
        done = subprocess.run(
            ["bash", "-c", _LASTING, "bash", given, kept], cwd=self.cwd, env=self.environ, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
        )  # fmt: skip
        if kept.exists():
            self.environ = dict(item.split("=", 1) for item in kept.read_text().split("\0") if item)
            self.cwd = Path(self.environ["PWD"])
            kept.unlink()
        return done.returncode, done.stdout

    def answer(self, command: str) -> Any:
        """Run a command that prints JSON."""
        return json.loads(self.run(f"{command} 2> /dev/null")[1])

    def python(self, source: str) -> tuple[int, str]:
        """Run a module and the tests in it."""
        (self.home / ".example.py").write_text(source)
        done = subprocess.run(
            [sys.executable, "-c", _CALL_TESTS, self.home / ".example.py"], cwd=self.cwd, env=self.environ, check=False,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
        )  # fmt: skip
        return done.returncode, done.stdout

    def start(self, script: str, until: str) -> tuple[int, str]:
        """Run a script in the background from the moment at which it prints a text."""
        program = subprocess.Popen(
            ["bash", "-c", script], cwd=self.cwd, env=self.environ, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._background.append(program)
        assert program.stdout is not None
        printed = ""
        for line in program.stdout:
            printed += line
            if until in line:
                return 0, printed
        return program.wait(), printed

    def end_background(self) -> None:
        """Press Ctrl-C where something runs in the background."""
        while self._background:
            program = self._background.pop()
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGINT)
            program.communicate(timeout=PATIENCE)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.2)

    def terminal(self, command: str, rows: int, until: str) -> tuple[str, str]:
        """Give a terminal's screen once it shows a text and the panel below it, and once Ctrl-C was pressed then."""
        import pexpect  # type: ignore[import-untyped]
        import pyte

        screen = pyte.Screen(COLUMNS, rows)
        stream = pyte.Stream(screen)

        def text() -> str:
            return "".join(f"{line.rstrip()}\n" for line in screen.display).strip("\n") + "\n"

        with pexpect.spawn(
            "bash", ["-c", command], cwd=str(self.cwd), env=self.environ,
            dimensions=(rows, COLUMNS), encoding="utf-8", timeout=PATIENCE,
        ) as program:  # fmt: skip
            while not (until in text() and text().rstrip().endswith("╯")):
                stream.feed(program.read_nonblocking(65536, timeout=PATIENCE))
            before = text()
            program.sendintr()
            program.expect(pexpect.EOF)
            stream.feed(program.before)
        return before, text()

    def leave(self) -> None:
        """End what was started."""
        self.end_background()
        self.cwd = self.home
        if (self.home / "miniwdl-aws-local" / "cloud.json").exists():
            self.run("miniwdl-aws local down")
