"""Which pages one user reads, in which order, and what there is before the first of them."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from page_session import ROOT

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
    session.run(f"{submit} samples=HG003 samples=HG004 seconds=600 --name trial --tag team=rna")
    session.run(f"{submit} samples=HG007 seconds=600 --name pilot")
    lost = session.run(f"{submit} samples=HG005 seconds=600 --name lost 2> /dev/null")[1].strip()
    session.until(lambda: _running(session, "trial")[1:] and _running(session, "lost"))
    session.run("miniwdl-aws wait cohort")
    tries = [item for call in session.answer("miniwdl-aws status cohort --json")["calls"] for item in call["tries"]]
    (session.environ["job"],) = (item["job_id"] for item in tries if item["status"] == "FAILED")
    _kill(lost)
    session.run("miniwdl-aws cancel pilot")
    session.until(lambda: session.answer("miniwdl-aws status lost --json")["status"] == "FAILED")


def _running(session: Session, name: str) -> list[str]:
    """Ids of a run's task jobs that run."""
    calls = session.answer(f"miniwdl-aws status {name} --json")["calls"]
    return [item["job_id"] for call in calls for item in call["tries"] if item["status"] == "RUNNING"]


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
