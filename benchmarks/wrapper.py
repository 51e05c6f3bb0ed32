"""
Measure what measuring costs a task: the wrapper around its command with and without the lines that measure.

Run it on an otherwise quiet machine::

    python benchmarks/wrapper.py [SHELL ...]

The kernel's files are ordinary ones here, so no container is needed. Tasks that end at once show what each pays, in
wall time and in CPU time of all its processes; one of some seconds shows what sampling takes while it runs.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from miniwdl_aws_batch_backend.workdir.measuring import MEASURE_BEGIN, MEASURE_END, MEASURE_WHILE
from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_batch_backend.workdir.wrapper import job_command

TASKS = 200
LONG = 10
"""Seconds of the task that is sampled."""

FILES = {
    "cgroup.procs": "1\n",
    "memory.current": "1000\n",
    "memory.peak": "1000\n",
    "memory.stat": "anon 1\nfile 1\nkernel 1\nkernel_stack 1\npagetables 1\nsec_pagetables 0\npercpu 0\nsock 0\n"
    "vmalloc 0\nshmem 1\nzswap 0\nzswapped 0\nfile_mapped 1\n",
    "cpu.stat": "usage_usec 1\n",
    "io.stat": "259:0 rbytes=1 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n",
    "cpuset.cpus.effective": "0-3\n",
}


def run(shell: str, folder: Path, command: str, *, measures: bool) -> tuple[float, float]:
    """Run a task; give wall and CPU time in seconds."""
    paths = JobPaths(tempfile.mkdtemp(dir=folder))
    Path(paths.work).mkdir()
    Path(paths.command).write_text(command)
    _, _, script, *arguments = job_command(paths, paths.command, shell="/bin/sh", sentinel=None)
    script = script.replace("/sys/fs/cgroup", str(folder / "group")).replace("[ $$ = 1 ]", "true")
    for lines in () if measures else (MEASURE_BEGIN, MEASURE_WHILE, MEASURE_END):
        told = lines.replace("/sys/fs/cgroup", str(folder / "group")).replace("[ $$ = 1 ]", "true")
        script = script.replace(told, ":")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*shell.split(), "-c", script, *arguments], check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a line for each shell."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "group").mkdir()
        for name, text in FILES.items():
            (folder / "group" / name).write_text(text)
        for shell in sys.argv[1:] or ["dash", "bash"]:
            # By turns, so that both have the same neighbours.
            short = [[run(shell, folder, "true", measures=yes) for yes in (False, True)] for _ in range(TASKS)]
            plain, measured = (list(zip(*column, strict=True)) for column in zip(*short, strict=True))
            wall, cpu = (1000 * (median(after) - median(before)) for before, after in zip(plain, measured, strict=True))
            costs = [run(shell, folder, f"sleep {LONG}", measures=yes)[1] for yes in (False, True)]
            print(
                f"{shell}: {1000 * median(plain[0]):.1f} ms each without measuring; with it {wall:+.1f} ms, "
                f"{cpu:+.1f} ms of CPU; while a task runs {100 * (costs[1] - costs[0]) / LONG:+.2f} % of a processor"
            )


if __name__ == "__main__":
    main()
