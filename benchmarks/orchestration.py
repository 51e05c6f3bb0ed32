"""
Measure the task backend beside the EFS ancestor (miniwdl-aws 0.12.2) and miniwdl without any cloud.

Work: a scatter of N trivial tasks, call cache off. The two that need a cloud share one local cloud, which runs in a
process of its own; the floor is miniwdl-backend-bare, which starts each command itself. Contenders take turns, so that
whatever else the machine does hits all of them. CPU and memory are those of the miniwdl process, without its children.
What the local cloud and the jobs take of the same processors is told apart: on AWS others pay for it, but here it is a
part of the wall time. After each run, the outputs are checked.

AWS takes 50 requests a second from an account, and so does the local cloud here. This project takes part twice, as
preset and with `array = off`, to see what array jobs are worth.

A second table has many jobs wait at once on a cloud that can run one: what the waiting costs, and how long it takes to
stop them all.

Usage: nox -s bench-orchestration -- [--sizes 500 2000 10000] [--rounds 3] [--waiting 1000] [--json FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.limits import MAX_STOP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
SLOW = 120.0
"""Seconds beyond which a contender is not run again at this size."""
CONCURRENCY = 500
REQUESTS_PER_SECOND = 50.0
"""Of an account; https://repost.aws/knowledge-center/aws-batch-requests-error"""
SUBMITTED = "AWS Batch job submitted"
"""In a line of the run's log for each job."""
IN_THE_WORKFLOW_IMAGE = ("hooks", "batch-backend", "cwlogs", "fsx-mount", "s3-rails")
SETTLE = 20.0
"""Seconds for which jobs are left waiting."""

WDL = """version 1.1
workflow w {
    input { Int n }
    scatter (i in range(n)) { call t { input: i = i } }
    output { Array[Int] numbers = t.number }
}
task t {
    input { Int i }
    command <<< echo ~{i} >>>
    output { Int number = read_int(stdout()) }
}
"""

SLEEPING = WDL.replace("echo ~{i}", "sleep 3600")

CLOUD = """
import json, os, resource, sys
from contextlib import suppress
from pathlib import Path
import boto3
from miniwdl_aws_local_cloud import CloudSettings, LocalCloud
from miniwdl_aws_local_cloud.door.faults import account_limit
def processor_time():
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Jobs are children of supervisors, which go on, and those are children of one program.
    ticks, left = 0, list(Path("/proc/self/task").glob("*/children"))
    while left:
        # Whatever ends meanwhile is counted with whom it was a child of.
        with suppress(OSError):
            for pid in left.pop().read_text().split():
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
                left.append(Path(f"/proc/{pid}/task/{pid}/children"))
    return used.ru_utime + used.ru_stime, ticks / os.sysconf("SC_CLK_TCK")
settings = CloudSettings(slots=int(sys.argv[2]) or None)
with LocalCloud(Path(sys.argv[1]), settings, [account_limit(float(sys.argv[3]))]) as cloud:
    (system,) = boto3.client("fsx", **cloud.client_options).describe_file_systems()["FileSystems"]
    print(json.dumps({**cloud.environ, "MINIWDL__AWS__FS": system["FileSystemId"]}), flush=True)
    for command in sys.stdin:
        if command.strip() == "reset":
            cloud.counts.reset()
        print(json.dumps({"counts": cloud.counts.read(), "processor_time": processor_time()}), flush=True)
"""

# miniwdl's own command line, with what it used written down at the end.
RUN = """
import json, resource, sys
from WDL.CLI import main
usage_file = sys.argv.pop(1)
code = 1
try:
    code = main() or 0
except SystemExit as exc:
    code = exc.code or 0
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open(usage_file, "w") as out:
        noted = globals().get("noted", {})
        json.dump({"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024, **noted}, out)
sys.exit(code)
"""


