"""`--local` in the hands of somebody who makes mistakes, presses Ctrl-C, and whose tasks write what they like."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pexpect
import pytest

from .conftest import BIN, WDL, Finished
from .interrupting import press_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 60.0

GATED = """version 1.1
workflow gated { input { String gate } call hold { input: gate = gate } }
task hold {
    input { String gate }
    command <<<
        echo "holding on" >&2
        for _ in $(seq 12000); do [ -e "~{gate}" ] && exit 0; sleep 0.1; done
        exit 9
    >>>
    output {}
}
"""

ODD = r"""version 1.1
workflow odd { call write }
task write {
    command <<<
        printf 'Traceback:\n  File "a.py"\n\nValueError\n' >&2
        printf '\033[31mred\033[0m \033[2J10%%\r20%%\n' >&2
        printf 'no utf-8: \377\376 dna: \360\237\247\254\n' >&2
        head -c 1000000 /dev/zero | tr '\0' x >&2
        printf '\nthe end\n' >&2
    >>>
    output {}
}
"""


@dataclass
class User:
    """A new user in a folder: no AWS settings, nothing of ours."""

    folder: Path
    environ: dict[str, str]

    def run(self, command: str, *words: str) -> Finished:
        done = subprocess.run(
            [str(BIN / command), *words], cwd=self.folder, env=self.environ,
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        return Finished(done.returncode, done.stdout, done.stderr)

    def runs(self) -> list[str]:
        return [item["jobId"] for item in json.loads(self.run("miniwdl-aws", "list", "--json", "--local").stdout)]


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    folder = tmp_path_factory.mktemp("user")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    found = User(folder, {**kept, "HOME": str(folder), "TERM": "xterm"})
    for name in ("hello", "failing"):
        shutil.copy(WDL / f"{name}.wdl", folder)
    (folder / "gated.wdl").write_text(GATED)
    (folder / "odd.wdl").write_text(ODD)
    (folder / "broken.wdl").write_text("version 1.1\nworkflow w { oops\n")
    (folder / "broken.json").write_text("{\n")
    yield found
    found.run("miniwdl-aws", "local", "down")


MISTAKES = {
    "no WDL is named": "",
    "the WDL nosuch.wdl can't be read: No such file": "nosuch.wdl",
    "broken.wdl, line 2, column 14: ": "broken.wdl",
    "neither miniwdl-aws-submit nor `miniwdl run` knows --frob": "hello.wdl --frob",
    "missing required inputs for gated: gate": "gated.wdl",
    "No such input to hello: other": "hello.wdl names=a other=1",
    "-i broken.json: not valid JSON, line 2": "hello.wdl -i broken.json",
    "--delete-after needs a folder to upload to": "hello.wdl names=a --delete-after success",
    "--s3upload must begin with s3://": "hello.wdl names=a --s3upload ftp://x/",
    "--task-queue: there is no job queue nope": "hello.wdl names=a --task-queue nope",
    "--memory-GiB must be a number above 0": "hello.wdl names=a --memory-GiB lots",
    "--runner podman is unknown": "hello.wdl names=a --runner podman",
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_is_told_at_once_and_nothing_else_is(user: User, message: str) -> None:
    done = user.run("miniwdl-aws-submit", "--local", *MISTAKES[message].split(), "--follow")
    lines = done.stderr.splitlines()
    assert (done.code, done.stdout) == (64, "")
    assert message in lines[0]
    assert lines[0].startswith("miniwdl-aws-submit: ")
    # No state of a queue, nothing of a run that goes on.
    rest = [line for line in lines[1:] if not re.match(r"  +[0-9]* \| ", line)]  # a line of the WDL, and its caret
    assert all(line.startswith("  hint: ") for line in rest), done.stderr
    assert len(rest) <= 1


def test_nothing_was_submitted_by_mistake(user: User) -> None:
    assert user.runs() == []


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_following_leaves_the_run_alive(user: User, times: int) -> None:
    gate = user.folder / f"gate{times}"
    words = ["--local", "gated.wdl", f"gate={gate}", "--follow-task", "hold"]
    with pexpect.spawn(
        str(BIN / "miniwdl-aws-submit"), words, cwd=user.folder, env=user.environ,
        encoding="utf-8", timeout=PATIENCE, dimensions=(40, 200),
    ) as following:  # fmt: skip
        following.expect_exact("hold | holding on")
        said = press_ctrl_c(following, times)
    run = user.runs()[0]
    if times == 1:
        assert "interrupted; the run goes on" in said
        for words in (f"status {run} --local", f"wait {run} --follow --local", f"cancel {run} --local"):
            assert f"miniwdl-aws {words}" in said
    assert json.loads(user.run("miniwdl-aws", "status", run, "--json", "--local").stdout)["status"] == "RUNNING"
    gate.touch()
    assert user.run("miniwdl-aws", "wait", run, "--local").code == 0, "it came to its good end"


def test_whatever_a_task_writes_is_shown_and_harms_no_terminal(user: User) -> None:
    assert user.run("miniwdl-aws-submit", "--local", "odd.wdl", "--wait").code == 0
    shown = user.run("miniwdl-aws", "logs", "last", "--task", "write", "--local").stdout
    assert not any(char < " " and char != "\n" for char in shown)
    lines = [line.removeprefix("write | ") for line in shown.splitlines()]
    # The awslogs driver makes no event of an empty line, and several of a long one.
    assert lines[:3] == ["Traceback:", '  File "a.py"', "ValueError"]
    assert lines[3:5] == ["red 10%", "20%"]
    assert lines[5] == "no utf-8: \ufffd\ufffd dna: \U0001f9ec"
    assert "".join(lines[6:-1]) == "x" * 1_000_000
    assert lines[-1] == "the end"
    raw = map(
        json.loads, user.run("miniwdl-aws", "logs", "last", "--task", "write", "--json", "--local").stdout.splitlines()
    )
    assert "\x1b[31mred" in "".join(event["message"] for event in raw)


SHELLS = {
    "bash": ("-n", []),
    "zsh": ("-n", []),
    "fish": ("--no-execute", ["--shell", "fish"]),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_documented_line_prints_a_script_for_each_shell(user: User, shell: str) -> None:
    """Run by bash, what it prints is tried in test_manage.py; here, that each shell there is can read it."""
    check, words = SHELLS[shell]
    done = user.run("register-python-argcomplete", *words, "miniwdl-aws-submit", "miniwdl-aws")
    assert done.code == 0, done.stderr
    for command in ("miniwdl-aws-submit", "miniwdl-aws"):
        assert command in done.stdout
    assert ("complete --command" if shell == "fish" else "compdef") in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, check], input=done.stdout, text=True, check=True, timeout=PATIENCE)
