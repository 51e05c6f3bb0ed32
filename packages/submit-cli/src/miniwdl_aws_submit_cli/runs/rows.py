"""The runs of a table, found by the tags of their workflow jobs: AWS Batch is all that knows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.tags import RowTags
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_submit_cli.runs.runs import list_runs

if TYPE_CHECKING:
    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.batch import Batch

__all__ = ["RowRun", "find_batch", "row_runs"]

RowRun = tuple[RowTags, "Job"]
"""A workflow job, and what its tags say of it."""


def row_runs(batch: Batch, queue: str) -> list[RowRun]:
    """
    Find all runs of tables in a queue, the newest first.

    ListJobs can't select by tag and doesn't show any, so that all workflow jobs that AWS still knows are described.
    """
    jobs = batch.describe([job.job_id for job in list_runs(batch, queue)])
    found = [(tags, job) for job in jobs.values() if (tags := RowTags.read(job.tags))]
    return sorted(found, key=lambda run: run[1].created_at, reverse=True)


def find_batch(batch: Batch, queue: str, name: str) -> list[RowRun]:
    """
    Find the runs of one table, by row; of a row that was run again, the newest.

    :raises ConfigurationError: when there is none.
    """
    runs = row_runs(batch, queue)
    newest: dict[str, RowRun] = {}
    for tags, job in runs:
        if tags.batch == name:
            newest.setdefault(tags.key, (tags, job))
    if not newest:
        there = list(dict.fromkeys(tags.batch for tags, _job in runs))[:5]
        raise ConfigurationError(
            f"there is no batch {name} in queue {queue}",
            hint=f"the newest: {', '.join(there)}" if there else "`miniwdl-aws-submit --runs TABLE` makes one",
        )
    return sorted(newest.values(), key=lambda run: (run[0].row, run[1].created_at))
