"""An AWS Batch in memory whose jobs really run: each is a subprocess, started when it is first described as RUNNING."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

REGION = "us-east-1"


def client_error(operation: str, code: str, text: str = "scripted", status: int = 400) -> ClientError:
    """An error as boto3 raises it."""
    response = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)  # type: ignore[arg-type]


@dataclass
class Fate:
    """What happens to a job besides running its command."""

    missing: int = 0
    """How many answers it is absent from."""
    never_start: str | None = None
    """It fails before its container starts, with this statusReason."""
    lose_host: bool = False
    """Its host goes away while the command runs."""
    waiting: int = 0
    """How many answers call it RUNNABLE."""
    runnable_reason: str | None = None
    vanish: bool = False
    """It is never described."""
    reason: str | None = None
    """The container's reason, when it fails."""
    hide_exit: bool = False
    """Its exit code is not reported, and it FAILED."""
    mount_missing: bool = False
    entrypoint: Sequence[str] = ()
    """Of its image: what really runs, with the command as further arguments."""


@dataclass
class FakeJob:
    """A job and its process."""

    request: Mapping[str, Any]
    definition: Mapping[str, Any]
    fate: Fate
    job_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "SUBMITTED"
    status_reason: str | None = None
    process: subprocess.Popen[bytes] | None = None
    exit_code: int | None = None
    reason: str | None = None
    terminated: bool = False
    seen: int = 0
    created: float = field(default_factory=time.time)
    stderr: bytes = b""
    index: int | None = None
    """Which child of an array it is."""

    def detail(self) -> dict[str, Any]:
        """Its JobDetail."""
        container: dict[str, Any] = {"image": self.definition["containerProperties"]["image"]}
        if self.status in ("RUNNING", "SUCCEEDED", "FAILED") and not self.fate.never_start:
            container["logStreamName"] = f"{self.definition['jobDefinitionName']}/default/{self.job_id[:8]}"
        if self.exit_code is not None and not self.fate.hide_exit and not self.fate.lose_host:
            container["exitCode"] = self.exit_code
        if self.reason:
            container["reason"] = self.reason
        answer = {
            "jobId": self.job_id,
            "jobName": self.request["jobName"],
            "jobQueue": self.request["jobQueue"],
            "status": self.status,
            "container": container,
            "attempts": [],
            "isTerminated": self.terminated,
        }
        if self.index is not None:
            answer["arrayProperties"] = {"index": self.index}
        if needs := self.request.get("consumableResourcePropertiesOverride"):
            answer["consumableResourceProperties"] = needs
        if self.status_reason:
            answer["statusReason"] = self.status_reason
        return answer


