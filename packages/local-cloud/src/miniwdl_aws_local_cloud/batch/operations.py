"""
The operations of AWS Batch that concern jobs; queues, compute environments, definitions and tags are moto's.

moto's own jobs are a thread and a container each, and its SubmitJob ignores retries, priorities and the limits. These
operations are therefore answered here, on the queues and definitions that moto keeps.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.batch import limits
from miniwdl_aws_local_cloud.batch.arrays import spawn
from miniwdl_aws_local_cloud.batch.jobs import Job, JobSpec, Status, merge_container, now_ms
from miniwdl_aws_local_cloud.batch.listing import list_page
from miniwdl_aws_local_cloud.door.protocols import ApiError, Reply, json_reply
from miniwdl_aws_local_cloud.kept_definitions import register_again

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moto.batch.models import BatchBackend, JobDefinition, JobQueue

    from miniwdl_aws_local_cloud.batch.scheduler import Scheduler

__all__ = ["BatchJobs"]

SNAPSHOT_SIZE = 100


class BatchJobs:
    """Answers requests about jobs."""

    def __init__(self, backend: BatchBackend, scheduler: Scheduler, *, minimum_timeout: int) -> None:
        """
        Serve one account in one region.

        :param backend: moto's, which knows queues and definitions.
        """
        self._backend = backend
        self._scheduler = scheduler
        self._minimum_timeout = minimum_timeout
        self._past: dict[str, Job] = {}
        """By the names of their definitions, with revisions, jobs of earlier clouds, which knew those."""
        self.operations: Mapping[str, Callable[[bytes], Reply]] = {
            "SubmitJob": self.submit_job,
            "DescribeJobs": self.describe_jobs,
            "ListJobs": self.list_jobs,
            "TerminateJob": self.terminate_job,
            "TerminateJobs": self.terminate_jobs,
            "CancelJob": self.cancel_job,
            "CancelJobs": self.cancel_jobs,
            "GetJobQueueSnapshot": self.get_job_queue_snapshot,
        }

    def remember(self, jobs: Sequence[Job]) -> None:
        """Know jobs that ended when an earlier cloud was up, and their tags."""
        for job in jobs:
            self._backend.tag_resource(job.arn, dict(job.detail.get("tags") or {}))
        self._past = {str(job.detail["jobDefinition"]).rpartition("/")[2]: job for job in jobs}
        self._scheduler.remember(jobs)

    def check_definition(self, body: bytes) -> None:
        """Refuse a RegisterJobDefinition request that AWS would refuse; moto answers the others."""
        self._read("RegisterJobDefinition", body)

    def _read(self, operation: str, body: bytes) -> dict[str, Any]:
        request = _parse(body)
        limits.check(operation, request, self._minimum_timeout)
        return request

    def submit_job(self, body: bytes) -> Reply:
        """Accept a job."""
        request = self._read("SubmitJob", body)
        for key in ("nodeOverrides", "eksPropertiesOverride", "ecsPropertiesOverride"):
            if request.get(key):
                raise ApiError("ClientException", f"the local cloud runs plain container jobs only, without {key}")
        if any(item.get("type") for item in request.get("dependsOn") or ()):
            raise ApiError("ClientException", "the local cloud has no dependencies of arrays child by child")
        queue = self._queue(request.get("jobQueue", ""))
        definition = self._definition(request.get("jobDefinition", ""))
        limits.check_share(request.get("shareIdentifier"), fair_share=bool(queue.schedule_policy))
        job = self._make_job(request, queue, definition)
        self._backend.tag_resource(job.arn, dict(job.detail["tags"]))
        size = (request.get("arrayProperties") or {}).get("size")
        if size:
            spawn(job, size)
        self._scheduler.submit(job)
        return json_reply({"jobArn": job.arn, "jobName": job.spec.name, "jobId": job.id})

    def _queue(self, identifier: str) -> JobQueue:
        queue = self._backend.get_job_queue(identifier)
        if queue is None:
            raise ApiError(
                "ClientException", f"Error executing request, Exception : Job queue {identifier} does not exist."
            )
        if queue.state != "ENABLED":
            raise ApiError(
                "ClientException", f"Error executing request, Exception : Job queue {identifier} is DISABLED."
            )
        return queue

    def _definition(self, identifier: str) -> JobDefinition:
        # A name or an ARN, either of them with or without a revision.
        name, _colon, revision = identifier.rpartition("/")[2].partition(":")
        known = [item for item in self._backend.get_job_definitions(name) if item.status == "ACTIVE"]
        if revision:
            known = [item for item in known if str(item.revision) == revision]
        definition: JobDefinition | None = max(known, key=lambda item: item.revision, default=None)
        if definition is None and (past := self._past.pop(f"{name}:{revision}", None)):
            definition = register_again(self._backend, name, past.detail)
        if definition is None:
            raise ApiError(
                "ClientException",
                f"Error executing request, Exception : JobDefinition {identifier} not found or not in ACTIVE status.",
            )
        if definition.container_properties is None:
            raise ApiError("ClientException", "the local cloud runs plain container jobs only")
        return definition

    def _make_job(self, request: Mapping[str, Any], queue: JobQueue, definition: JobDefinition) -> Job:
        container = merge_container(definition.container_properties or {}, request.get("containerOverrides") or {})
        strategy: Mapping[str, Any] = request.get("retryStrategy") or definition.retry_strategy or {}
        timeout = request.get("timeout") or definition.timeout or {}
        environment = queue.environments[0]
        spec = JobSpec(
            name=request["jobName"],
            queue=queue.name,
            priority=int(queue.priority),
            environment_name=environment.name,
            cluster=environment.ecs_name,
            definition_name=definition.name,
            container=container,
            parameters={**definition.parameters, **(request.get("parameters") or {})},
            attempts=int(strategy.get("attempts") or 1),
            evaluate_on_exit=strategy.get("evaluateOnExit") or (),
            timeout=timeout.get("attemptDurationSeconds"),
            depends_on=[item["jobId"] for item in request.get("dependsOn") or () if "jobId" in item],
            rejected=limits.overrides_fault(request),
        )
        job_id = str(uuid.uuid4())
        tags = dict(request.get("tags") or {})
        detail = {
            "jobArn": f"{queue.arn.partition(':job-queue/')[0]}:job/{job_id}",
            "jobName": spec.name,
            "jobId": job_id,
            "jobQueue": queue.arn,
            "status": Status.SUBMITTED,
            "attempts": [],
            "createdAt": now_ms(),
            "retryStrategy": {"attempts": spec.attempts, "evaluateOnExit": list(spec.evaluate_on_exit)},
            "dependsOn": request.get("dependsOn") or [],
            "jobDefinition": definition.arn,
            "parameters": dict(spec.parameters),
            "container": {**container, "networkInterfaces": []},
            "tags": tags,
            "propagateTags": bool(request.get("propagateTags", definition.propagate_tags)),
            "platformCapabilities": definition.platform_capabilities or ["EC2"],
        }
        for key in ("shareIdentifier", "schedulingPriority"):
            if key in request:
                detail[key] = request[key]
        if "schedulingPriorityOverride" in request:
            detail["schedulingPriority"] = request["schedulingPriorityOverride"]
        if request.get("consumableResourcePropertiesOverride"):
            detail["consumableResourceProperties"] = request["consumableResourcePropertiesOverride"]
        if timeout:
            detail["timeout"] = timeout
        return Job(spec, detail)

    def describe_jobs(self, body: bytes) -> Reply:
        """Tell what is known of up to 100 jobs; unknown ones are left out."""
        wanted = self._read("DescribeJobs", body).get("jobs") or []
        jobs = [job for job in map(self._find, dict.fromkeys(wanted)) if job is not None]
        text = ",".join(job.to_json() for job in jobs)
        return Reply(200, {"Content-Type": "application/json"}, f'{{"jobs":[{text}]}}'.encode())

    def _find(self, identifier: str) -> Job | None:
        job = self._scheduler.jobs.get(identifier.rpartition("/")[2])
        return None if job is None or job.hidden_until > time.time() else job

    def list_jobs(self, body: bytes) -> Reply:
        """List the jobs of a queue, or the children of an array, page by page."""
        request = self._read("ListJobs", body)
        if request.get("arrayJobId"):
            jobs = self._children_of(request["arrayJobId"])
        else:
            queue = self._queue_of(request)
            everybody = list(self._scheduler.jobs.values())
            jobs = [job for job in everybody if job.spec.queue == queue.name and not job.is_child]
        return json_reply(list_page([job for job in jobs if job.hidden_until <= time.time()], request))

    def _children_of(self, job_id: str) -> list[Job]:
        parent = self._scheduler.jobs.get(job_id)
        if parent is None or parent.array is None or parent.is_child:
            raise ApiError("ClientException", f"Array job {job_id} does not exist")
        return list(parent.array.children)

    def _queue_of(self, request: Mapping[str, Any]) -> JobQueue:
        queue = self._backend.get_job_queue(request.get("jobQueue", ""))
        if queue is None:
            raise ApiError("ClientException", f"Job queue {request.get('jobQueue')} does not exist")
        return queue

    def terminate_job(self, body: bytes) -> Reply:
        """Stop a job in whatever state it is."""
        return self._stop(self._read("TerminateJob", body), self._scheduler.terminate)

    def cancel_job(self, body: bytes) -> Reply:
        """Stop a job that has not begun to start; otherwise succeed and do nothing."""
        return self._stop(self._read("CancelJob", body), self._scheduler.cancel)

    def terminate_jobs(self, body: bytes) -> Reply:
        """Stop up to 50 jobs in whatever states they are."""
        return self._stop_many(self._read("TerminateJobs", body), self._scheduler.terminate)

    def cancel_jobs(self, body: bytes) -> Reply:
        """Stop those of up to 50 jobs that have not begun to start."""
        return self._stop_many(self._read("CancelJobs", body), self._scheduler.cancel)

    def _stop(self, request: Mapping[str, Any], how: Callable[[Job, str], None]) -> Reply:
        self._stop_each([request.get("jobId", "")], request.get("reason", ""), how)
        return json_reply({})

    def _stop_many(self, request: Mapping[str, Any], how: Callable[[Job, str], None]) -> Reply:
        wanted = request.get("jobs") or []
        self._stop_each(wanted, request.get("reason", ""), how)
        return json_reply({"successful": wanted, "errors": []})

    def _stop_each(self, wanted: list[str], reason: str, how: Callable[[Job, str], None]) -> None:
        """Stop jobs; those that can't be found count as stopped."""
        if not all(wanted) or not reason:
            raise ApiError("ClientException", "ids of jobs and a reason are required and can't be empty")
        for job in filter(None, map(self._scheduler.jobs.get, wanted)):
            how(job, reason)

    def check_tagging(self, arn: str, body: bytes) -> None:
        """Refuse a TagResource request that AWS would refuse; moto answers the others."""
        job = self._scheduler.jobs.get(arn.rpartition("/")[2])
        if job is not None and job.is_child:
            raise ApiError("ClientException", "children of arrays can't be tagged")
        together = {**self._backend.list_tags_for_resource(arn), **(_parse(body).get("tags") or {})}
        limits.check("TagResource", {"tags": together})

    def retagged(self, arn: str) -> None:
        """Take over the tags that moto has changed, if the resource is a job."""
        job = self._scheduler.jobs.get(arn.rpartition("/")[2])
        if job is not None and job.arn == arn:
            self._scheduler.change(job, tags=self._backend.list_tags_for_resource(arn))

    def get_job_queue_snapshot(self, body: bytes) -> Reply:
        """Tell the first RUNNABLE jobs of a queue in the order in which they will run."""
        queue = self._queue_of(_parse(body))
        waiting = [job for job in self._scheduler.waiting(queue.environments[0].name) if job.spec.queue == queue.name]
        jobs = [
            {"jobArn": job.arn, "earliestTimeAtPosition": job.detail["createdAt"]} for job in waiting[:SNAPSHOT_SIZE]
        ]
        return json_reply({"frontOfQueue": {"jobs": jobs, "lastUpdatedAt": now_ms()}})


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError as exc:
        raise ApiError("ClientException", f"not a JSON document: {exc}") from exc
    if not isinstance(request, dict):
        raise ApiError("ClientException", "not a JSON object")
    return request
