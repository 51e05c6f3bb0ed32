"""What becomes of task jobs when the miniwdl that submitted them is stopped, or killed and submitted again."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from claims import claimed

from miniwdl_aws_local_cloud import Fault, FaultKind, LocalCloud

from .conftest import STOPPED_WITHIN
from .miniwdl import PATIENCE, alive, start, until

if TYPE_CHECKING:
    import random

    from promises import Promise

TASKS = 24

WAITING = f"""version 1.1
workflow waiting {{
    scatter (i in range({TASKS})) {{ call wait {{ input: i = i }} }}
}}
task wait {{
    input {{ Int i }}
    command <<< echo ~{{i}}; sleep 300 >>>
    output {{}}
}}
"""

# Odd calls go on until a gate is opened; each tells what it did.
GATED = """version 1.1
workflow gated {
    input { String log  String gate  String note = "as before" }
    scatter (i in range(6)) { call work { input: i = i, log = log, gate = gate, note = note } }
    output { Array[File] made = work.made }
}
task work {
    input { Int i  String log  String gate  String note }
    command <<<
        echo "~{i} ~{note}" >> "~{log}"
        for _ in $(seq ~{if i % 2 == 0 then 0 else 600}); do [ -e "~{gate}" ] || sleep 0.1; done
        echo "~{i}" > made
    >>>
    output { File made = "made" }
}
"""


class Miniwdl:
    """A run of the waiting workflow that will be stopped when it has written some commands."""

    def __init__(self, cloud: LocalCloud, root: Path, name: str, chance: random.Random) -> None:
        self.folder = root / name
        self.commands = chance.randint(0, TASKS)
        self.delay = chance.uniform(0, 0.3)
        source = root / "waiting.wdl"
        source.write_text(WAITING)
        self.run = start(cloud, self.folder, source, tasks=TASKS)
        self.stopped = 0.0

    def stop(self) -> None:
        until(self._is_ready, "the commands were written")
        time.sleep(self.delay)
        self.stopped = time.monotonic()
        self.run.process.send_signal(signal.SIGTERM)

    def _is_ready(self) -> bool:
        assert self.run.process.poll() is None, self.run.log
        return self.folder.is_dir() and len(list(self.folder.glob("call-*/command"))) >= self.commands

    def finish(self) -> None:
        code, _ = self.run.finish(PATIENCE)
        assert code != 0, self.run.log
        assert time.monotonic() - self.stopped < STOPPED_WITHIN


def test_no_job_outlives_a_run_that_is_stopped(
    cloud: LocalCloud, root: Path, chance: random.Random, load: Any, promise: Promise
) -> None:
    """Five runs at once, each stopped at a random moment."""
    submitted = [_stop_five(cloud, root, f"stopped-{group}", chance) for group in range(load(1, 10))]
    promise(
        "a run gets SIGTERM at a random moment",
        load=f"{5 * len(submitted)} runs of {TASKS} tasks",
        holds=f"no job of it lives {STOPPED_WITHIN:.0f} s later",
        seen=f"{sum(submitted)} jobs were submitted until then",
    )


def _stop_five(cloud: LocalCloud, root: Path, name: str, chance: random.Random) -> int:
    began = time.time()
    # However slow this machine is, there must be submissions under way, and others to come, when the runs are stopped.
    cloud.faults.add(
        [
            Fault(FaultKind.THROTTLE, operation="SubmitJob", rate=5, times=None),
            Fault(FaultKind.DELAY, operation="SubmitJob", seconds=0.1, times=None),
        ]
    )
    runs = [Miniwdl(cloud, root, f"{name}-{number}", chance) for number in range(5)]
    for run in sorted(runs, key=lambda run: run.commands):
        run.stop()
    for run in runs:
        run.finish()
    cloud.faults.clear()
    until(lambda: not alive(cloud), "all jobs ended", STOPPED_WITHIN - (time.monotonic() - runs[-1].stopped))
    batch = boto3.client("batch", **cloud.client_options)
    pages = batch.get_paginator("list_jobs").paginate(jobQueue="task", filters=[{"name": "JOB_NAME", "values": ["*"]}])
    ours = [job for page in pages for job in page["jobSummaryList"] if job["createdAt"] >= began * 1000]
    assert 0 < len(ours) < 5 * TASKS, "some were stopped amidst their submissions"
    return len(ours)


def test_stopping_the_workflow_job_stops_its_tasks(cloud: LocalCloud, shell: Any, tmp_path: Path) -> None:
    source = tmp_path / "waiting.wdl"
    source.write_text(WAITING)
    submitted = shell.submit(str(source))
    assert submitted.code == 0, submitted.stderr
    until(lambda: len(alive(cloud)) == TASKS, "all tasks were submitted")
    shell.client("batch").terminate_job(jobId=submitted.job_id, reason="enough")
    until(lambda: not alive(cloud), "all jobs ended", STOPPED_WITHIN)
    until(lambda: shell.job(submitted.job_id)["status"] == "FAILED", "the workflow job ended")
    reasons = {job["statusReason"] for job in shell.children(submitted.job_id)}
    assert reasons <= {"terminated by miniwdl", "Array Child Job failed"}, "the latter is AWS's word of an array's end"
    assert len(shell.job(submitted.job_id)["attempts"]) == 1, "what a user has stopped is not tried again"


def kill_processes_of(job_id: str) -> None:
    """Do what happens when the host of a job dies."""
    mark = f"AWS_BATCH_JOB_ID={job_id}".encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environ.read_bytes().split(b"\0"):
                os.kill(int(environ.parent.name), signal.SIGKILL)
        except OSError:  # it is gone, or not ours
            continue


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds a job's processes by /proc")
def test_what_a_killed_run_left_is_gone_on_with(cloud: LocalCloud, shell: Any, root: Path, tmp_path: Path) -> None:
    source, changed = tmp_path / "gated.wdl", tmp_path / "changed.wdl"
    source.write_text(GATED)
    changed.write_text(GATED.replace('echo "~{i}" > made', 'echo "number ~{i}" > made'))
    log, gate, cache = root / "did.txt", root / "gate", root / "miniwdl_call_cache"
    # Other tests have used this file system.
    before, calls_before = claimed(root), set(cache.rglob("*.json"))

    def submit(wdl: Path, run: str, *inputs: str, **env: str) -> str:
        folder = ("--dir", str(root / run))
        done = shell.submit(str(wdl), f"log={log}", f"gate={gate}", *inputs, *folder, env=env)
        assert done.code == 0, done.stderr
        return str(done.job_id)

    def did(note: str = "") -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        return sorted(line for line in lines if line.endswith(note))

    def is_over(job_id: str) -> bool:
        return shell.job(job_id)["status"] in ("SUCCEEDED", "FAILED")

    killed = submit(source, "killed")
    until(
        lambda: len(did()) == 6 and len({*cache.rglob("*.json")} - calls_before) == 3,
        "even calls ended, odd ones are at work",
    )
    kill_processes_of(killed)
    until(lambda: is_over(killed), "the workflow job ended")
    assert len(alive(cloud)) == 3

    others = [
        submit(changed, "changed-command"),
        submit(source, "changed-input", "note=another"),
        submit(source, "not-adopting", MINIWDL__AWS__ADOPT="false"),
    ]
    until(lambda: len(did()) == 6 + 6 + 6 + 3, "what differs was run, and what must not be adopted was run again")
    again = submit(source, "again")
    until(lambda: len(claimed(root) - before) == 3, "the same submission took the running jobs over")
    gate.touch()
    until(lambda: all(is_over(job_id) for job_id in [*others, again]), "all ended")
    assert {shell.job(job_id)["status"] for job_id in [*others, again]} == {"SUCCEEDED"}
    assert did("another") == [f"{number} another" for number in range(6)]
    # Even calls: the killed run and the changed command. Odd ones: also the run that must not adopt.
    expected = [number for number in range(6) for _ in range(3 if number % 2 else 2)]
    assert did("as before") == [f"{number} as before" for number in expected]
    assert shell.children(again) == [], "nothing was submitted: three calls came from the cache, three were adopted"
    outputs = json.loads((root / "again" / "_LAST" / "outputs.json").read_text())
    assert [Path(made).read_text() for made in outputs["gated.made"]] == [f"{number}\n" for number in range(6)]
