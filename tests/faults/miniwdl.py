"""miniwdl itself on the local cloud, without a workflow job: it can be stopped and killed, and its cloud be afar."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from ..integration.conftest import BIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miniwdl_aws_local_cloud import LocalCloud

    from .network import Network

__all__ = ["ALIVE", "MANY", "Many", "Run", "PATIENCE", "alive", "start", "twice", "until"]

ALIVE = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")

PATIENCE = 900.0
"""Seconds after which what hangs fails its test: no measure of anything, since machines may be busy."""

MANY = """version 1.1
workflow many {
    input { Int tasks  String log  Float seconds = 0.0  Int preemptible = 0 }
    scatter (i in range(tasks)) { call work { input: i = i, log = log, seconds = seconds, preemptible = preemptible } }
    output { Array[Int] did = work.did }
}
task work {
    input { Int i  String log  Float seconds  Int preemptible }
    command <<< echo ~{i} >> "~{log}"; sleep ~{seconds}; echo ~{i} >>>
    output { Int did = read_int(stdout()) }
    runtime { preemptible: preemptible  memory: "64 MiB" }
}
"""
"""Tasks that note each of their starts in a file; what they give tells whether each did its own work."""


@dataclass(frozen=True)
class Run:
    """A run that was started."""

    process: subprocess.Popen[str]
    log_path: Path

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.log_path.read_text()

    def finish(self, patience: float = PATIENCE) -> tuple[int, str]:
        """Wait for its end; give its exit code and its standard output."""
        stdout, _ = self.process.communicate(timeout=patience)
        return self.process.returncode, stdout


def start(cloud: LocalCloud, folder: Path, source: Path, *arguments: str, tasks: int = 100, **environ: str) -> Run:
    """
    Start a run.

    :param folder: of this run exactly.
    :param tasks: at once at most.
    """
    (system,) = boto3.client("fsx", **cloud.client_options).describe_file_systems()["FileSystems"]
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        **cloud.environ,
        "AWS_ACCESS_KEY_ID": cloud.job_key,  # it may do what a workflow job may do, and does what one does
        "AWS_BATCH_JOB_ID": str(uuid.uuid4()),
        "MINIWDL__SCHEDULER__CONTAINER_BACKEND": "aws_batch",
        "MINIWDL__SCHEDULER__TASK_CONCURRENCY": str(tasks),
        "MINIWDL__AWS__TASK_QUEUE": "task",
        "MINIWDL__AWS__FS": system["FileSystemId"],
        **environ,
    }
    log_path = folder.with_name(f"{folder.name}.log")
    with log_path.open("a") as log:
        process = subprocess.Popen(
            [str(BIN / "miniwdl"), "run", str(source), *arguments, "--dir", f"{folder}/."],
            env=settings, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    return Run(process, log_path)


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait for something, but not for ever."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.02)


def alive(cloud: LocalCloud) -> list[str]:
    """Ids of the task jobs that have not ended; of array jobs, those of the children."""
    batch = boto3.client("batch", **cloud.client_options)

    def listed(**of: str) -> list[dict[str, Any]]:
        return [job for state in ALIVE for job in batch.list_jobs(**of, jobStatus=state)["jobSummaryList"]]

    jobs = listed(jobQueue="task")
    arrays = [job["jobId"] for job in jobs if job.get("arrayProperties", {}).get("size")]
    children = [child for parent in arrays for child in listed(arrayJobId=parent)]
    return [job["jobId"] for job in [*jobs, *children] if job["jobId"] not in arrays]


class Many:
    """Runs of the workflow of many tasks, in a folder of their own."""

    def __init__(self, cloud: LocalCloud, folder: Path, tasks: int, *, arrays: bool = False) -> None:
        """
        Start nothing yet.

        :param arrays: whether tasks may go together; else more requests can fail, and a fault can strike one task.
        """
        self.cloud, self.folder, self.tasks = cloud, folder, tasks
        self.array = "auto" if arrays else "off"
        folder.mkdir()
        self.source, self.did = folder / "many.wdl", folder / "did.txt"
        self.source.write_text(MANY)
        self.began, self.created, self.runs = time.monotonic(), time.time(), 0

    def start(self, *inputs: str, net: Network | None = None, at_once: int | None = None, **environ: str) -> Run:
        if net:
            environ["AWS_ENDPOINT_URL"] = net.url
        environ["MINIWDL__AWS__ARRAY"] = self.array
        inputs = (f"tasks={self.tasks}", f"log={self.did}", *inputs)
        self.runs += 1
        return start(
            self.cloud, self.folder / f"run-{self.runs}", self.source, *inputs, tasks=at_once or self.tasks, **environ
        )

    def starts(self) -> Counter[int]:
        """How often each task has started."""
        return Counter(map(int, self.did.read_text().split())) if self.did.exists() else Counter()

    def check(self, run: Run) -> None:
        """Every task gave what is its own, and no job is left."""
        code, stdout = run.finish()
        assert code == 0, run.log[-3000:]
        assert json.loads(stdout)["outputs"]["many.did"] == list(range(self.tasks))
        assert set(self.starts()) == set(range(self.tasks))
        assert not alive(self.cloud)
        assert not self.left()

    def left(self) -> list[Path]:
        """Folders of arrays that outlived the last run; those of killed ones are there for what outlived these."""
        return list(self.folder.glob(f"run-{self.runs}/arrays"))

    def jobs(self) -> int:
        """How many jobs there were for them, an array and its children not counted."""
        return sum("arrayProperties" not in job for job in self._jobs())

    def children(self) -> int:
        """How many children there were of arrays."""
        return sum(job.get("arrayProperties", {}).get("size", 0) for job in self._jobs())

    def _jobs(self) -> list[dict[str, Any]]:
        pages = boto3.client("batch", **self.cloud.client_options).get_paginator("list_jobs")
        since = int(self.created * 1000)
        filters = [{"name": "AFTER_CREATED_AT", "values": [str(since)]}]
        jobs = [job for page in pages.paginate(jobQueue="task", filters=filters) for job in page["jobSummaryList"]]
        return [job for job in jobs if job["createdAt"] >= since and "work-" in job["jobName"]]

    @property
    def seconds(self) -> str:
        return f"{time.monotonic() - self.began:.0f} s"


def twice(many: Many) -> int:
    """How many starts there were too many."""
    return sum(times - 1 for times in many.starts().values())
