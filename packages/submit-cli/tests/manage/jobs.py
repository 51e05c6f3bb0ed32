"""Jobs as they would be on AWS Batch."""

from typing import Any

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.tags import TaskTags, run_prefix

__all__ = ["NAME", "Stoppable", "child"]


NAME = "say-0"


def child(aws: Any, parent: str, name: str = NAME) -> str:
    """Submit a task job as the workflow job would have."""
    aws.register_job_definition(
        jobDefinitionName="task",
        type="container",
        containerProperties={
            "image": "x",
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
        },
    )
    tags = TaskTags("20260101_000000_hello", f"call-{name}", "say", 1, parent).written()
    submitted = aws.submit_job(jobName=run_prefix(parent) + name, jobQueue="task", jobDefinition="task", tags=tags)
    return str(submitted["jobId"])


class Stoppable:
    """Jobs that take a few looks to stop."""

    def __init__(self, jobs: dict[str, str], *, looks: int = 2) -> None:
        self.jobs = {
            job_id: {"jobId": job_id, "jobName": job_id, "createdAt": 100_000, "status": status, "left": looks}
            for job_id, status in jobs.items()
        }
        for job_id, job in self.jobs.items():
            job["tags"] = {} if job_id.startswith("w") else {"AWS_BATCH_PARENT_JOB_ID": "w" + job_id[1:2]}
            job["container"] = {"environment": [{"name": "MINIWDL__AWS__TASK_QUEUE", "value": "task"}]}
        self.terminated: list[str] = []
        self.registered: list[dict[str, Any]] = []
        """Job definitions."""

    def terminate(self, job_id: str, reason: str) -> None:
        assert reason.startswith("stopped by miniwdl-aws cancel")
        self.terminated.append(job_id)

    def describe(self, ids: list[str]) -> dict[str, Any]:
        return {job_id: Job.of(self.jobs[job_id]) for job_id in ids if job_id in self.jobs}

    def definitions(self) -> list[dict[str, Any]]:
        return self.registered

    def list_jobs(self, queue: str, *, status: str | None = None, **_: Any) -> list[Job]:
        for job_id in self.terminated:
            self.jobs[job_id]["left"] -= 1
            if self.jobs[job_id]["left"] <= 0:
                self.jobs[job_id]["status"] = "FAILED"
        return [Job.of(job) for job in self.jobs.values() if job["tags"] and status in (None, job["status"])]
