"""What a task used, as its wrapper measured it in a real container, against a known amount."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from miniwdl_aws_batch_backend.workdir.handover import read_exit_code, read_usage
from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_batch_backend.workdir.wrapper import job_command
from miniwdl_aws_core.records.usage import Source, Usage

pytestmark = pytest.mark.containers

MEMORY, SHARED, CACHED, CPU = 200_000_000, 50_000_000, 150_000_000, 1.5
TASK = f"""python3 -c '
import time
held = b"x" * {MEMORY}
open("/dev/shm/shared", "wb").write(b"x" * {SHARED})
for _ in range({CACHED} // 10_000_000):
    open("cached", "ab").write(b"x" * 10_000_000)
while time.process_time() < {CPU}:
    pass
time.sleep(1.2)
'; exit 3"""
ALONE = 15_000_000
"""Bytes of an interpreter, the shells and what the kernel needs for them."""


def run(images, image: str, paths: JobPaths, *options: str, through: tuple[str, ...] = ()) -> Usage:
    folder = paths.task_dir
    Path(folder).chmod(0o777)
    Path(paths.work).mkdir()
    Path(paths.work).chmod(0o777)
    Path(paths.command).write_text(TASK)
    command = job_command(paths, paths.command, shell="/bin/bash", sentinel=None)
    options = ("--rm", "--shm-size=64m", f"--volume={folder}:{folder}", *options)
    done = subprocess.run([images.engine, "run", *options, image, *through, *command], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"")
    assert read_exit_code(paths) == 3
    usage = read_usage(paths)
    assert usage is not None
    return usage


@pytest.mark.parametrize("through", [(), ("sh", "-c", '"$@"; exit $?', "entrypoint")], ids=["first", "entrypoint"])
def test_known_amounts(images, task_image, tmp_path, through) -> None:
    usage = run(images, task_image, JobPaths(str(tmp_path)), "--read-only", "--user=54321:54321", through=through)
    assert usage.source in (Source.CGROUP1, Source.CGROUP2)
    assert usage.cpu_seconds == pytest.approx(CPU, rel=0.1)
    assert usage.held_memory == pytest.approx(MEMORY + SHARED + ALONE, rel=0.1)
    assert usage.peak_memory is not None
    assert usage.peak_memory > MEMORY + SHARED + CACHED / 2, "caches count until the kernel takes them back"
    assert usage.wall_seconds is not None
    assert usage.wall_seconds > CPU
