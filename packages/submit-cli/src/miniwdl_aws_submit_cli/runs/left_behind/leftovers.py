"""What runs have left on AWS Batch whose workflow job has ended, or is forgotten already: task jobs and definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.definition import TASK_PREFIX
from miniwdl_aws_core.batch.job import UNFINISHED
from miniwdl_aws_core.batch.tags import RunTags
from miniwdl_aws_hooks.protocol import PARENT_JOB_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.batch import Batch

__all__ = ["LeftDefinition", "Leftovers", "find_leftovers"]


@dataclass(frozen=True)
class LeftDefinition:
    """An active job definition that one run alone can use."""

    arn: str
    parent: str
    """Id of the run's workflow job."""
    run_dir: str
    """The last part of the path of the run's directory."""

    @property
    def name(self) -> str:
        """Its name and revision."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class Leftovers:
    """Of all runs, as far as their task queues are known."""

    jobs: list[Job]
    """Those that have not ended, the oldest first."""
    definitions: list[LeftDefinition]
    """Those that no job on its way needs which is not among the jobs."""


def find_leftovers(batch: Batch, queues: Iterable[str]) -> Leftovers:
    """
    Look for them.

    A definition of a run without a workflow job is none of them: nobody can tell whether that run has ended.

    :param queues: names of task queues.
    """
    # Definitions first: one that is registered later belongs to a run whose workflow job is there.
    definitions = list(_definitions(batch))
    ids = [job.job_id for queue in queues for status in UNFINISHED for job in batch.list_jobs(queue, status=status)]
    tasks = [job for job in batch.describe(ids).values() if job.tags.get(PARENT_JOB_TAG) and not job.ended]
    named = {job.tags[PARENT_JOB_TAG] for job in tasks} | {item.parent for item in definitions}
    alive = {job_id for job_id, job in batch.describe(sorted(named)).items() if not job.ended}
    needed = {job.definition for job in tasks if job.tags[PARENT_JOB_TAG] in alive}
    return Leftovers(
        sorted((job for job in tasks if job.tags[PARENT_JOB_TAG] not in alive), key=lambda job: job.created_at),
        [item for item in definitions if item.parent not in alive and item.arn not in needed],
    )


def _definitions(batch: Batch) -> Iterator[LeftDefinition]:
    for item in batch.definitions():
        tags = RunTags.read(item.get("tags") or {})
        if tags and tags.parent and item["jobDefinitionName"].startswith(TASK_PREFIX):
            yield LeftDefinition(item["jobDefinitionArn"], tags.parent, tags.run_dir)
