"""Finds runs for commands of other parts, which name them as users do."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.types import FoundRun
from miniwdl_aws_submit_cli.runs.runs import TaskJobs
from miniwdl_aws_submit_cli.runs.session import open_session

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["open_runs"]


@contextmanager
def open_runs(args: Namespace) -> Iterator[Callable[[str], FoundRun]]:
    """
    Connect to where the options of a command say.

    :return: finds a run by a word, as long as the block lasts.
    """
    with open_session(args) as session:
        yield lambda word: _found(session, word)


def _found(session: Session, word: str) -> FoundRun:
    run = session.find(word)
    return FoundRun(
        name=run.name,
        job=run.job.detail,
        command=session.command("rerun", run.job_id),
        task_jobs=lambda: [job.detail for job in TaskJobs(session.batch, run).refresh()],
        options=shlex.join(session.surroundings.words),
    )
