"""
What a task used of its host, as the wrapper around its command measured it.

The wrapper is a few lines of shell that do no arithmetic: they leave what the kernel says, line by line, in a file
beside the exit code, and this is where it is read. A line is a word and its values::

    begun 5121.70                      /proc/uptime, in seconds
    ended 5242.11
    processors 0-7                     a list of the kernel's
    0m0.010s 0m0.020s                  times of the shell itself, user and system
    1m3.120s 0m2.010s                  of its children
    cgroup 2                           version of the container's own control group, when it has one
    cpu 65310022                       microseconds; nanoseconds in version 1
    peak 1073741824                    bytes, with caches of files
    held 536870912                     bytes, without them: the largest sample
    io 259:0 rbytes=4096 wbytes=0 ...  a line of io.stat, or of blkio.throttle.io_service_bytes
    at 60 536870912 32000000           a sample: seconds since the beginning, bytes held, and as ``cpu``

The file comes out of the hands of the task: what is nonsense is left out.

Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html,
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and the others beside it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "MAX_POINTS",
    "MAX_USAGE",
    "SAMPLED_FROM",
    "Source",
    "Usage",
    "UsagePoint",
    "UsageSeries",
    "parse_usage",
    "usage_name",
]

MAX_POINTS = 300
"""Points of a series."""

SAMPLED_FROM = 60
"""Seconds beyond which a task leaves a series."""

MAX_USAGE = 64 * 1024
"""Bytes that are read of such a file."""

_MOST = (1 << 63) - 1
_TIMES = re.compile(r"(\d{1,9})m(\d{1,2}(?:\.\d{1,9})?)s (\d{1,9})m(\d{1,2}(?:\.\d{1,9})?)s")
_IO = re.compile(r"\b(rbytes=|wbytes=|Read |Write )(\d{1,18})\b")
_WHOLE = re.compile(r"\d{1,18}")
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,9})?")
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


class Source(StrEnum):
    """Who counted."""

    CGROUP2 = "cgroup2"
    """The kernel, for the container alone, in a control group of version 2."""
    CGROUP1 = "cgroup1"
    """The same, of version 1."""
    TIMES = "times"
    """The shell, which knows the CPU time of processes that it and their parents have waited for, and no memory."""


_VERSIONS = {"1": (Source.CGROUP1, 1_000_000_000), "2": (Source.CGROUP2, 1_000_000)}
"""By the version of control groups, with the unit in which it counts CPU time: so many are a second."""


@dataclass(frozen=True)
class Usage:
    """What a task used; ``None`` is what nobody could tell."""

    source: Source
    wall_seconds: float | None = None
    """From the beginning of the task's command to its end."""
    cpu_seconds: float | None = None
    """Of all processors, user and system."""
    peak_memory: int | None = None
    """
    Bytes, the most at any time, as the kernel counts for the limit: caches of files are in it, which the kernel takes
    back when memory gets short. A task that reads much comes near its limit by them alone.
    """
    held_memory: int | None = None
    """
    Bytes that can't be taken back, without caches: the most of what was sampled each second. Shorter peaks are missing,
    so a task needs between this and ``peak_memory``. ``None`` when it ended before the first sample.
    """
    read_bytes: int | None = None
    """From block devices; what goes over the network, to FSx for Lustre too, isn't in it."""
    written_bytes: int | None = None
    """The same."""
    processors: int | None = None
    """That the task saw: AWS Batch gives each container all of its host's, and shares of their time."""


@dataclass(frozen=True)
class UsagePoint:
    """A sample."""

    seconds: float
    """Since the beginning."""
    memory: int
    """Bytes held, as :attr:`Usage.held_memory`."""
    cpu_seconds: float
    """Used since the beginning."""


@dataclass(frozen=True)
class UsageSeries:
    """Samples over time of a task that took longer than :data:`SAMPLED_FROM`, at most :data:`MAX_POINTS`; else none."""

    points: tuple[UsagePoint, ...] = ()


def usage_name(number: int) -> str:
    """
    Name the file in a task's directory.

    :param number: :attr:`~miniwdl_aws_core.records.jobs.JobRecord.try_number`.
    """
    return f"usage{number if number > 1 else ''}.txt"


def parse_usage(content: bytes) -> tuple[Usage, UsageSeries] | None:
    """Read such a file; ``None`` when it says nothing of what was used."""
    told: dict[str, str] = {}
    moved: dict[str, int] = {}
    samples: list[list[str]] = []
    times: list[float] = []
    for line in content[:MAX_USAGE].decode("ascii", errors="replace").splitlines():
        word, _, value = line.partition(" ")
        if word == "io":
            for name, amount in _IO.findall(value):
                moved[name[0].lower()] = min(moved.get(name[0].lower(), 0) + int(amount), _MOST)
        elif word == "at":
            samples.append(value.split())
        elif found := _TIMES.fullmatch(line):
            times.append(int(found[1]) * 60 + float(found[2]) + int(found[3]) * 60 + float(found[4]))
        else:
            told[word] = value.strip()
    source, second = _VERSIONS.get(told.get("cgroup", ""), (Source.TIMES, 1))
    spent = _whole(told.get("cpu"))
    counted = source is not Source.TIMES
    if counted and spent is not None:
        cpu = spent / second
    elif len(times) == 2:
        cpu = times[1]
    else:
        return None
    usage = Usage(
        source=source,
        wall_seconds=_between(told.get("begun"), told.get("ended")),
        cpu_seconds=cpu,
        peak_memory=_whole(told.get("peak")) if counted else None,
        held_memory=_whole(told.get("held")) if counted else None,
        read_bytes=moved.get("r") if counted else None,
        written_bytes=moved.get("w") if counted else None,
        processors=_processors(told.get("processors")),
    )
    return usage, UsageSeries(tuple(_points(samples, second))[:MAX_POINTS] if counted else ())


def _points(samples: list[list[str]], second: int) -> Iterator[UsagePoint]:
    for sample in samples:
        if len(sample) == 3 and all(map(_WHOLE.fullmatch, sample)):
            seconds, memory, spent = map(int, sample)
            yield UsagePoint(float(seconds), memory, spent / second)


def _whole(value: str | None) -> int | None:
    return int(value) if value and _WHOLE.fullmatch(value) else None


def _between(begun: str | None, ended: str | None) -> float | None:
    if not (begun and ended and _SECONDS.fullmatch(begun) and _SECONDS.fullmatch(ended)):
        return None
    return max(0.0, round(float(ended) - float(begun), 3))


def _processors(value: str | None) -> int | None:
    """Count those of a list of the kernel's: ``0-3,8``."""
    ranges = [_RANGE.fullmatch(item) for item in (value or "").split(",")]
    found = [(int(item[1]), int(item[2] or item[1])) for item in ranges if item]
    return sum(max(0, last - first + 1) for first, last in found) or None
