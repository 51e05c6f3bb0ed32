"""Signals to a whole process, with jobs that are processes of their own."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import WDL
from fake_batch import Fate, client_error

from miniwdl_aws_core.records.jobs import BATCH_JOBS, Followed, JobRecord
from miniwdl_aws_core.records.lines import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_batch import FakeBatch

SCATTER = """
version 1.1
workflow w {
    input { Array[Int] items = range(12)  String log }
    scatter (i in items) { call one { input: i = i, log = log } }
    output { Array[Int] doubled = one.doubled  Array[File] made = one.made }
}
task one {
    input { Int i  String log }
    command <<<
        echo "~{i} $AWS_BATCH_JOB_ID" >> "~{log}"
        sleep ~{if i % 2 == 0 then "0.1" else "SLEEP"}
        echo made > made; ln -s "$PWD/made" link
        echo $((2 * ~{i}))
    >>>
    output { Int doubled = read_int(stdout())  File made = "made" }
}
"""


class Killer:
    """Sends a signal to this process some time after the first submission, unless the test has ended."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.timer: threading.Timer | None = None
        self.lock = threading.Lock()
        self.killed = 0.0

    def arm(self) -> None:
        with self.lock:
            if self.timer is None:
                self.timer = threading.Timer(self.delay, self.kill)
                self.timer.start()

    def kill(self) -> None:
        self.killed = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)

    def disarm(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer.join()


@pytest.fixture
def tolerant() -> Iterator[None]:
    """Survive a signal that comes before or after miniwdl minds them."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("moment", range(20))
def test_no_job_is_left_running(run, tolerant, monkeypatch, moment: int) -> None:
    if moment % 2:  # nearly all of them are children of arrays
        monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.BURST", 1)
    chance = random.Random(moment)
    killer = Killer(chance.uniform(0, 1.2))

    def slow_submission(_job: Any) -> None:
        killer.arm()
        time.sleep(chance.uniform(0, 0.2))

    run.batch.on_submit = slow_submission
    try:
        run(SCATTER.replace("SLEEP", "60"), {"log": str(run.root / "log")}, {"aws": {"submit_rate": 20}})
    except WDL.runtime.RunFailed as exc:
        cause = exc
        while cause.__cause__ is not None:
            cause = cause.__cause__
        assert isinstance(cause, WDL.runtime.Terminated)
    finally:
        killer.disarm()
    assert time.monotonic() - killer.killed < 20
    assert run.batch.alive == []
    assert all(job.process is None or job.process.poll() is not None for job in run.batch.submitted)


@pytest.mark.parametrize("fate", [None, "CannotPullContainerError: toomanyrequests"], ids=["tool", "image"])
def test_ctrl_c_while_waiting_for_a_retry(run, tolerant, fate: str | None) -> None:
    killer = Killer(0.7)
    run.batch.on_submit = lambda _job: killer.arm()
    run.batch.fates = [Fate(never_start=fate)] * 50
    failing = (
        SCATTER.replace("echo made > made", "exit 1")
        .replace("SLEEP", "0.1")
        .replace("task one {", "task one { runtime { maxRetries: 3 }")
    )
    with pytest.raises(WDL.runtime.RunFailed):
        run(failing, {"log": str(run.root / "log")}, {"aws": {"retry_wait": 600}})
    killer.disarm()
    assert time.monotonic() - killer.killed < 20


def test_termination_outlives_trouble_with_AWS(run, tolerant) -> None:  # noqa: N802
    killer = Killer(0.3)
    run.batch.on_submit = lambda _job: killer.arm()
    run.batch.errors["terminate_job"] = [client_error("TerminateJob", "TooManyRequestsException", status=429)] * 6
    with pytest.raises(WDL.runtime.RunFailed):
        run(SCATTER.replace("SLEEP", "60"), {"log": str(run.root / "log")})
    killer.disarm()
    assert run.batch.alive == []
    recorded = [
        record
        for path in run.root.rglob(BATCH_JOBS)
        for record in read_file(JobRecord, path.parent, BATCH_JOBS).records
    ]
    # Those with even numbers may have ended before.
    assert {record.followed for record in recorded if int(record.call_path[-2:]) % 2} == {Followed.STOPPED}
    assert {record.followed for record in recorded} <= {Followed.STOPPED, Followed.DONE}


# --- a process that is killed, and another one after it


class Cloud(BaseManager):
    """The fake, for other processes."""


class Orchestrators:
    """Starts processes that run the workflow."""

    def __init__(self, run: Any, address: Any) -> None:
        self.run = run
        self.address = address
        self.log = run.root / "log"

    def start(self, wdl: str, cfg: dict[str, dict[str, Any]] | None = None) -> subprocess.Popen[str]:
        source = self.run.root / "w.wdl"
        source.write_text(wdl)
        options = {section: dict(values) for section, values in self.run.options.items()}
        options["call_cache"] = {"put": True, "get": True, "dir": str(self.run.root / "cache")}
        for section, values in (cfg or {}).items():
            options.setdefault(section, {}).update(values)
        argument = json.dumps(
            {"address": self.address, "wdl": str(source), "inputs": {"log": str(self.log)}, "cfg": options}
        )
        script = Path(__file__).with_name("orchestrator.py")
        return subprocess.Popen(
            [sys.executable, str(script), argument], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def done(self) -> list[str]:
        return sorted(self.log.read_text().split()[::2], key=int) if self.log.exists() else []

    def kill_when(self, process: subprocess.Popen[str], condition: Any) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.communicate()

    def finish(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return json.loads(out)


@pytest.fixture
def orchestrators(run: Any, batch: FakeBatch) -> Iterator[Orchestrators]:
    Cloud.register("batch", callable=lambda: batch)
    manager = Cloud(("127.0.0.1", 0), authkey=b"test")
    server = manager.get_server()

    def serve() -> None:
        with suppress(SystemExit):  # how the loop ends
            server.serve_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield Orchestrators(run, server.address)
    server.stop_event.set()
    thread.join(10)


ALL = [str(number) for number in range(12)]
ODD_SLEEP = SCATTER.replace("SLEEP", "3")


def half_done(orchestrators: Orchestrators, batch: FakeBatch) -> Any:
    def condition() -> bool:
        cached = list((orchestrators.run.root / "cache").rglob("*.json"))
        return len(orchestrators.done()) == 12 and len(cached) >= 6

    return condition


def test_jobs_of_a_killed_run_are_gone_on_with(orchestrators: Orchestrators, batch: FakeBatch) -> None:
    first = orchestrators.start(ODD_SLEEP)
    orchestrators.kill_when(first, half_done(orchestrators, batch))
    assert len(batch.alive) == 6
    result = orchestrators.finish(orchestrators.start(ODD_SLEEP))
    assert result["outputs"]["doubled"] == [2 * number for number in range(12)]
    assert orchestrators.done() == ALL, "each task did its work once"
    assert len(batch.submitted) == 12
    for made in result["outputs"]["made"]:
        assert Path(made).read_text() == "made\n"
    for number in range(1, 12, 2):
        work = Path(result["dir"], f"call-one-{number:02d}", "work")
        assert not work.is_symlink()
        assert (work / "link").read_text() == "made\n", "absolute links among the results still lead somewhere"


def test_children_of_arrays_are_gone_on_with(orchestrators: Orchestrators, batch: FakeBatch) -> None:
    gate = Path(f"{orchestrators.log}.go")
    many = SCATTER.replace("range(12)", "range(30)").replace(
        "sleep ~{if", 'until [ $((~{i} % 2)) = 0 ] || [ -e "~{log}.go" ]; do sleep 0.1; done\n: ~{if'
    )
    first = orchestrators.start(many)
    orchestrators.kill_when(first, lambda: len(orchestrators.done()) == 30)
    assert any(job.index is not None for job in batch.alive)
    (left,) = (path for path in orchestrators.run.root.glob("runs/*/arrays") if not path.parent.is_symlink())
    second = orchestrators.start(many)
    gate.touch()
    result = orchestrators.finish(second)
    assert not left.exists(), "nobody reads any more what the children were told"
    assert result["outputs"]["doubled"] == [2 * number for number in range(30)]
    odd = [number for number in orchestrators.done() if int(number) % 2]
    assert len(odd) == len(set(odd)) == 15, "each task did its work once"


def test_killed_twice(orchestrators: Orchestrators, batch: FakeBatch) -> None:
    first = orchestrators.start(ODD_SLEEP)
    orchestrators.kill_when(first, half_done(orchestrators, batch))
    second = orchestrators.start(ODD_SLEEP)
    journals = orchestrators.run.root / ".miniwdl-aws" / "journal"

    def all_claimed() -> bool:
        return "".join(path.read_text() for path in journals.glob("*.jsonl")).count('"claimed"') == 6

    orchestrators.kill_when(second, all_claimed)
    result = orchestrators.finish(orchestrators.start(ODD_SLEEP))
    assert result["outputs"]["doubled"] == [2 * number for number in range(12)]
    assert orchestrators.done() == ALL


def test_a_changed_command_runs_again(orchestrators: Orchestrators, batch: FakeBatch) -> None:
    first = orchestrators.start(ODD_SLEEP)
    orchestrators.kill_when(first, lambda: len(orchestrators.done()) == 12)
    result = orchestrators.finish(orchestrators.start(ODD_SLEEP.replace("echo made > made", "echo made  > made")))
    assert len(orchestrators.done()) == 24
    definitions = {item["tags"]["miniwdl-run-dir"]: item["status"] for item in batch.definitions}
    assert definitions.pop(Path(result["dir"]).name) == "INACTIVE", "deregistered at its run's end"
    assert list(definitions.values()) == ["ACTIVE"], "that of the killed run, which is not this one's business"


def test_jobs_of_a_run_that_lives_are_left_alone(orchestrators: Orchestrators, batch: FakeBatch) -> None:
    waits = SCATTER.replace(
        "sleep ~{if", 'until [ $((~{i} % 2)) = 0 ] || [ -e "~{log}.go" ]; do sleep 0.1; done\n: ~{if'
    )

    def wait_for(count: int) -> None:
        deadline = time.monotonic() + 120
        while len(orchestrators.done()) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    first = orchestrators.start(waits)
    wait_for(12)
    second = orchestrators.start(waits)
    wait_for(18)
    Path(f"{orchestrators.log}.go").touch()
    assert orchestrators.finish(first)["outputs"] != orchestrators.finish(second)["outputs"]
    assert len([number for number in orchestrators.done() if int(number) % 2]) == 12
