"""A run whose file system is full, read-only or gone: one sentence says so, and what tells of the run is in S3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_hooks.protocol import ENV_SENTINEL

from .conftest import SmallFileSystem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promises import Promise

WORK = """version 1.1
workflow work {
    input { String fault }
    call greet { input: fault = fault }
    output { File greeting = greet.greeting }
}
task greet {
    input { String fault }
    command <<<
        echo "something went wrong in here" >&2
        eval "~{fault}" || exit 9
        echo hello > greeting.txt
    >>>
    output { File greeting = "greeting.txt" }
}
"""

# Between the end of miniwdl and the upload.
LATER = """
import os, sys
import miniwdl_aws_s3_rails.workflow_job.run_s3upload as command
run_child = command.run_child
def and_then(*arguments):
    ended = run_child(*arguments)
    os.system(os.environ["LATER"])
    return ended
command.run_child = and_then
sys.exit(command.main(sys.argv[1:]))
"""

FILL = "dd if=/dev/zero of=fill bs=1M count=100 2>/dev/null"
FILL_INODES = "seq 2000 | xargs touch 2>/dev/null"


@dataclass(frozen=True)
class Case:
    """What becomes of the file system, when, and what is said of it."""

    words: str
    fault: str = "true"
    """What the task does."""
    later: str = "true"
    """What happens between the run and its upload."""
    at_start: Callable[[SmallFileSystem], object] = lambda _system: None
    fails: bool = True
    """Whether miniwdl's run fails."""


def _fill(system: SmallFileSystem) -> None:
    for number in range(2):  # the last block by itself
        with (system.path / f"fill{number}").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096 >> 12 * number))
            except OSError:
                pass


def _use_up_inodes(system: SmallFileSystem) -> None:
    for number in range(2000):
        try:
            (system.path / str(number)).touch()
        except OSError:
            return


CASES = {
    "full at the start": Case("is full: 0 B of 2.0 MiB are free", at_start=_fill),
    "without an inode at the start": Case("is full: it holds as many files", at_start=_use_up_inodes),
    "read-only at the start": Case("is read-only", at_start=SmallFileSystem.make_read_only),
    "gone at the start": Case("is gone: its marker", at_start=SmallFileSystem.take_away),
    "full in the middle": Case("is full: 0 B of 2.0 MiB are free", FILL),
    "without an inode in the middle": Case("is full: it holds as many files", FILL_INODES),
    "read-only in the middle": Case(
        "is read-only", "mount --bind {root} {root}; mount -o remount,bind,ro {root}; touch {root}/more"
    ),
    "gone in the middle": Case("is gone: its marker", "umount --lazy {root}; false"),
    "without its marker in the middle": Case("is gone: its marker", "rm {root}/.mounted; false"),
    "gone before the upload": Case("is gone: its marker", later="umount --lazy {root}", fails=False),
    "without the run directory before the upload": Case(
        "is gone", later="mv {root}/miniwdl_run {root}/away", fails=False
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_last_sentence_names_the_file_system(
    name: str, small_file_system: SmallFileSystem, shell: Any, folder: str, tmp_path: Path, promise: Promise
) -> None:
    case, root = CASES[name], small_file_system.path
    assert small_file_system.mount()
    (root / ".mounted").touch()
    (tmp_path / "work.wdl").write_text(WORK)
    case.at_start(small_file_system)
    environ = {
        **shell.environ,
        "PATH": os.environ["PATH"],
        "MINIWDL__SCHEDULER__CONTAINER_BACKEND": "bare",
        "MINIWDL__FILE_IO__ROOT": str(root),
        "MINIWDL__AWS__FS": "fs-0123456789abcdef0",
        ENV_SENTINEL: str(root / ".mounted"),
        "LATER": case.later.format(root=root),
    }
    arguments = ["work.wdl", f"fault={case.fault.format(root=root)}", "--s3upload", folder]
    done = subprocess.run(
        [sys.executable, "-c", LATER, *arguments, "--dir", f"{root}/miniwdl_run"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = done.stderr.splitlines()
    sentence = next(line for line in reversed(lines) if line.startswith("miniwdl-run-s3upload: "))
    if name == "gone at the start":
        assert done.returncode == ExitCode.MOUNT_MISSING
        assert str(root) in sentence
        promise(f"the file system is {name}", load="a run", holds="nothing runs", seen="exit code 76")
        return
    assert done.returncode == ExitCode.UPLOAD_FAILED, done.stderr
    assert f"the file system fs-0123456789abcdef0 at {root} {case.words}" in sentence
    assert "miniwdl_aws_s3_rails" not in "".join(line for line in lines if 'File "' in line), "a traceback of ours"
    keys = {key.rpartition("/")[2]: key for key in shell.keys("demo", folder.removeprefix("s3://demo/"))}
    assert "outputs.json" not in keys, "what does not lead to outputs claims none"
    if case.fails:
        said = json.loads(shell.read(f"s3://demo/{keys['error.json']}"))
        assert case.words in said["file_system"] in sentence
        assert shell.read(f"s3://demo/{keys['workflow.log']}")
        assert json.loads(done.stdout)["s3upload"] in sentence
    saved = "the log and error.json are in S3" if case.fails else "nothing claims that the upload is whole"
    promise(
        f"the file system is {name}", load="a run", holds=f"the last sentence says so; {saved}", seen="exit code 74"
    )
