"""
Measure what recording costs: the jobs and hosts that reports are made of, written by the process that runs a workflow.

The same scatter of trivial tasks runs with records and without them, in turns, each one first every other round. What
counts is processor time of the miniwdl process, user and system: other work on the machine lengthens the wall clock
more than recording could. Of each round the difference is taken, so that a machine that becomes slower hits both.

Where the machine is busy, differences of whole runs are mostly noise. So the time that threads spend recording is
summed up besides: that is the cost itself, but for what is not called there, such as a little more garbage.

Usage: nox -s bench-recording -- [--tasks 500] [--rounds 7] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from orchestration import CONCURRENCY, Measurement, contenders, environment_of, local_cloud, measure

RECORDING = """
from miniwdl_aws_batch_backend.records.hosts import Hosts
from miniwdl_aws_batch_backend.records.recorder import Recorder
recording = [(Recorder, "ended"), (Hosts, "seen"), (Hosts, "_work")]
"""

WITH = f"""{RECORDING}
from time import thread_time
noted = {{"recording": 0.0}}
def timed(work):
    def record(*arguments, **named):
        began = thread_time()
        work(*arguments, **named)
        noted["recording"] += thread_time() - began
    return record
for owner, name in recording:
    setattr(owner, name, timed(getattr(owner, name)))
"""

WITHOUT = f"""{RECORDING}
for owner, name in recording:
    setattr(owner, name, lambda *arguments, **named: None)
"""


@dataclass(frozen=True)
class Round:
    """One run with records, and one without."""

    recorded: Measurement
    bare: Measurement
    recording: float
    """Seconds of processor time that threads of the first one spent recording."""


def measure_rounds(tasks: int, rounds: int, top: Path) -> list[Round]:
    """Run both, taking turns."""
    plain = next(one for one in contenders(CONCURRENCY) if one.name.endswith("array = off"))
    python = environment_of(plain, top)
    results: list[Round] = []
    with local_cloud(top / "cloud") as cloud:
        for number in range(rounds):
            measured: dict[str, Measurement] = {}
            recording = 0.0
            turns = [("with records", WITH), ("without", WITHOUT)]
            for name, prelude in reversed(turns) if number % 2 else turns:
                contender = replace(plain, name=name, prelude=prelude)
                measured[name] = measure(contender, python, tasks, cloud, top)
                recording += json.loads((top / "usage.json").read_text()).get("recording", 0.0)
            results.append(Round(measured["with records"], measured["without"], recording))
            print(f"round {number + 1}: {_line(results[-1], tasks)}", file=sys.stderr)
    return results


def _line(item: Round, tasks: int) -> str:
    each = 1000 / tasks
    return (
        f"{item.recorded.cpu * each:.2f} ms a task with, {item.bare.cpu * each:.2f} without, "
        f"{item.recording * each:.2f} recording"
    )


def table(results: list[Round], tasks: int) -> str:
    """Write medians and spreads as a table."""
    each = 1000 / tasks
    columns = {
        "CPU a task with records, ms": [item.recorded.cpu * each for item in results],
        "without, ms": [item.bare.cpu * each for item in results],
        "difference, ms": [(item.recorded.cpu - item.bare.cpu) * each for item in results],
        "difference, %": [100 * (item.recorded.cpu / item.bare.cpu - 1) for item in results],
        "spent recording, ms": [item.recording * each for item in results],
        "spent recording, %": [100 * item.recording / item.recorded.cpu for item in results],
        "wall with, s": [item.recorded.wall for item in results],
        "wall without, s": [item.bare.wall for item in results],
    }
    rows = ["| | median | least | most |", "|" + "---|" * 4]
    for name, values in columns.items():
        rows.append(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |")
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what recording costs.")
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write all measurements here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-recording-") as folder:
        results = measure_rounds(arguments.tasks, arguments.rounds, Path(folder))
    machine = f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    print(f"{machine}, {arguments.tasks} tasks, {arguments.rounds} rounds\n")
    print(table(results, arguments.tasks))
    if arguments.json:
        content = {"machine": machine, "rounds": [asdict(item) for item in results]}
        arguments.json.write_text(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
