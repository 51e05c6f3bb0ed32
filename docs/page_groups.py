"""Which pages one user reads, in which order, and what there is before the first of them."""

from __future__ import annotations

import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from page_session import ROOT

from miniwdl_aws_hooks.protocol import PARENT_JOB_TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from page_session import Session

__all__ = ["GROUPS", "Group"]


@dataclass(frozen=True)
class Group:
    """Pages that are read by one user."""

    pages: tuple[str, ...]
    in_a_cloud: bool = True
    """Whether there is a cloud from the start, to which variables lead as they lead to AWS."""
    prepare: Callable[[Session], None] | None = None


def submit_runs(session: Session) -> None:
    """Submit the runs that the pages are about: one fails, one is stopped, one goes on, one loses its workflow job."""
    (session.home / "align.wdl").write_text((ROOT / "docs" / "how-to" / "align.wdl").read_text())
    submit = "miniwdl-aws-submit align.wdl"
    session.run(f"{submit} samples=HG002 samples=notes.txt --name cohort --s3upload s3://demo/cohort/")
    trial, _pilot, lost = (
        session.run(f"{submit} {words} 2> /dev/null")[1].strip()
        for words in (
            "samples=HG003 samples=HG004 seconds=600 --name trial --tag team=rna",
            "samples=HG007 seconds=600 --name pilot",
            "samples=HG005 seconds=600 --name lost",
        )
    )
    # Looked at from here: a command for each look would take the processor from the runs that it waits for.
    batch = boto3.client(
        "batch",
        endpoint_url=session.environ["AWS_ENDPOINT_URL"],
        region_name=session.environ["AWS_DEFAULT_REGION"],
        aws_access_key_id=session.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=session.environ["AWS_SECRET_ACCESS_KEY"],
    )
    session.until(lambda: _running(batch) >= Counter({trial: 2, lost: 1}))
    session.run("miniwdl-aws wait cohort")
    tries = [item for call in session.answer("miniwdl-aws status cohort --json")["calls"] for item in call["tries"]]
    (session.environ["job"],) = (item["job_id"] for item in tries if item["status"] == "FAILED")
    _kill(lost)
    session.run("miniwdl-aws cancel pilot")
    session.until(lambda: batch.describe_jobs(jobs=[lost])["jobs"][0]["status"] == "FAILED")


def _running(batch: Any) -> Counter[str]:
    """How many task jobs of each workflow job run."""
    listed = batch.list_jobs(jobQueue="task", jobStatus="RUNNING")["jobSummaryList"]
    jobs = batch.describe_jobs(jobs=[item["jobId"] for item in listed])["jobs"] if listed else []
    return Counter(job["tags"][PARENT_JOB_TAG] for job in jobs)


def _kill(job_id: str) -> None:
    """Kill a workflow job as the loss of its host would."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            mine = f"AWS_BATCH_JOB_ID={job_id}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mine:
            os.kill(int(process.name), signal.SIGKILL)


def _how_to(*names: str) -> tuple[str, ...]:
    return tuple(f"docs/how-to/{name}.md" for name in names)


GROUPS = {
    "tutorial": Group(
        (
            "README.md",
            "examples/genome_stats/README.md",
            "docs/tutorial/first-run.md",
            *_how_to("link-a-bucket", "test-with-local-cloud"),
            "packages/local-cloud/README.md",
        ),
        in_a_cloud=False,
    ),
    "how-to": Group(
        (
            *_how_to("submit", "why-a-task-failed", "follow", "come-back", "log-follower-only", "stop"),
            *_how_to("see-what-a-run-did", "many-runs", "doctor", "inputs", "s3-rails-only", "task-backend-only"),
            "docs/reference/configuration.md",
            "packages/hooks/README.md",
            "packages/submit-cli/README.md",
        ),
        prepare=submit_runs,
    ),
}
