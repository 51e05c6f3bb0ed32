"""Tasks that went to AWS together, as array jobs, fail, are lost, killed and stopped like others: child by child."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud import Fault, FaultKind

from .conftest import STOPPED_WITHIN
from .miniwdl import Many, alive, twice, until
from .network import KINDS, network

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from promises import Promise

    from miniwdl_aws_local_cloud import LocalCloud

    from .miniwdl import Run


ALONE = 10
"""Jobs that go alone before others have to wait, and go together."""


def folders(many: Many) -> list[Path]:
    """Those of arrays, each written before its array is submitted."""
    return list(many.folder.glob("run-*/arrays/*"))


def test_requests_about_arrays_fail(
    cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise
) -> None:
    many = Many(cloud, root / "arrays-failing", load(40, 300), arrays=True)
    wrong = {"failing": 0.2, "losing": 0.2, "losing_arrays": 1, "lag": 0.5}
    with network(cloud.environ["AWS_ENDPOINT_URL"], chance=chance, **wrong) as net:
        many.check(many.start(net=net))
    assert twice(many) == 0
    failed = sum(net.met[kind] for kind in KINDS)
    lost = [net.met[kind] for kind in ("answer lost", "answer for an array lost")]
    assert failed
    assert lost[1] == 1
    assert many.children() > 0
    promise(
        "every fifth request about array jobs fails, and answers to their submission are lost",
        load=f"{many.tasks} tasks",
        holds="each task runs once, and gives what is its own",
        seen=f"{many.children()} children; {failed} of {net.requests} requests failed, {sum(lost)} answers lost; "
        f"{many.seconds}",
    )


def test_hosts_of_children_are_lost(
    cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise
) -> None:
    many = Many(cloud, root / "arrays-spot", load(30, 200), arrays=True)
    losses = round(0.3 * (many.tasks - ALONE))
    cloud.faults.add(
        Fault(FaultKind.HOST_LOST, job="*-array-*", seconds=chance.uniform(0, 0.3)) for _child in range(losses)
    )
    many.check(many.start("seconds=2", "preemptible=20"))  # longer than it takes to lose it, on a busy machine
    unused = len(cloud.faults.pending())
    cloud.faults.clear()
    assert unused == 0
    # A child whose host is lost goes again as a job of its own, the others of its array stay what they are.
    assert many.jobs() + many.children() == many.tasks + losses
    promise(
        "three of ten children of array jobs lose their spot hosts",
        load=f"{many.tasks} tasks",
        holds="each task gives what is its own; no other child goes again",
        seen=f"{many.children()} children, {losses} hosts lost; {many.seconds}",
    )


def test_miniwdl_is_killed_with_arrays_under_way(
    cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise
) -> None:
    """Killed as the folder of an array is written, in turn with some time after tasks have begun."""
    many = Many(cloud, root / "arrays-killed", load(36, 120), arrays=True)
    cache = {f"MINIWDL__CALL_CACHE__{name}": "true" for name in ("GET", "PUT")}
    cache["MINIWDL__CALL_CACHE__DIR"] = str(many.folder / "cache")
    moments = []
    # Some children have not begun when the next run looks for them.
    cloud.faults.add([Fault(FaultKind.SLOW_START, job="*-array-*", seconds=4, times=None)])
    for number in range(load(3, 10)):
        run = many.start("seconds=0.5", **cache)
        begun, known = len(many.starts()), folders(many)
        at_folder = number % 2 == 0

        def is_time() -> bool:
            assert run.process.poll() is None or len(many.starts()) == many.tasks, run.log  # noqa: B023
            moved = set(folders(many)) > set(known) if at_folder else len(many.starts()) > begun  # noqa: B023
            return moved or run.process.poll() is not None or len(many.starts()) == many.tasks  # noqa: B023

        until(is_time, "some were submitted")
        time.sleep(chance.uniform(0, 0.05 if at_folder else 1.0))
        run.process.kill()
        run.finish()
        moments.append(len(many.starts()))
    many.check(many.start("seconds=0.5", **cache))
    cloud.faults.clear()
    assert twice(many) == 0
    assert many.children() > 0
    promise(
        "miniwdl gets SIGKILL while array jobs are submitted and run, and is started again each time",
        load=f"{many.tasks} tasks, {len(moments)} kills",
        holds="each task runs once, and gives what is its own; children are adopted one by one",
        seen=f"{many.children()} children; killed when {str(moments)[1:-1]} tasks had begun; {many.seconds}",
    )


def test_no_child_outlives_a_run_that_is_stopped(
    cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise
) -> None:
    """Stopped once the folder of an array is written, before AWS has taken the array, as it does, and after."""
    stopped = [Many(cloud, root / f"arrays-stopped-{number}", 30, arrays=True) for number in range(load(3, 12))]
    # Arrays have to wait between their folder and their job.
    cloud.faults.add([Fault(FaultKind.DELAY, operation="SubmitJob", seconds=0.3, times=None)])
    with network(cloud.environ["AWS_ENDPOINT_URL"], chance=chance, throttling_arrays=0.6) as net:
        for group in (stopped[at : at + 3] for at in range(0, len(stopped), 3)):
            runs = [(many, many.start("seconds=300", net=net)) for many in group]
            for many, run in runs:
                _stop_with_a_folder(many, run, chance)
            until(lambda: not alive(cloud), "all of their jobs ended", STOPPED_WITHIN)
    cloud.faults.clear()
    taken = sum(many.children() > 0 for many in stopped)
    promise(
        "a run gets SIGTERM while AWS doesn't take the array job that it submits, or soon after it has",
        load=f"{len(stopped)} runs of 30 tasks",
        holds=f"no job of it lives {STOPPED_WITHIN:.0f} s later, and no folder is left",
        seen=f"AWS had refused {net.met['array refused']} requests, and taken the arrays of {taken} runs",
    )


def _stop_with_a_folder(many: Many, run: Run, chance: random.Random) -> None:
    def is_time() -> bool:
        assert run.process.poll() is None, run.log
        return bool(folders(many))

    until(is_time, "an array was written")
    time.sleep(chance.choice([0.0, chance.uniform(0, 2)]))
    run.process.send_signal(signal.SIGTERM)
    code, _ = run.finish(STOPPED_WITHIN)
    assert code != 0, run.log
    assert not many.left()
