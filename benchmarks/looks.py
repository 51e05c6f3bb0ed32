"""
Measure what a look at a run of many tasks takes: of the live panel, and of `miniwdl-aws status`.

Answers are made up in the same process and read by botocore as AWS's are, so time and memory are those on AWS and those
of making them up, without the network. One task in fifty went alone, the others in arrays of 200; all but the last 500
have ended, of which half run and half wait.

It is the second table of `nox -s bench-follow`; by itself: python benchmarks/looks.py [--tasks 10000]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.session import Session

from miniwdl_aws_core.batch.arrays import CALLS, write_calls
from miniwdl_aws_core.batch.tags import TaskTags, run_prefix
from miniwdl_aws_submit_cli.runs.batch import Batch
from miniwdl_aws_submit_cli.runs.calls import calls_of
from miniwdl_aws_submit_cli.runs.runs import Run, TaskJobs
from miniwdl_aws_submit_cli.watch.progress import Progress
from miniwdl_aws_submit_cli.watch.task_states import TaskStates

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

ARRAY, ALONE, IN_FLIGHT, PAGE = 200, 50, 500, 100
RUN = "0a1b2c3d-0000-4000-8000-000000000000"
DEFINITION = "arn:aws:batch:us-east-1:123456789012:job-definition/miniwdl-task-0123456789abcdef:1"


class Account:
    """A run's jobs, and how AWS Batch tells of them."""

    def __init__(self, tasks: int) -> None:
        """Have some ended, some running and some waiting."""
        self.requests: Counter[str] = Counter()
        queue = [{"name": "MINIWDL__AWS__TASK_QUEUE", "value": "task"}]
        self.jobs: dict[str, dict[str, Any]] = {RUN: self._job(RUN, "w", 0, "RUNNING", environment=queue)}
        self.parents: dict[str, list[str]] = {}
        self.singles: list[str] = []
        alone = tasks // ALONE
        for number in range(alone):
            self._single(number)
        for start in range(alone, tasks, ARRAY):
            self._array(start, min(start + ARRAY, tasks), tasks)

    def _job(self, job_id: str, name: str, number: int, status: str, **container: Any) -> dict[str, Any]:
        container = {
            "image": "ubuntu:22.04",
            "command": ["/bin/sh", "-c", "x" * 2000, *["/mnt/fsx/run/file"] * 12],
        } | container
        times = {"startedAt": 1_700_000_000_000} if status in {"RUNNING", "SUCCEEDED"} else {}
        stream = {"logStreamName": f"miniwdl-task/default/{job_id}"} if times else {}
        return {
            "jobId": job_id, "jobName": name, "jobQueue": "task", "status": status, "jobDefinition": DEFINITION,
            "createdAt": 1_700_000_000_000 + 10 * number, "container": {**container, **stream}, **times,
        }  # fmt: skip

    def _tags(self, call: str) -> dict[str, str]:
        return TaskTags("20261128_w", call, "t", 1, RUN).written()

    def _single(self, number: int) -> None:
        job_id = f"{number:08x}-1111-4111-8111-111111111111"
        job = self._job(job_id, f"{run_prefix(RUN)}t-{number}", number, "SUCCEEDED")
        self.jobs[job_id] = {**job, "tags": self._tags(f"call-t-{number}")}
        self.singles.append(job_id)

    def _array(self, start: int, end: int, tasks: int) -> None:
        parent, name = f"{start:08x}-2222-4222-8222-222222222222", f"{run_prefix(RUN)}t-array-{start}"
        calls = [f"call-t-{number:05d}" for number in range(start, end)]
        self.parents[parent] = [f"{parent}:{index}" for index in range(len(calls))]
        for index, child in enumerate(self.parents[parent]):
            left = tasks - start - index
            status = "SUCCEEDED" if left > IN_FLIGHT else "RUNNING" if left > IN_FLIGHT // 2 else "RUNNABLE"
            self.jobs[child] = {**self._job(child, name, start, status), "arrayProperties": {"index": index}}
        job = self._job(parent, name, start, "PENDING")
        self.jobs[parent] = {**job, "tags": self._tags("call-t-"), "parameters": {CALLS: write_calls(calls)}}
        self._count(parent)

    def _count(self, parent: str) -> None:
        states = Counter(self.jobs[child]["status"] for child in self.parents[parent])
        self.jobs[parent]["arrayProperties"] = {"size": len(self.parents[parent]), "statusSummary": states}
        if states.keys() == {"SUCCEEDED"}:
            self.jobs[parent]["status"] = "SUCCEEDED"

    def end_some(self, count: int) -> None:
        """Have tasks end that run, and as many begin."""
        for before, after in (("RUNNING", "SUCCEEDED"), ("RUNNABLE", "RUNNING")):
            changing = [job for job in self.jobs.values() if job["status"] == before and ":" in job["jobId"]][:count]
            for job in changing:
                job.update(self._job(job["jobId"], job["jobName"], 0, after), createdAt=job["createdAt"])
        for parent in self.parents:
            self._count(parent)

    def answer(self, request: AWSPreparedRequest, **_more: object) -> AWSResponse:
        """Answer in AWS's stead."""
        asked = json.loads(request.body or b"{}")
        operation = request.url.rpartition("/")[2]
        self.requests[operation] += 1
        if operation == "describejobs":
            told: dict[str, Any] = {"jobs": [self.jobs[job_id] for job_id in asked["jobs"] if job_id in self.jobs]}
        elif operation == "listjobs":
            listed = sorted((*self.singles, *self.parents), key=lambda job_id: -self.jobs[job_id]["createdAt"])
            begin = int(asked.get("nextToken", 0))
            keys = ("jobId", "jobName", "createdAt", "status", "arrayProperties")
            page = [self.jobs[job_id] for job_id in listed[begin : begin + PAGE]]
            told = {"jobSummaryList": [{key: job[key] for key in keys if key in job} for job in page]}
            if begin + PAGE < len(listed):
                told["nextToken"] = str(begin + PAGE)
        else:
            told = {"frontOfQueue": {"jobs": []}}
        response = AWSResponse(request.url, 200, {}, None)
        response._content = json.dumps(told).encode()  # what botocore itself sets once it has read an answer
        return response


