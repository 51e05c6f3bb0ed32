"""
The lines that measure, under every shell of this machine, with files in place of the kernel's.

What the kernel really says is for the tests with containers; here are both versions of control groups on any machine,
and time that passes as fast as ``sleep`` says it does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from miniwdl_aws_batch_backend.workdir.handover import read_exit_code, read_usage
from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_batch_backend.workdir.wrapper import job_command
from miniwdl_aws_core.records.usage import MAX_POINTS, Source, Usage, parse_usage

SHELLS = [shell for shell in ("bash", "dash", "busybox") if shutil.which(shell)]

FEW = 80
"""Points of a series here; the true number takes longer."""

VERSION_2 = {
    "memory.current": "5000\n",
    "memory.peak": "7000\n",
    "memory.stat": "anon 1000\nfile 3000\nkernel 5\nkernel_stack 100\npagetables 20\nshmem 3\nfile_mapped 9\nshmem 4\n",
    "cpu.stat": "usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n",
    "io.stat": "259:0 rbytes=10 wbytes=20 rios=1 wios=1 dbytes=0 dios=0\n8:0 rbytes=1 wbytes=2 rios=1 wios=1\n",
    "cpuset.cpus.effective": "0-3\n",
    "cgroup.procs": "1\n",
}
VERSION_1 = {
    "memory/memory.max_usage_in_bytes": "7000\n",
    "memory/memory.stat": "cache 3000\nrss 1120\nrss_huge 0\nshmem 3\nmapped_file 9\ntotal_rss 5\nshmem 5\n",
    "memory/cgroup.procs": "1\n",
    "cpuacct/cpuacct.usage": "2500000000\n",
    "blkio/blkio.throttle.io_service_bytes": "8:0 Read 11\n8:0 Write 22\n8:0 Sync 33\n8:0 Total 33\nTotal 33\n",
    "cpuset/cpuset.effective_cpus": "0-3\n",
}


class Machine:
    """A folder for the kernel's files, and a task."""

    def __init__(self, folder: Path, shell: str) -> None:
        self.folder = folder
        self.uptime = folder / "uptime"
        self.uptime.write_text("100.00 0\n")
        self.group = folder / "group"
        self.membership = folder / "membership"
        self.membership.write_text("2:memory:/docker/abc\n0::/\n")
        self.programs = folder / "bin"
        self.programs.mkdir()
        self._shell = [shell, "sh"] if shell == "busybox" else [shell]
        self.paths = JobPaths(str(folder / "task"))
        Path(self.paths.work).mkdir(parents=True)

    def counts(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.group / name).parent.mkdir(parents=True, exist_ok=True)
            (self.group / name).write_text(text)

    def sleeps(self, text: str) -> None:
        """Say what ``sleep`` does."""
        (self.programs / "sleep").write_text(f"#!/bin/bash\n{text}\n")
        (self.programs / "sleep").chmod(0o755)

    def passes(self) -> None:
        """Let a second pass whenever somebody sleeps for one."""
        self.sleeps(
            f'[ "$1" = 1 ] || exec /bin/sleep "$@"\n'
            f"read -r now rest <{self.uptime}\necho $((${{now%.*}} + 1)).00 0 >{self.uptime}.$$\n"
            f"mv {self.uptime}.$$ {self.uptime}"
        )

    def run(self, text: str, *, in_container: bool = True, ignored: tuple[signal.Signals, ...] = ()) -> int:
        """Run a task to its end, as the first process of a container has it."""
        Path(self.paths.command).write_text(text)
        _, _, script, *arguments = job_command(self.paths, self.paths.command, shell="/bin/bash", sentinel=None)
        script = script.replace("/sys/fs/cgroup", str(self.group)).replace("/proc/uptime", str(self.uptime))
        script = script.replace("/proc/self/cgroup", str(self.membership)).replace(f"-lt {MAX_POINTS} ", f"-lt {FEW} ")
        if in_container:
            script = script.replace("[ $$ = 1 ]", "true")
        process = subprocess.Popen(
            [*self._shell, "-c", script, *arguments],
            stderr=subprocess.PIPE,
            env={"PATH": f"{self.programs}:{os.environ['PATH']}"},
            start_new_session=True,
            preexec_fn=lambda: [signal.signal(number, signal.SIG_IGN) for number in ignored] and None,
        )
        _, said = process.communicate(timeout=60)
        assert said == b""
        return process.returncode

    def until(self, seconds: int) -> str:
        """Write a command that ends when so much time has passed."""
        return f"until read -r now rest <{self.uptime} && [ ${{now%.*}} -ge {100 + seconds} ]; do /bin/sleep 0.01; done"


@pytest.fixture(params=SHELLS)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    return Machine(tmp_path, request.param)


@pytest.mark.parametrize(("files", "source"), [(VERSION_2, Source.CGROUP2), (VERSION_1, Source.CGROUP1)])
def test_both_versions_of_control_groups(machine: Machine, files: dict[str, str], source: Source) -> None:
    machine.counts(files)
    machine.passes()
    assert machine.run(machine.until(3) + "; exit 3") == 3
    usage = read_usage(machine.paths)
    assert usage is not None
    assert usage.wall_seconds is not None
    assert 3 <= usage.wall_seconds < 60
    assert usage == Usage(
        source,
        usage.wall_seconds,
        cpu_seconds=2.5,
        peak_memory=7000,
        held_memory=1123,
        read_bytes=11,
        written_bytes=22,
        processors=4,
    )


