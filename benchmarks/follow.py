"""
Measure how soon a follower shows a line, at what cost, and whether it shows all of them.

Lines are put into CloudWatch Logs of the local cloud as the awslogs driver does it: each stream's lines of a second in
one PutLogEvents request. A line holds its number and the moment of that request; it is read from the follower's
standard output, and the difference is its lag. Cloud, writer, follower and reader are processes of their own.

The first row is the main one: 200,000 lines over a minute, 50 streams, 5 requests a second. The others are variations
of it, and other followers of one stream.

Run it with `nox -s bench-follow`, or `python benchmarks/follow.py [--lines 200000] [--seconds 60] [--tasks 10000]
[--only WORD] [--json FILE]`. All of it takes about 6 minutes.

A second table tells what the live panel and `miniwdl-aws status` take of AWS Batch, by looks.py.

The contender awslogs (from PyPI) is installed into an environment of its own by uv. `aws logs tail` is part of version
2 of the AWS CLI, which is not on PyPI: it is measured where the `aws` on PATH has it; elsewhere the table says so.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import looks

from miniwdl_aws_local_cloud import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

GROUP = "/bench/follow"
LINE = re.compile(r"stream=(\S+) n=(\d+) put=(\d+\.\d+)")
PADDING = "x" * 60
"""Makes a line as long as those that tools write."""
PATIENCE = 30.0
"""Seconds that a follower may still take after the last line was written."""
AWS_TAIL = "aws logs tail --follow"
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Scenario:
    """What is written, and who follows it."""

    name: str
    command: list[str]
    """The follower; ``STREAMS`` in it stands for the names of the streams."""
    shares: tuple[float, ...]
    """Of the lines, by stream."""
    lines: int
    seconds: int

    @property
    def streams(self) -> list[str]:
        """Names of the streams."""
        prefix = re.sub(r"[^a-z0-9]+", "-", self.name.lower())
        return [f"{prefix}-{number}" for number in range(len(self.shares))]

    def batches(self) -> Iterator[tuple[int, int, range]]:
        """Second, stream and numbers of the lines of each request."""
        for second in range(self.seconds):
            for stream, share in enumerate(self.shares):
                first, last = (int(self.lines * share * (second + step) / self.seconds) for step in (0, 1))
                if last > first:
                    yield second, stream, range(first, last)


@dataclass
class Result:
    """What came out of a follower."""

    expected: int
    lags: list[float] = field(default_factory=list)
    doubled: int = 0
    disordered: int = 0
    cpu: float = 0.0
    memory: int = 0
    """KiB at most."""
    requests: int = 0
    seconds: float = 0.0


def serve(state: str, pipe: Connection) -> None:
    """Run the cloud; answer each message with the number of log requests since the last one."""
    with LocalCloud(Path(state)) as cloud:
        pipe.send(dict(cloud.environ))
        while pipe.recv():
            counts = cloud.counts.read()
            cloud.counts.reset()
            pipe.send(counts.get("logs:GetLogEvents", 0) + counts.get("logs:FilterLogEvents", 0))


def write(scenario: Scenario) -> None:
    """Put the lines, the requests of each second spread over it."""
    logs = boto3.client("logs")
    started = time.time()
    for second, stream, numbers in scenario.batches():
        wait = started + second + stream / len(scenario.shares) - time.time()
        if wait > 0:
            time.sleep(wait)
        name, now = scenario.streams[stream], time.time()
        events = [
            {"timestamp": int(now * 1000), "message": f"stream={name} n={number} put={now:.3f} {PADDING}"}
            for number in numbers
        ]
        logs.put_log_events(logGroupName=GROUP, logStreamName=name, logEvents=events)


def measure(scenario: Scenario, pipe: Connection) -> Result:
    """Write and follow at the same time."""
    logs = boto3.client("logs")
    for name in scenario.streams:
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
    result = Result(sum(len(numbers) for _second, _stream, numbers in scenario.batches()))
    count(pipe)
    started = time.monotonic()
    follower = subprocess.Popen(command_of(scenario), stdout=subprocess.PIPE, text=True)
    writer = SPAWN.Process(target=write, args=(scenario,))
    writer.start()
    deadline = threading.Timer(scenario.seconds + PATIENCE, os.kill, [follower.pid, signal.SIGTERM])
    deadline.start()
    read(follower, result)
    result.seconds = time.monotonic() - started
    result.requests = count(pipe)
    deadline.cancel()
    writer.join()
    return result


def command_of(scenario: Scenario) -> list[str]:
    """Command line of the follower."""
    at = scenario.command.index("STREAMS")
    return [*scenario.command[:at], *scenario.streams, *scenario.command[at + 1 :]]


def read(follower: subprocess.Popen[str], result: Result) -> None:
    """Read a follower's lines until all are there or it ends, and end it."""
    latest: dict[str, int] = {}
    assert follower.stdout
    for line in follower.stdout:
        found = LINE.search(line)
        if not found:
            continue
        name, number = found[1], int(found[2])
        if number <= latest.get(name, -1):
            result.doubled += 1
            continue
        result.disordered += number != latest.get(name, -1) + 1
        latest[name] = number
        result.lags.append(time.time() - float(found[3]))
        if len(result.lags) == result.expected:
            break
    # Not send_signal, which would reap a follower that has ended by itself, and with it what it used.
    os.kill(follower.pid, signal.SIGTERM)
    _pid, _status, usage = os.wait4(follower.pid, 0)
    follower.returncode = 0
    follower.stdout.close()
    result.cpu = usage.ru_utime + usage.ru_stime
    result.memory = usage.ru_maxrss