def look(account: Account, what: str, action: Any) -> str:
    """Look once; write a row of the table."""
    account.requests.clear()
    before = time.process_time()
    action()
    seconds = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"| {what} | {sum(account.requests.values())} | {1000 * seconds:.0f} | {peak:.0f} |"


def rows(tasks: int, status: bool) -> list[str]:
    """Look again and again, as the panel does; or once, as `status` does."""
    account = Account(tasks)
    session = Session()
    session.set_credentials("none", "none")
    client = session.create_client("batch", region_name="us-east-1")
    client.meta.events.register("before-send.batch", account.answer)
    batch = Batch(client)
    if status:
        run = Run(batch.describe([RUN])[RUN])
        return [look(account, "`status`", lambda: calls_of(TaskJobs(batch, run).refresh()))]
    panel = TaskStates(batch, RUN, Progress())
    found = [
        look(account, "panel, the first look", panel),
        look(account, "panel, no job has changed", panel),
        look(account, "panel, the next look", panel),
    ]
    account.end_some(50)
    found.append(look(account, "panel, 100 tasks have changed", panel))
    return found


def table(tasks: int) -> str:
    """Measure, the panel and `status` in processes of their own, for the sake of the memory."""
    command = [sys.executable, __file__, "--tasks", str(tasks), "--only"]
    parts = [
        subprocess.run([*command, part], check=True, capture_output=True, text=True) for part in ("panel", "status")
    ]
    heading = f"| a look at {tasks} tasks | requests | CPU, ms | peak memory, MB |\n|" + "---|" * 4
    return "\n".join([heading, *(part.stdout.strip() for part in parts)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure looks at a run of many tasks.")
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--only", choices=["panel", "status"])
    options = parser.parse_args()
    print("\n".join(rows(options.tasks, options.only == "status")) if options.only else table(options.tasks))


if __name__ == "__main__":
    main()