class FakeBatch:
    """The methods of a boto3 client that the backend uses."""

    def __init__(
        self,
        queues: tuple[str, ...] = ("task", "spare"),
        check: Callable[[str, Mapping[str, Any]], None] = lambda _operation, _request: None,
    ) -> None:
        """
        Begin without jobs.

        :param check: looks at each request, as botocore does.
        """
        self.check = check
        self.queues = queues
        resources = {"type": "SPOT", "minvCpus": 0, "maxvCpus": 64, "instanceTypes": ["optimal"]}
        self.environments: dict[str, dict[str, Any]] = {"hosts": {"computeResources": resources}}
        """Details of the compute environments behind all queues, by name."""
        self.jobs: dict[str, FakeJob] = {}
        """Children of arrays among them, their parents not."""
        self.arrays: dict[str, list[FakeJob]] = {}
        self.definitions: list[dict[str, Any]] = []
        self.calls: Counter[str] = Counter()
        self.fates: list[Fate] = []
        """Of the jobs to come, in order of submission."""
        self.errors: dict[str, list[Exception]] = {}
        """Of the calls to come, by operation."""
        self.on_submit: Callable[[FakeJob], None] = lambda _job: None
        self.snapshot: list[str] = []
        self.stubborn: set[str] = set()
        """Ids of jobs that can't be stopped together with others."""
        self.list_lag = 0
        """Answers of ListJobs that lack the latest jobs."""
        self._lock = threading.RLock()

    def _called(self, operation: str, **request: Any) -> None:
        self.check(operation, request)
        self.calls[operation] += 1
        if self.errors.get(operation):
            raise self.errors[operation].pop(0)

    # --- the API

    def describe_job_definitions(self, jobDefinitionName: str, status: str) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            self._called("describe_job_definitions", jobDefinitionName=jobDefinitionName, status=status)
            found = [
                item
                for item in self.definitions
                if (item["jobDefinitionName"], item["status"]) == (jobDefinitionName, status)
            ]
            return {"jobDefinitions": found}

    def register_job_definition(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            self._called("register_job_definition", **request)
            name = request["jobDefinitionName"]
            revision = 1 + sum(item["jobDefinitionName"] == name for item in self.definitions)
            arn = f"arn:aws:batch:{REGION}:123456789012:job-definition/{name}:{revision}"
            self.definitions.append({**request, "revision": revision, "jobDefinitionArn": arn, "status": "ACTIVE"})
            return {"jobDefinitionArn": arn, "jobDefinitionName": name, "revision": revision}

    def deregister_job_definition(self, jobDefinition: str) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            self._called("deregister_job_definition", jobDefinition=jobDefinition)
            for item in self.definitions:
                if item["jobDefinitionArn"] == jobDefinition:
                    item["status"] = "INACTIVE"
            return {"ResponseMetadata": {"HTTPStatusCode": 200}}

    def submit_job(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            self.check("submit_job", request)
            self.calls["submit_job"] += 1
            error = self.errors["submit_job"].pop(0) if self.errors.get("submit_job") else None
            taken_anyway = isinstance(error, TakenAnywayError)
            if error is not None and not taken_anyway:
                raise error
            if request["jobQueue"] not in self.queues:
                raise client_error("SubmitJob", "ClientException", f"JobQueue {request['jobQueue']} not found")
            arn = request["jobDefinition"]
            (definition,) = [item for item in self.definitions if item["jobDefinitionArn"] == arn]
            if definition["status"] != "ACTIVE":
                text = f"JobDefinition {arn} does not exist or is not in ACTIVE status"
                raise client_error("SubmitJob", "ClientException", text)
            made, taken = self._make(request, definition)
        for job in made:
            self.on_submit(job)
        if taken_anyway:
            raise client_error("SubmitJob", "InternalServerException", "took it, then broke", 500)
        return {"jobId": taken, "jobName": request["jobName"]}

    def _make(self, request: Mapping[str, Any], definition: Mapping[str, Any]) -> tuple[list[FakeJob], str]:
        size = request.get("arrayProperties", {}).get("size")
        made = [FakeJob(request, definition, self.fates.pop(0) if self.fates else Fate()) for _ in range(size or 1)]
        taken = made[0].job_id
        if size:
            for index, job in enumerate(made):
                job.job_id, job.index = f"{taken}:{index}", index
            self.arrays[taken] = made
        self.jobs.update((job.job_id, job) for job in made)
        return made, taken

    def _parent(self, parent: str) -> dict[str, Any]:
        children = self.arrays[parent]
        states = Counter(job.status for job in children)
        over = states["SUCCEEDED"] + states["FAILED"] == len(children)
        return {
            "jobId": parent,
            "jobName": children[0].request["jobName"],
            "jobQueue": children[0].request["jobQueue"],
            "status": ("FAILED" if states["FAILED"] else "SUCCEEDED") if over else "PENDING",
            "arrayProperties": {"size": len(children), "statusSummary": dict(states)},
        }

    def describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
        with self._lock:
            self._called("describe_jobs", jobs=jobs)
            answer = []
            for job_id in jobs:
                if job_id in self.arrays:
                    answer.append(self._parent(job_id))
                    continue
                job = self.jobs.get(job_id)
                if job is None or job.fate.vanish:
                    continue
                job.seen += 1
                if job.seen <= job.fate.missing:
                    continue
                self._advance(job)
                answer.append(job.detail())
            return {"jobs": answer}

    def list_jobs(self, jobQueue: str, filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            self._called("list_jobs", jobQueue=jobQueue, filters=filters)
            (names,) = [item["values"] for item in filters if item["name"] == "JOB_NAME"]
            found = [job for job in self.jobs.values() if job.request["jobName"] in names and self.list_lag <= 0]
            self.list_lag -= 1
            singles = [
                {"jobId": job.job_id, "jobName": job.request["jobName"], "status": job.status}
                for job in found
                if job.index is None
            ]
            parents = {job.job_id.partition(":")[0]: None for job in found if job.index is not None}
            return {"jobSummaryList": singles + [self._parent(parent) for parent in parents]}

    def terminate_job(self, jobId: str, reason: str) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            self._called("terminate_job", jobId=jobId, reason=reason)
            self._terminate(jobId, reason)
            return {}

    def terminate_jobs(self, jobs: list[str], reason: str) -> dict[str, Any]:
        with self._lock:
            self._called("terminate_jobs", jobs=jobs, reason=reason)
            spared = [job_id for job_id in jobs if job_id in self.stubborn]
            for job_id in jobs:
                if job_id not in spared:
                    self._terminate(job_id, reason)
            errors = [{"job": job_id, "code": "ServerException", "message": "scripted"} for job_id in spared]
            return {"successful": [job_id for job_id in jobs if job_id not in spared], "errors": errors}

    def _terminate(self, job_id: str, reason: str) -> None:
        for job in self.arrays.get(job_id) or [self.jobs[job_id]]:
            if job.status not in ("SUCCEEDED", "FAILED"):
                job.terminated = True
                self._kill(job)
                job.status, job.status_reason = "FAILED", reason

    def describe_job_queues(self, jobQueues: list[str]) -> dict[str, Any]:  # noqa: N803
        self._called("describe_job_queues", jobQueues=jobQueues)
        arn = f"arn:aws:batch:{REGION}:123456789012:job-queue/"
        order = [{"order": number, "computeEnvironment": name} for number, name in enumerate(self.environments)]
        found = [
            {
                "jobQueueName": name,
                "jobQueueArn": arn + name,
                "state": "ENABLED",
                "status": "VALID",
                "computeEnvironmentOrder": order,
            }
            for name in self.queues
            if name in jobQueues
        ]
        return {"jobQueues": found}

    def describe_compute_environments(self, computeEnvironments: list[str]) -> dict[str, Any]:  # noqa: N803
        self._called("describe_compute_environments", computeEnvironments=computeEnvironments)
        found = [
            {
                "computeEnvironmentName": name,
                "computeEnvironmentArn": name,
                "type": "MANAGED",
                "state": "ENABLED",
                "status": "VALID",
                **self.environments[name],
            }
            for name in computeEnvironments
        ]
        return {"computeEnvironments": found}

    def get_job_queue_snapshot(self, jobQueue: str) -> dict[str, Any]:  # noqa: N803
        self._called("get_job_queue_snapshot", jobQueue=jobQueue)
        prefix = f"arn:aws:batch:{REGION}:123456789012:job/"
        return {"frontOfQueue": {"jobs": [{"jobArn": prefix + job_id} for job_id in self.snapshot]}}

    # --- how jobs live

    def _advance(self, job: FakeJob) -> None:
        fate = job.fate
        if job.status == "SUBMITTED":
            job.status = "RUNNABLE"
        if job.status == "RUNNABLE":
            job.status_reason = fate.runnable_reason
            if fate.waiting > 0:
                fate.waiting -= 1
                return
            job.status_reason = None
            if fate.never_start:
                job.status, job.status_reason = "FAILED", fate.never_start
            elif fate.mount_missing:
                job.status, job.exit_code = "FAILED", 76
                job.status_reason = "Essential container in task exited"
            else:
                self.start(job)
                job.status = "RUNNING"
            return
        if job.status == "RUNNING" and job.process is not None:
            if fate.lose_host:
                self._kill(job)
                job.status, job.status_reason = "FAILED", "Host EC2 (instance i-0123456789abcdef0) terminated."
            elif job.process.poll() is not None:
                job.exit_code = job.process.returncode
                failed = job.exit_code != 0 or fate.hide_exit
                job.status = "FAILED" if failed else "SUCCEEDED"
                job.status_reason = "Essential container in task exited"
                job.reason = fate.reason if failed else None

    def begin(self, job: FakeJob) -> None:
        """Have a job run at once, described or not."""
        self.start(job)
        job.status = "RUNNING"

    def start(self, job: FakeJob) -> None:
        """Run the command."""
        overrides = job.request["containerOverrides"]
        environ = {"PATH": os.environ["PATH"], "AWS_BATCH_JOB_ID": job.job_id, "AWS_BATCH_JOB_ATTEMPT": "1"}
        if job.index is not None:
            size = job.request["arrayProperties"]["size"]
            environ.update(AWS_BATCH_JOB_ARRAY_INDEX=str(job.index), AWS_BATCH_JOB_ARRAY_SIZE=str(size))
        environ.update({item["name"]: item["value"] for item in overrides.get("environment", [])})
        job.process = subprocess.Popen(
            [*job.fate.entrypoint, *overrides["command"]], env=environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def _kill(self, job: FakeJob) -> None:
        if job.process is not None and job.process.poll() is None:
            os.killpg(job.process.pid, signal.SIGKILL)
            job.process.wait()

    def close(self) -> None:
        """Leave no process behind."""
        for job in self.jobs.values():
            self._kill(job)

    @property
    def alive(self) -> list[FakeJob]:
        """Jobs that have not ended."""
        return [job for job in self.jobs.values() if job.status not in ("SUCCEEDED", "FAILED")]

    @property
    def submitted(self) -> list[FakeJob]:
        """All jobs, in order."""
        return list(self.jobs.values())


class TakenAnywayError(Exception):
    """Scripted for submit_job: AWS takes the job, and the answer is an error."""
