"""Which rows of a table have runs already, so that none is run twice unless that is wanted. Pure but for one look."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.formats import counted
from miniwdl_aws_submit_cli.runs.wait import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.rows import RowRun
    from miniwdl_aws_submit_cli.submit.table.planned import PlannedRow

__all__ = ["batch_name", "check_batch_name", "rows_there"]

MAX_NAME = 128
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_batch_name(name: str) -> str:
    """Check a name that a user chose."""
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise ConfigurationError(
            f"--batch: a name has at most {MAX_NAME} letters, digits and . _ -, and begins with a letter or digit,"
            f" unlike {name[:80]!r}"
        )
    return name


def batch_name(table: str, rows: Sequence[PlannedRow]) -> str:
    """Name a batch by its table's file and by what is run, so that the same table has the same name again."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(table).stem).strip("-_")[:40] or "batch"
    content = hashlib.sha256("".join(sorted(row.key for row in rows)).encode()).hexdigest()
    return f"{stem}-{content[:8]}"


def rows_there(
    table: str, name: str, rows: Sequence[PlannedRow], runs: Sequence[RowRun], *, chosen: bool
) -> Mapping[str, Job]:
    """
    Find the runs that rows have already in a batch.

    :param runs: those of all tables, the newest first.
    :param chosen: whether the user chose the batch's name; then no other batch matters.
    :return: job by key.
    :raises WorkflowError: when nobody chose a name, and rows have runs in another batch.
    """
    there: dict[str, Job] = {}
    elsewhere: dict[str, RowRun] = {}
    for tags, job in runs:
        if tags.batch == name:
            there.setdefault(tags.key, job)
        else:
            elsewhere.setdefault(tags.key, (tags, job))
    double = [(row, *elsewhere[row.key]) for row in rows if row.key in elsewhere and row.key not in there]
    if double and not chosen:
        row, tags, job = double[0]
        raise WorkflowError(
            f"{table}: {counted(len(double), 'row has a run', 'rows have runs')} already in batch {tags.batch},"
            f" as row {row.row.number}: {job.job_id}, {state_of(job)}",
            hint=f"--batch {tags.batch} submits only the rows that have none; --batch with a new name submits all",
        )
    return {row.key: there[row.key] for row in rows if row.key in there}