def test_a_group_below_the_hosts(machine: Machine) -> None:
    """The container sees the control groups of its host: its own is where /proc/self/cgroup says."""
    machine.membership.write_text("0::/system.slice/docker-abc.scope\n")
    machine.counts({"cgroup.procs": "0\n1\n", "memory.current": "1\n"})
    machine.counts({f"system.slice/docker-abc.scope/{name}": text for name, text in VERSION_2.items()})
    machine.run("true")
    assert read_usage(machine.paths).source is Source.CGROUP2  # type: ignore[union-attr]


@pytest.mark.parametrize("procs", ["0\n1\n", "1\n4194304\n", ""])
@pytest.mark.parametrize("files", [VERSION_2, {**VERSION_1, "cgroup.procs": ""}])
def test_a_group_of_others_does_not_count(machine: Machine, files: dict[str, str], procs: str) -> None:
    machine.counts({name: procs if name.endswith("cgroup.procs") else text for name, text in files.items()})
    machine.run("true")
    usage = read_usage(machine.paths)
    assert usage is not None
    assert (usage.source, usage.peak_memory, usage.held_memory) == (Source.TIMES, None, None)
    assert usage.cpu_seconds is not None
    assert usage.cpu_seconds < 2.5


def test_a_process_of_a_host_has_no_group_of_its_own(machine: Machine) -> None:
    machine.counts(VERSION_2)
    machine.run("for ((i = 0; i < 100000; i++)); do :; done", in_container=False)
    usage = read_usage(machine.paths)
    assert usage is not None
    assert usage.source is Source.TIMES
    assert usage.peak_memory is None
    assert usage.cpu_seconds


def test_a_kernel_that_keeps_no_peak(machine: Machine) -> None:
    machine.counts({name: text for name, text in VERSION_2.items() if name != "memory.peak"})
    machine.passes()
    machine.run(machine.until(3))
    assert read_usage(machine.paths).peak_memory == 5000  # type: ignore[union-attr]


def test_a_series(machine: Machine) -> None:
    machine.counts(VERSION_2)
    machine.passes()
    machine.run(machine.until(130))
    _, series = parse_usage(Path(machine.paths.usage).read_bytes())  # type: ignore[misc]
    seconds = [point.seconds for point in series.points]
    assert FEW / 2 < len(seconds) < FEW
    assert seconds == sorted(set(seconds))
    assert seconds[0] <= 3
    assert seconds[-1] >= 128
    assert {later - earlier for earlier, later in pairwise(seconds)} == {2.0}
    assert {(point.memory, point.cpu_seconds) for point in series.points} == {(1123, 2.5)}


def test_no_series_of_a_short_task(machine: Machine) -> None:
    machine.counts(VERSION_2)
    machine.passes()
    machine.run(machine.until(50))
    usage, series = parse_usage(Path(machine.paths.usage).read_bytes())  # type: ignore[misc]
    assert usage.held_memory == 1123
    assert series.points == ()


def test_a_task_that_ends_at_once_waits_for_no_sampler(machine: Machine) -> None:
    machine.counts(VERSION_2)
    pauses = machine.folder / "pauses"
    machine.sleeps(f'[ "$1" != 1 ] || echo $$ >>{pauses}\nexec /bin/sleep 600')
    assert machine.run(f"until [ -e {pauses} ]; do /bin/sleep 0.01; done; exit 4") == 4
    usage = read_usage(machine.paths)
    assert usage is not None
    assert (usage.peak_memory, usage.held_memory) == (7000, None)
    assert not any(map(lives, pauses.read_text().split()))


def lives(pid: str) -> bool:
    """Whether a process goes on that may have been killed just now."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state in "ZX":
            return False
        threading.Event().wait(0.01)
    return True


def test_a_sampler_that_hears_no_signal_ends_all_the_same(machine: Machine) -> None:
    machine.counts(VERSION_2)
    machine.sleeps("exec /bin/sleep 0.05")
    assert machine.run("/bin/sleep 0.3; exit 4", ignored=(signal.SIGUSR1,)) == 4
    assert read_usage(machine.paths).peak_memory == 7000  # type: ignore[union-attr]


def test_an_image_without_sleep_samples_nothing(machine: Machine) -> None:
    machine.counts(VERSION_2)
    machine.sleeps("exit 127")
    assert machine.run("/bin/sleep 0.3; exit 4") == 4
    assert read_usage(machine.paths).held_memory is None  # type: ignore[union-attr]


@pytest.mark.parametrize("place", ["full", "folder", "missing"])
@pytest.mark.parametrize("files", [VERSION_2, {}])
def test_the_exit_code_is_not_lost(machine: Machine, files: dict[str, str], place: str) -> None:
    machine.counts(files)
    usage = Path(machine.paths.usage)
    if place == "full":
        usage.symlink_to("/dev/full")
    elif place == "folder":
        usage.mkdir()
    else:
        usage.symlink_to(machine.folder / "nowhere/usage")
    assert machine.run("exit 4") == 4
    assert read_exit_code(machine.paths) == 4
    assert read_usage(machine.paths) is None


@pytest.mark.parametrize("content", ["nonsense\n", "", "-5\n", "9" * 40 + "\n", "* $(exit 9) `exit 9`\n"])
def test_a_kernel_that_speaks_differently(machine: Machine, content: str) -> None:
    machine.counts(
        {name: text if name in ("cgroup.procs", "memory.current") else content for name, text in VERSION_2.items()}
    )
    machine.passes()
    assert machine.run(machine.until(3) + "; exit 4") == 4
    assert read_exit_code(machine.paths) == 4
    usage = read_usage(machine.paths)
    assert usage is None or usage.cpu_seconds is not None