def count(pipe: Connection) -> int:
    """Log requests since the last call."""
    pipe.send(True)
    return int(pipe.recv())


def scenarios(lines: int, seconds: int, contenders: dict[str, list[str]]) -> list[Scenario]:
    """Everything that is measured."""
    streams = 50
    even = tuple(1 / streams for _ in range(streams))
    weights = [1 / (rank + 1) for rank in range(streams)]
    skewed = tuple(weight / sum(weights) for weight in weights)

    def ours(rate: int) -> list[str]:
        program = [sys.executable, "-m", "miniwdl_aws_cwlogs.cli", "--follow", "--rate", str(rate)]
        return [*program, "--group", GROUP, "--stream", "STREAMS"]

    made = [Scenario(f"{streams} even streams, {rate}/s", ours(rate), even, lines, seconds) for rate in (5, 10)]
    made.append(Scenario(f"{streams} skewed streams, 5/s", ours(5), skewed, lines, seconds))
    single = {"miniwdl-aws-logs, 5/s": ours(5), **contenders}
    return made + [
        Scenario(f"1 stream, {name}", command, (1.0,), lines // 10, seconds // 2) for name, command in single.items()
    ]


def contenders(folder: Path) -> dict[str, list[str]]:
    """Other followers of one stream."""
    python = folder / "contender/bin/python"
    uv = find_uv()
    subprocess.run([uv, "venv", "--quiet", python.parent.parent], check=True)
    # Its own requirements don't name setuptools, which it imports.
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "awslogs", "setuptools<81"], check=True)
    found = {"awslogs": [str(python.with_name("awslogs")), "get", GROUP, "STREAMS", "--watch"]}
    aws = shutil.which("aws")
    if aws and b"aws-cli/2" in subprocess.run([aws, "--version"], capture_output=True, check=True).stdout:
        found[AWS_TAIL] = [aws, "logs", "tail", GROUP, "--log-stream-names", "STREAMS", "--follow"]
    return found


def find_uv() -> str:
    """Path of uv, which may be installed for Python only."""
    found = shutil.which("uv")
    if found:
        return found
    from uv import find_uv_bin

    return str(find_uv_bin())


def figures(scenario: Scenario, result: Result) -> dict[str, Any]:
    """What is reported of a measurement."""
    lags = sorted(result.lags) or [float("nan")]
    shown = len(result.lags)
    return {
        "scenario": scenario.name,
        "written": result.expected,
        "shown": shown,
        "doubled": result.doubled,
        "disordered": result.disordered,
        "median_lag_s": round(statistics.median(lags), 3),
        "p99_lag_s": round(lags[min(len(lags) - 1, int(len(lags) * 0.99))], 3),
        "requests_per_s": round(result.requests / result.seconds, 2),
        "cpu_ms_per_1000_lines": round(1000 * result.cpu / max(shown, 1) * 1000, 1),
        "memory_mib": round(result.memory / 1024),
    }


HEADINGS = {
    "scenario": "scenario",
    "written": "written",
    "shown": "shown",
    "doubled": "doubled",
    "disordered": "gaps",
    "median_lag_s": "median lag, s",
    "p99_lag_s": "p99 lag, s",
    "requests_per_s": "requests/s",
    "cpu_ms_per_1000_lines": "CPU per 1,000 lines, ms",
    "memory_mib": "memory, MiB",
}


def row(cells: Any) -> str:
    """One line of the table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Measure followers of CloudWatch logs on the local cloud.")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--tasks", type=int, default=10_000, help="of the run that is looked at")
    parser.add_argument("--only", default="", help="measure only scenarios whose name has this in it")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    measured: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        others = contenders(Path(folder))
        pipe, other = SPAWN.Pipe()
        # A daemon, so that it ends with this process whatever happens.
        cloud = SPAWN.Process(target=serve, args=(f"{folder}/cloud", other), daemon=True)
        cloud.start()
        os.environ.update(pipe.recv())
        boto3.client("logs").create_log_group(logGroupName=GROUP)
        print(row(HEADINGS.values()))
        print(row("---" for _ in HEADINGS), flush=True)
        for scenario in scenarios(options.lines, options.seconds, others):
            if options.only in scenario.name:
                measured.append(figures(scenario, measure(scenario, pipe)))
                print(row(measured[-1][key] for key in HEADINGS), flush=True)
        if AWS_TAIL not in others:
            why = "skipped: there is no AWS CLI version 2 on PATH, and version 1 has no `logs tail`"
            print(row([f"1 stream, {AWS_TAIL}", why, *[""] * (len(HEADINGS) - 2)]), flush=True)
        pipe.send(False)
        cloud.join()
    print(f"\n{looks.table(options.tasks)}")
    if options.json:
        report = {"machine": f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", "measured": measured}
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
