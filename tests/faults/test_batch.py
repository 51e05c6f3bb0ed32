"""AWS Batch fails, lags, loses hosts and forgets jobs, and miniwdl is killed: each task still does its work, once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.lookup import PAUSES
from miniwdl_aws_local_cloud import Fault, FaultKind

from .miniwdl import Many, twice
from .network import KINDS, network

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from promises import Promise

    from miniwdl_aws_local_cloud import LocalCloud


def test_requests_fail(cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise) -> None:
    many = Many(cloud, root / "failing", load(30, 300))
    with network(cloud.environ["AWS_ENDPOINT_URL"], chance=chance, failing=0.2) as net:
        many.check(many.start(net=net))
    assert twice(many) == 0
    # A few tasks make a few dozen requests: some kind may be missing among those that fail.
    assert net.met
    assert load(True, False) or set(KINDS) <= set(net.met), "every kind of failure occurred"
    promise(
        "every fifth request to AWS Batch fails: 500, 503, resets, a proxy's page",
        load=f"{many.tasks} tasks",
        holds="each task runs once, and gives what is its own",
        seen=f"{net.met.total()} of {net.requests} requests failed; {many.seconds}",
    )


def test_answers_to_submissions_are_lost(
    cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise
) -> None:
    seen = []
    for lag in load((0.5,), (0, 0.5, 3, 10)):
        many = Many(cloud, root / f"lost-{lag}", load(10, 100))
        with network(cloud.environ["AWS_ENDPOINT_URL"], chance=chance, losing=0.3, lag=lag) as net:
            many.check(many.start(net=net))
        assert net.met["answer lost"] > 0
        if lag < sum(PAUSES):
            assert twice(many) == 0
        seen.append(f"{lag} s: {net.met['answer lost']} lost, {twice(many)} tasks ran twice")
    promise(
        "three of ten answers to SubmitJob are lost, and ListJobs lags behind by 0, 0.5, 3, 10 s",
        load=f"{many.tasks} tasks each",
        holds=f"each task gives what is its own; it runs once where ListJobs lags by less than {sum(PAUSES):.0f} s",
        seen="; ".join(seen),
    )


def test_spot_hosts_are_lost(cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise) -> None:
    many = Many(cloud, root / "spot", load(20, 200))
    losses = {task: losses for task in range(many.tasks) if (losses := _losses(chance, 0.3))}
    cloud.faults.add(
        Fault(
            FaultKind.HOST_LOST,
            job=f"*work-{task:0{len(str(many.tasks - 1))}}-*",
            times=times,
            seconds=chance.uniform(0, 0.3),
        )
        for task, times in losses.items()
    )
    many.check(many.start("seconds=2", "preemptible=20"))  # longer than it takes to lose it, on a busy machine
    cloud.faults.clear()
    lost = many.jobs() - many.tasks
    assert lost > sum(losses.values()) / 2
    promise(
        "three of ten spot hosts are lost",
        load=f"{many.tasks} tasks",
        holds="each task gives what is its own",
        seen=f"{lost} hosts lost, of {len(losses)} tasks; {many.seconds}",
    )


def _losses(chance: random.Random, share: float) -> int:
    losses = 0
    while chance.random() < share:
        losses += 1
    return losses


def test_jobs_are_invisible_and_vanish(
    cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise
) -> None:
    many = Many(cloud, root / "invisible", load(15, 100))
    cloud.faults.add([Fault(FaultKind.INVISIBLE, seconds=load(0.5, 2.0), times=many.tasks)])
    with network(cloud.environ["AWS_ENDPOINT_URL"], chance=chance, vanishing=0.3) as net:
        many.check(many.start("seconds=0.5", net=net))
    cloud.faults.clear()
    assert twice(many) == 0
    promise(
        "jobs are unknown at first, and three of ten are missing from each answer of DescribeJobs",
        load=f"{many.tasks} tasks",
        holds="each task runs once, and gives what is its own",
        seen=f"{net.met['vanished']} times missing; {many.seconds}",
    )


def test_miniwdl_is_killed(cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise) -> None:
    many = Many(cloud, root / "killed", load(20, 50))
    cache = {f"MINIWDL__CALL_CACHE__{name}": "true" for name in ("GET", "PUT")}
    cache["MINIWDL__CALL_CACHE__DIR"] = str(many.folder / "cache")
    moments = sorted(chance.sample(range(many.tasks), load(3, 20)))
    for tasks in moments:
        run = many.start("seconds=0.5", at_once=8, **cache)
        while len(many.starts()) < tasks or not run.log:
            assert run.process.poll() is None, run.log
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.5))
        run.process.kill()
        run.finish()
    many.check(many.start("seconds=0.5", at_once=8, **cache))
    assert twice(many) == 0
    promise(
        "miniwdl gets SIGKILL at random moments, and is started again each time",
        load=f"{many.tasks} tasks, {len(moments)} kills",
        holds="each task runs once, and gives what is its own",
        seen=f"killed when {str(moments)[1:-1]} tasks had begun; {many.seconds}",
    )