@dataclass(frozen=True)
class Contender:
    """Somebody who runs the tasks."""

    name: str
    requirements: tuple[str, ...]
    """What its environment is made of."""
    options: tuple[tuple[str, str], ...]
    """Environment variables."""
    sizes: tuple[int, ...] | None = None
    """The only sizes it is run at; all when ``None``."""
    rounds: int | None = None
    """How often at most."""
    cloud: bool = True
    prelude: str = ""
    """Python that runs before miniwdl; what it puts into ``noted`` is written down with what was used."""


@dataclass(frozen=True)
class Measurement:
    """One run of one contender."""

    contender: str
    tasks: int
    wall: float
    cpu: float
    memory: float
    calls: dict[str, int]
    cloud_cpu: float
    """Processor time of the local cloud, which on AWS nobody has to wait for."""
    jobs_cpu: float
    """Processor time of the jobs, which on AWS have hosts of their own."""


@dataclass(frozen=True)
class Waiting:
    """What it takes to have jobs wait."""

    jobs: int
    memory: float
    """Peak, in MB."""
    cpu: float
    """Seconds of processor time in each second of waiting."""
    stop: float
    """Seconds from SIGTERM to the end of miniwdl, with all jobs terminated."""
    calls: dict[str, int]


def contenders(concurrency: int) -> list[Contender]:
    """List who takes part."""
    parts = tuple(str(ROOT / "packages" / name) for name in IN_THE_WORKFLOW_IMAGE)
    ours = ("miniwdl==1.16.0", "miniwdl-backend-bare==0.0.1", *parts)
    ancestor = ("miniwdl==1.16.0", "miniwdl-aws==0.12.2")
    queue = ("MINIWDL__AWS__TASK_QUEUE", "task")
    old = (("MINIWDL__SCHEDULER__CONTAINER_BACKEND", "aws_batch_job_no_efs"), ("MINIWDL__AWS__FS", "0"), queue)
    tuned = (("MINIWDL__AWS__SUBMIT_PERIOD", "0.02"), ("MINIWDL__AWS__DESCRIBE_PERIOD", "0.2"))
    many = ("MINIWDL__SCHEDULER__TASK_CONCURRENCY", str(concurrency))
    new = (("MINIWDL__SCHEDULER__CONTAINER_BACKEND", "aws_batch"), queue, many)
    one_by_one = ("MINIWDL__AWS__ARRAY", "off")
    bare = (("MINIWDL__SCHEDULER__CONTAINER_BACKEND", "bare"),)
    return [
        Contender("this project", ours, new),
        Contender("this project, array = off", ours, (*new, one_by_one), sizes=(100, 500, 2000)),
        Contender("floor (no cloud)", ours, bare, cloud=False),
        Contender("ancestor, default", ancestor, (*old, many), sizes=(100,), rounds=1),
        Contender("ancestor, tuned", ancestor, (*old, *tuned, many), sizes=(100, 500)),
    ]


def environment_of(contender: Contender, top: Path) -> Path:
    """
    Make the contender's environment and give its Python.

    This project and the floor share one, that of the workflow image: miniwdl looks through all installed distributions
    for each task, so that the same run takes longer in a larger environment.
    """
    folder = top / hashlib.sha256(repr(contender.requirements).encode()).hexdigest()[:8]
    if not folder.exists():
        subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        # The ancestor still imports what setuptools no longer brings along.
        needed = [*contender.requirements, "setuptools<81"]
        python = str(folder / "bin" / "python")
        install = ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
        subprocess.run([*install, *needed], check=True)
    return folder / "bin" / "python"


@dataclass(frozen=True)
class Cloudy:
    """What a cloud tells of itself."""

    counts: dict[str, int]
    """Requests, by service and operation."""
    processor_time: tuple[float, float]
    """Seconds that it took so far, and that its jobs took."""

    @property
    def batch(self) -> dict[str, int]:
        """Requests to AWS Batch."""
        return {name: count for name, count in self.counts.items() if name.startswith("batch:")}


