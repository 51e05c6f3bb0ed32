"""
Measure many workflows at once on one account.

AWS takes 50 requests a second from an account, whichever of its workflows sends them, and so does the local cloud here.
Twenty workflows of 200 trivial tasks start at the same time, each as a miniwdl process of its own: as preset, and with
`array = off`. All must finish, and none may starve: what the slowest takes is told beside the median. The ideal is what
the requests would take if no other was sent: one for a hundred tasks that end, and one for each job that is submitted
by itself.

All processes share the processors of this machine, on AWS each workflow has its own. So where the machine is small, it
is the processors that are measured, and not the account.

Usage: nox -s bench-account -- [--workflows 20] [--tasks 200] [--rounds 1] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import (
    CONCURRENCY,
    REQUESTS_PER_SECOND,
    WDL,
    contenders,
    environment_of,
    local_cloud,
    start,
)

from miniwdl_aws_core.batch.limits import MAX_DESCRIBE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PATIENCE = 3600.0
NAMES = ("this project", "this project, array = off")


@dataclass(frozen=True)
class Crowd:
    """How a crowd of workflows fared."""

    contender: str
    walls: list[float]
    """Seconds of each workflow, from the common start."""
    calls: Mapping[str, int]
    ideal: float
    """Seconds that the requests which can't be saved take."""


def measure(name: str, workflows: int, tasks: int, top: Path) -> Crowd:
    """Run the workflows once, and check what came out."""
    contender = next(one for one in contenders(CONCURRENCY) if one.name == name)
    python = environment_of(contender, top)
    with tempfile.TemporaryDirectory(dir=top) as state, local_cloud(Path(state) / "cloud") as cloud:
        cloud.ask("reset")
        began = time.monotonic()
        folders = [Path(state) / f"workflow-{number}" for number in range(workflows)]
        running = {start(contender, python, WDL, tasks, cloud, folder): folder for folder in folders}
        walls: list[float] = []
        while running and time.monotonic() - began < PATIENCE:
            for process in [item for item in running if item.poll() is not None]:
                walls.append(time.monotonic() - began)
                _check(process.returncode, running.pop(process), tasks)
            time.sleep(0.05)
        if running:
            raise RuntimeError(f"{len(running)} workflows have not finished")
        calls = cloud.ask().batch
    submissions = workflows * (tasks if name.endswith("off") else 1)
    requests = submissions + workflows * -(-tasks // MAX_DESCRIBE)
    return Crowd(name, sorted(walls), calls, requests / REQUESTS_PER_SECOND)


def _check(code: int, folder: Path, tasks: int) -> None:
    if code != 0:
        raise RuntimeError(f"a workflow failed:\n{(folder / 'stderr').read_text()[-3000:]}")
    if json.loads((folder / "stdout").read_text())["outputs"]["w.numbers"] != list(range(tasks)):
        raise RuntimeError("a workflow gave wrong outputs")


def table(crowds: list[Crowd]) -> str:
    """Write them as a table."""
    rows = [
        "| contender | all done, s | ideal, s | median, s | slowest / median | requests | SubmitJob | DescribeJobs |",
        "|" + "---|" * 8,
    ]
    for crowd in crowds:
        median = statistics.median(crowd.walls)
        figures = f"{crowd.walls[-1]:.1f} | {crowd.ideal:.1f} | {median:.1f} | {crowd.walls[-1] / median:.2f}"
        calls = [
            sum(crowd.calls.values()),
            *(crowd.calls.get(f"batch:{key}", 0) for key in ("SubmitJob", "DescribeJobs")),
        ]
        rows.append(f"| {crowd.contender} | {figures} | {' | '.join(map(str, calls))} |")
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure many workflows at once on one account.")
    parser.add_argument("--workflows", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=200, help="of each workflow")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write all measurements here")
    arguments = parser.parse_args()
    machine: dict[str, Any] = {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }
    with tempfile.TemporaryDirectory(prefix="bench-account-") as folder:
        names = [name for _ in range(arguments.rounds) for name in NAMES]
        crowds = [measure(name, arguments.workflows, arguments.tasks, Path(folder)) for name in names]
    print(f"{machine['system']}, {machine['processors']} processors, Python {machine['python']}\n")
    print(table(crowds))
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"machine": machine, "crowds": [asdict(item) for item in crowds]}, indent=2)
        )


if __name__ == "__main__":
    main()
