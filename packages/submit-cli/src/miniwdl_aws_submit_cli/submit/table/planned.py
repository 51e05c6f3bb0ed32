"""Each row of a table as a workflow job that is ready: all are checked before the first is submitted."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.request import command_of
from miniwdl_aws_core.batch.tags import RowTags, check_tags
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.protocol import ENV_PAYLOAD, ENV_PAYLOAD_NAME
from miniwdl_aws_hooks.types import StageResult
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.runs.names import given_name
from miniwdl_aws_submit_cli.submit.submission import Order, Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pluggy

    from miniwdl_aws_hooks.types import StageItem
    from miniwdl_aws_submit_cli.submit.contributions import Stager
    from miniwdl_aws_submit_cli.submit.sending import Ready
    from miniwdl_aws_submit_cli.submit.submission import Plan
    from miniwdl_aws_submit_cli.submit.table.rows import Row

__all__ = ["PlannedRow", "RowOrder", "naming", "plan_rows"]

KEY_LENGTH = 16
"""Hexadecimal digits."""


@dataclass(frozen=True)
class RowOrder:
    """A row, read and checked, with nothing staged for it yet."""

    row: Row
    order: Order


@dataclass(frozen=True)
class PlannedRow:
    """A row that is ready to be submitted."""

    row: Row
    plan: Plan
    key: str
    """What it runs, as a hash."""
    results: str | None
    """Its upload folder, as given."""

    @property
    def name(self) -> str:
        """What its user calls the run."""
        return given_name(str(self.plan.ready.request["jobName"]))

    def ready(self, batch: str) -> Ready:
        """Make the job one of a batch."""
        request = self.plan.ready.request
        tags = {**request.get("tags", {}), **RowTags(batch, self.row.number, self.key).written()}
        return replace(self.plan.ready, request={**request, "tags": check_tags(tags, f"row {self.row.number}")})


@contextmanager
def naming(table: str, row: Row | None = None) -> Iterator[None]:
    """Say of what is wrong in which table it is, and in which row."""
    try:
        yield
    except ConfigurationError as exc:
        place = f"{table}, row {row.number}" if row else f"--runs {table}"
        error = WorkflowError(f"{place}: {exc.message}", hint=exc.hint, more_info=exc.more_info)
        error.excerpt = exc.excerpt
        raise error from exc


def plan_rows(table: str, orders: Sequence[RowOrder], manager: pluggy.PluginManager, stage: Stager) -> list[PlannedRow]:
    """
    Stage what rows need, each file once, and make the jobs.

    :param table: how the user calls it.
    :raises WorkflowError: when rows would run the same, or write over each other.
    """
    _refuse_one_folder(table, orders)
    shared = _StagedOnce(stage)
    files = list(dict.fromkeys(item for each in orders for item in each.order.source.local_files))
    if files:
        shared(tuple(files), f"the local input {files[0].path}")
    planned: dict[str, PlannedRow] = {}
    for each in orders:
        with naming(table, each.row):
            # It takes a stager by what that does: bring files, and say where they are.
            plan = Submission(each.order, manager, shared).plan()  # type: ignore[arg-type]
            key = _key(plan.ready.request)
            if key in planned:
                raise WorkflowError(
                    f"it runs the same as row {planned[key].row.number}",
                    hint="leave one of them out, or give them upload folders of their own: s3://BUCKET/~{column}",
                )
            planned[key] = PlannedRow(each.row, plan, key, each.order.settings.publish.destination)
    return list(planned.values())


def _refuse_one_folder(table: str, orders: Sequence[RowOrder]) -> None:
    """Refuse rows that would put their results into one folder, which a slash at its end says."""
    seen: dict[str, Row] = {}
    for each in orders:
        folder = each.order.settings.publish.destination
        if folder and folder.endswith("/"):
            if folder in seen:
                raise WorkflowError(
                    f"{table}: rows {seen[folder].number} and {each.row.number} would write their results to {folder}",
                    hint="put ~{column} into --s3upload; or without the slash at its end, each run gets a folder in it",
                )
            seen[folder] = each.row


def _key(request: Mapping[str, Any]) -> str:
    """Hash what a job runs and where its results go; not its name, its queue or how much memory it gets."""
    command, variables = command_of(request)
    what = [command, variables.get(ENV_PAYLOAD), variables.get(ENV_PAYLOAD_NAME)]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:KEY_LENGTH]


@dataclass
class _StagedOnce:
    """A stager for many jobs, which brings each file once."""

    stage: Callable[[tuple[StageItem, ...], str], StageResult]
    uris: dict[str, str] = field(default_factory=dict)

    def __call__(self, items: tuple[StageItem, ...], what: str) -> StageResult:
        """Stage what is new among files; sizes are those of what is new."""
        new = tuple(item for item in items if item.path not in self.uris)
        result = self.stage(new, what) if new else StageResult({}, 0, 0)
        self.uris.update(result.uris)
        return StageResult({item.path: self.uris[item.path] for item in items}, result.size, result.uploaded)