class Cloud:
    """A local cloud in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Wait until it is up."""
        self._process = process
        self.environ: Mapping[str, str] = json.loads(self._answer())

    def ask(self, command: str = "read") -> Cloudy:
        """Ask for the requests so far, and the processor time; ``reset`` starts counting requests again first."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return Cloudy(**json.loads(self._answer()))

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the local cloud ended with exit code {self._process.wait()}")
        return line


@contextmanager
def local_cloud(state: Path, slots: int = 0) -> Iterator[Cloud]:
    """Start a cloud, and end it."""
    command = [sys.executable, "-c", CLOUD, str(state), str(slots), str(REQUESTS_PER_SECOND)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Cloud(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)


def start(contender: Contender, python: Path, wdl: str, tasks: int, cloud: Cloud, top: Path) -> subprocess.Popen[bytes]:
    """Start miniwdl with a scatter of tasks; what it says and what it used will stand in files in ``top``."""
    root = Path(cloud.environ["MINIWDL__FILE_IO__ROOT"])
    source = root / "scatter.wdl"
    source.write_text(wdl)
    top.mkdir(exist_ok=True)
    cfg = top / "empty.cfg"
    cfg.touch()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MINIWDL", "AWS_"))}
    environ = {
        **inherited,
        **cloud.environ,
        **dict(contender.options),
        "MINIWDL_CFG": str(cfg),
        "MINIWDL__CALL_CACHE__PUT": "false",
        "MINIWDL__CALL_CACHE__GET": "false",
    }
    runs = tempfile.mkdtemp(dir=root)
    usage = str(top / "usage.json")
    command = [
        str(python),
        "-c",
        contender.prelude + RUN,
        usage,
        "run",
        str(source),
        f"n={tasks}",
        "--dir",
        runs,
        "--no-color",
    ]
    # Not into pipes: nobody reads them while jobs wait.
    with (top / "stdout").open("w") as out, (top / "stderr").open("w") as log:
        return subprocess.Popen(command, env=environ, stdout=out, stderr=log)


def usage(top: Path) -> dict[str, float]:
    """What the last miniwdl used."""
    used: dict[str, float] = json.loads((top / "usage.json").read_text())
    return used


def measure(contender: Contender, python: Path, tasks: int, cloud: Cloud, top: Path) -> Measurement:
    """Run the tasks once, and check what came out."""
    before = cloud.ask("reset")
    started = time.monotonic()
    process = start(contender, python, WDL, tasks, cloud, top)
    code = process.wait()
    wall = time.monotonic() - started
    if code != 0:
        raise RuntimeError(f"{contender.name} failed with {tasks} tasks:\n{(top / 'stderr').read_text()[-3000:]}")
    if json.loads((top / "stdout").read_text())["outputs"]["w.numbers"] != list(range(tasks)):
        raise RuntimeError(f"{contender.name} gave wrong outputs with {tasks} tasks")
    used, after = usage(top), cloud.ask()
    cloudy = (late - early for early, late in zip(before.processor_time, after.processor_time, strict=True))
    calls = after.batch if contender.cloud else {}
    return Measurement(contender.name, tasks, wall, used["cpu"], used["memory"], calls, *cloudy)


def measure_waiting(contender: Contender, python: Path, jobs: int, cloud: Cloud, top: Path) -> Waiting:
    """Have jobs wait for a while, then stop them all."""
    cloud.ask("reset")
    process = start(contender, python, SLEEPING, jobs, cloud, top)
    while (top / "stderr").read_text().count(SUBMITTED) < jobs:
        if process.poll() is not None:
            raise RuntimeError(f"{contender.name} ended early:\n{(top / 'stderr').read_text()[-3000:]}")
        time.sleep(0.2)
    before = processor_time(process.pid)
    time.sleep(SETTLE)
    cpu = (processor_time(process.pid) - before) / SETTLE
    stopped = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait()
    seconds = time.monotonic() - stopped
    calls = cloud.ask().batch
    if calls.get("batch:TerminateJobs", 0) * MAX_STOP + calls.get("batch:TerminateJob", 0) < jobs:
        raise RuntimeError(f"{contender.name} left jobs: {calls}")
    return Waiting(jobs, usage(top)["memory"], cpu, seconds, calls)


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_all(everybody: list[tuple[Contender, Path]], sizes: list[int], rounds: int, top: Path) -> list[Measurement]:
    """Run everybody at each size, taking turns."""
    results: list[Measurement] = []
    for tasks in sizes:
        with local_cloud(top / f"cloud-{tasks}") as cloud:
            slow: set[str] = set()
            for number in range(rounds):
                for contender, python in everybody:
                    done = contender.rounds is not None and number >= contender.rounds
                    if done or contender.name in slow or (contender.sizes and tasks not in contender.sizes):
                        continue
                    result = measure(contender, python, tasks, cloud, top)
                    print(f"N={tasks} round {number + 1}: {result.contender} {result.wall:.1f} s", file=sys.stderr)
                    results.append(result)
                    if result.wall > SLOW:
                        slow.add(contender.name)
    return results


def _used(item: Measurement) -> tuple[float, ...]:
    return item.wall, item.cpu, item.memory, item.cloud_cpu, item.jobs_cpu


def table(results: list[Measurement]) -> str:
    """Write the medians as a table."""
    own = "wall, s | CPU, s | CPU a task, ms | memory, MB"
    rows = [f"| N | contender | runs | {own} | CPU of cloud, of jobs, s | Batch requests |", "|" + "---|" * 9]
    for tasks, name in dict.fromkeys((item.tasks, item.contender) for item in results):
        group = [item for item in results if (item.tasks, item.contender) == (tasks, name)]
        wall, cpu, memory, *others = (statistics.median(values) for values in zip(*map(_used, group), strict=True))
        middle = sorted(group, key=lambda item: item.wall)[len(group) // 2]
        figures = f"{wall:.1f} | {cpu:.1f} | {1000 * cpu / tasks:.1f} | {memory:.0f}"
        beside = ", ".join(f"{seconds:.1f}" for seconds in others) if middle.calls else "-"
        rows.append(f"| {tasks} | {name} | {len(group)} | {figures} | {beside} | {_listed(middle.calls)} |")
    return "\n".join(rows)


def _listed(calls: Mapping[str, int]) -> str:
    return ", ".join(f"{key.removeprefix('batch:')} {count}" for key, count in sorted(calls.items())) or "-"


def waiting_table(result: Waiting) -> str:
    """Write what waiting costs as a table."""
    figures = f"{result.memory:.0f} | {1000 * result.cpu:.1f} | {result.stop:.1f}"
    return "\n".join(
        [
            "| waiting jobs | peak memory, MB | CPU a second, ms | stopped in, s | Batch requests |",
            "|" + "---|" * 5,
            f"| {result.jobs} | {figures} | {_listed(result.calls)} |",
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the task backend beside others.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 2000, 10_000], metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY, help="tasks in flight at once (not the floor)")
    parser.add_argument("--waiting", type=int, default=1000, metavar="N", help="jobs that wait at once; 0 for none")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="contenders whose names begin so")
    parser.add_argument("--json", type=Path, help="write all measurements here")
    arguments = parser.parse_args()
    chosen = tuple(arguments.only or [""])
    waiting = None
    with tempfile.TemporaryDirectory(prefix="bench-orchestration-") as folder:
        top = Path(folder)
        taking_part = [one for one in contenders(arguments.concurrency) if one.name.startswith(chosen)]
        everybody = [(contender, environment_of(contender, top)) for contender in taking_part]
        results = measure_all(everybody, arguments.sizes, arguments.rounds, top)
        if arguments.waiting:
            ours = contenders(arguments.waiting)[0]
            with local_cloud(top / "cloud-waiting", slots=1) as cloud:
                waiting = measure_waiting(ours, environment_of(ours, top), arguments.waiting, cloud, top)
    machine: dict[str, Any] = {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }
    print(f"{machine['system']}, {machine['processors']} processors, Python {machine['python']}\n")
    print(table(results))
    if waiting:
        print(f"\n{waiting_table(waiting)}")
    if arguments.json:
        content = {
            "machine": machine,
            "measurements": [asdict(item) for item in results],
            "waiting": waiting and asdict(waiting),
        }
        arguments.json.write_text(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
