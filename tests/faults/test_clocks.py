"""The clock of the machine that miniwdl runs on jumps: what counts is how much time has passed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_local_cloud import Fault, FaultKind

from .miniwdl import Many, alive, twice, until
from .network import network

if TYPE_CHECKING:
    from pathlib import Path

    from promises import Promise

    from miniwdl_aws_local_cloud import LocalCloud

JUMPING = """
import os, time
real = time.time
def jumping():
    try:
        with open(os.environ["OFFSET"]) as file:
            return real() + float(file.read() or 0)
    except FileNotFoundError:
        return real()
time.time = jumping
"""
"""Python reads it before anything else."""

HOUR = 3600


class Clock:
    """That of miniwdl's machine, as it tells it."""

    def __init__(self, folder: Path) -> None:
        (folder / "sitecustomize.py").write_text(JUMPING)
        self._offset = folder / "offset"
        self.environ = {"PYTHONPATH": str(folder), "OFFSET": str(self._offset)}

    def jump(self, seconds: int) -> None:
        """Be so far from the right time."""
        self._offset.write_text(str(seconds))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """A clock that is right yet."""
    return Clock(tmp_path)


def test_nothing_ends_or_is_done_twice(
    cloud: LocalCloud, root: Path, clock: Clock, load: Any, promise: Promise
) -> None:
    """Jobs wait for a host, for a reason that ends a job when it holds for half an hour."""
    many = Many(cloud, root / "clocks", load(8, 100))
    often = {"MINIWDL__AWS__DESCRIBE_PERIOD_MAX": "1", "MINIWDL__AWS__RUNNABLE_TIMEOUT": str(HOUR // 2)}
    with network(cloud.environ["AWS_ENDPOINT_URL"], stuck=True) as net:
        run = many.start("seconds=1", net=net, **clock.environ, **often)
        until(lambda: run.log.count("waits for a host") >= many.tasks, "AWS told of the reason of each")
        for jump in (HOUR, -HOUR):
            clock.jump(jump)
            asked = net.met["waiting"]
            until(lambda: net.met["waiting"] >= asked + 2 * many.tasks, "each was looked at again")  # noqa: B023
        net.stuck = False
        began = time.monotonic()
        many.check(run)
    assert twice(many) == 0
    assert many.jobs() == many.tasks
    promise(
        "the clock of miniwdl's machine jumps an hour forward, and back by two",
        load=f"{many.tasks} tasks that wait for a host",
        holds="no task is given up, runs twice, or waits for it",
        seen=f"over {time.monotonic() - began:.0f} s later",
    )


def test_what_must_end_ends(cloud: LocalCloud, root: Path, clock: Clock, promise: Promise) -> None:
    """A job's reason to wait holds for as long as a job may wait for it, while the clock is set back."""
    many = Many(cloud, root / "clocks-back", 1)
    cloud.faults.add([Fault(FaultKind.STUCK, times=None)])
    run = many.start(**clock.environ, MINIWDL__AWS__RUNNABLE_TIMEOUT="5")
    until(lambda: "waits for a host" in run.log, "AWS told of the reason")
    clock.jump(-HOUR)
    began = time.monotonic()
    code, _ = run.finish()
    cloud.faults.clear()
    assert code != 0
    assert "stuck-in-queue" in run.log
    assert not alive(cloud)
    promise(
        "the clock of miniwdl's machine is set back by an hour while a job that never starts is waited for",
        load="a task, runnable_timeout = 5",
        holds="the task is given up in its time",
        seen=f"after {time.monotonic() - began:.0f} s",
    )
