"""
Measure how long commands take to answer ``--help``, beside Python itself, click, and the EFS ancestor's command.

Each command is run by itself, all of them in turn, so that whatever else the machine does falls on all alike. The table
shows medians of the time that passed and of the processor time, which depends less on the rest of the machine. The
goal: the commands of this project take at most 1.5 times as long as ``python -c "import click"``.

Run it with `nox -s bench-startup`, or `python benchmarks/startup.py [--runs 25] [--json FILE]`.

miniwdl-aws 0.12.2 (from PyPI) is installed into an environment of its own by uv.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
REFERENCE = 'python -c "import click"'
ANCESTOR = "miniwdl-aws==0.12.2"
GOAL = 1.5


@dataclass
class Contender:
    """A command, and what its runs took."""

    name: str
    command: list[str]
    held_to_goal: bool = False
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Run it once, with its byte code compiled already."""
        began = time.perf_counter()
        process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        self.seconds.append(time.perf_counter() - began)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(self.command)} ended with {process.returncode}")


def contenders(ancestor: Path | None) -> list[Contender]:
    """List what is compared."""
    python = sys.executable
    found = [
        Contender("python -c pass", [python, "-c", "pass"]),
        Contender('python -c "import argparse"', [python, "-c", "import argparse"]),
        Contender('python -c "import pluggy"', [python, "-c", "import pluggy"]),
        Contender(REFERENCE, [python, "-c", "import click"]),
    ]
    ours = ("miniwdl-aws-submit", "miniwdl-aws", "miniwdl-aws-logs")
    found += [Contender(f"{name} --help", [str(BIN / name), "--help"], held_to_goal=True) for name in ours]
    # Nobody waits for this one: it runs in workflow jobs.
    found.append(Contender("miniwdl-run-s3upload --help", [str(BIN / "miniwdl-run-s3upload"), "--help"]))
    if ancestor:
        found.append(Contender(f"miniwdl-aws-submit --help of {ANCESTOR}", [str(ancestor), "--help"]))
    return found


def install_ancestor(folder: Path) -> Path:
    """Install the EFS ancestor; return its command."""
    python = folder / "bin" / "python"
    uv = shutil.which("uv") or sys.exit("uv is needed to install the ancestor: pip install uv, or --without-ancestor")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    # It imports pkg_resources, which newer setuptools don't have.
    wanted = [ANCESTOR, "setuptools<81"]
    subprocess.run([uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *wanted], check=True)
    return folder / "bin" / "miniwdl-aws-submit"


def measure(found: list[Contender], runs: int) -> None:
    """Run all of them in turn, once more than is counted: the first run compiles."""
    for _ in range(runs + 1):
        for contender in found:
            contender.run()
    for contender in found:
        del contender.seconds[0], contender.cpu[0]


def table(found: list[Contender]) -> list[str]:
    """Compare with click."""
    reference = next(item for item in found if item.name == REFERENCE)
    wall, cpu = statistics.median(reference.seconds), statistics.median(reference.cpu)
    width = max(len(item.name) for item in found)
    rows = [f"{'':<{width}}  {'ms':>6}  {'x click':>7}  {'cpu ms':>6}  {'x click':>7}"]
    for item in found:
        took, used = statistics.median(item.seconds), statistics.median(item.cpu)
        verdict = ("ok" if used <= GOAL * cpu else f"over {GOAL}") if item.held_to_goal else ""
        rows.append(
            f"{item.name:<{width}}  {took * 1000:6.0f}  {took / wall:7.2f}  {used * 1000:6.0f}  {used / cpu:7.2f}"
            f"  {verdict}".rstrip()
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("--runs", type=int, default=25, help="of each command (25)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--without-ancestor", action="store_true", help="do not install the EFS ancestor")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = contenders(None if args.without_ancestor else install_ancestor(Path(folder) / "ancestor"))
        measure(found, args.runs)
    machine = {"python": platform.python_version(), "processors": os.cpu_count(), "load": os.getloadavg()[0]}
    print(f"medians of {args.runs} runs each; {machine}")
    print("\n".join(table(found)))
    if args.json:
        args.json.write_text(json.dumps({"machine": machine, "contenders": [asdict(item) for item in found]}, indent=1))


if __name__ == "__main__":
    main()
