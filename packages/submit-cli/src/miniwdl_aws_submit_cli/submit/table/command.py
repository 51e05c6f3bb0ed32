"""``miniwdl-aws-submit --runs``: from a table to a workflow job for each of its rows."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from WDL import Type

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.nearest import did_you_mean
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.formats import counted, table
from miniwdl_aws_submit_cli.options.resolve import find
from miniwdl_aws_submit_cli.options.table import option
from miniwdl_aws_submit_cli.runs.queues import QueueTable
from miniwdl_aws_submit_cli.runs.rows import row_runs
from miniwdl_aws_submit_cli.runs.shares import settings_on_queues
from miniwdl_aws_submit_cli.runs.wait import state_of
from miniwdl_aws_submit_cli.submit.contributions import make_stager
from miniwdl_aws_submit_cli.submit.destination import look_at_destination
from miniwdl_aws_submit_cli.submit.environment import check_configuration
from miniwdl_aws_submit_cli.submit.fetching.sources import Sources
from miniwdl_aws_submit_cli.submit.inputs.remote import look_at, unchecked
from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.submission import Order
from miniwdl_aws_submit_cli.submit.table.planned import RowOrder, naming, plan_rows
from miniwdl_aws_submit_cli.submit.table.rows import MAX_BYTES, fill, named_columns, read_table
from miniwdl_aws_submit_cli.submit.table.sending import AT_ONCE, send_all
from miniwdl_aws_submit_cli.submit.table.there import batch_name, check_batch_name, rows_there
from miniwdl_aws_submit_cli.submit.workflow_source import load_workflow, with_inputs
from miniwdl_aws_submit_cli.watch.rows import stay_with_rows

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.session import Session
    from miniwdl_aws_submit_cli.submit.table.planned import PlannedRow
    from miniwdl_aws_submit_cli.submit.table.rows import Row, Table
    from miniwdl_aws_submit_cli.submit.workflow_source import Loaded

__all__ = ["submit_table"]

FEW = 5
"""Rows that a note names, and folders."""


def submit_table(
    args: Namespace, rest: Sequence[str], positional: Sequence[str], session: Session, stack: ExitStack
) -> int:
    """
    Submit a run for each row, and wait for all where that is wanted.

    :param rest: what is for ``miniwdl run``.
    :param positional: the same, after ``--``.
    :param stack: closed once all is submitted.
    :return: the exit code.
    """
    _refuse_what_is_for_one(args)
    chosen = check_batch_name(args.batch) if args.batch else None
    with naming(args.runs):
        found = _read(args.runs)
    orders = _Orders(args, [*rest], [*positional], session, stack).of(found)
    for notice in dict.fromkeys(notice for each in orders for notice in each.order.source.notices):
        say(f"note: {notice}")
    _look_at_inputs(args, orders, session)
    settings = orders[0].order.settings
    stager = make_stager(session.manager, settings.staging, dry_run=args.dry_run, yes=args.yes)
    rows = plan_rows(args.runs, orders, session.manager, stager)
    if not settings.publish.destination:
        say(f"note: without --s3upload the results stay on the shared file system, under {settings.run_dir}")
    name = chosen or batch_name(args.runs, rows)
    queue = session.require_queue()
    there = rows_there(args.runs, name, rows, row_runs(session.batch, queue), chosen=bool(chosen))
    if not args.no_check:
        _look_at_folders(args, [each for each, row in zip(orders, rows, strict=True) if row.key not in there], session)
    if args.dry_run:
        _show(name, rows, there, json=args.json)
        return ExitCode.OK
    return _submit(args, name, rows, there, session)


def _refuse_what_is_for_one(args: Namespace) -> None:
    if args.self_test:
        raise ConfigurationError("--self-test is one run: it takes no --runs")
    for given, flag in ((args.follow, "--follow"), (args.follow_task, "--follow-task")):
        if given:
            raise ConfigurationError(
                f"{flag} shows the log of one run, and --runs submits many",
                hint="--wait waits for all of them; `miniwdl-aws logs RUN --follow` shows one",
            )


def _read(path: str) -> Table:
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise WorkflowError(f"it has more than {MAX_BYTES >> 20} MiB")
        return read_table(Path(path).read_text(encoding="utf-8"))
    except OSError as exc:
        raise WorkflowError(f"it can't be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise WorkflowError("it is not text in UTF-8", hint="save it as tab-separated text") from exc


class _Orders:
    """Reads and checks all rows of one command line; each WDL is read once."""

    def __init__(
        self, args: Namespace, rest: list[str], positional: list[str], session: Session, stack: ExitStack
    ) -> None:
        self._args = args
        self._rest, self._positional = rest, positional
        self._session = session
        self._stack = stack
        self._sources = Sources()
        self._queues = QueueTable(session.batch.queues())
        self._loaded: dict[tuple[Any, ...], Loaded | None] = {}
        folder = find(option("--s3upload"), vars(args), os.environ, {}).value
        self._texts = {"s3upload": folder or args.s3upload, "name": args.name}

    def of(self, table: Table) -> list[RowOrder]:
        texts = [text for text in self._texts.values() if text]
        named = named_columns([*texts, *(self._args.tag or ()), *self._rest, *self._positional])
        orders = []
        for row in table.rows:
            with naming(self._args.runs, row):
                orders.append(RowOrder(row, self._order(row, named)))
        return orders

    def _order(self, row: Row, named: set[str]) -> Order:
        given = {key: fill(text, row) if text else text for key, text in self._texts.items()}
        tags = [fill(text, row) for text in self._args.tag or ()] or None
        settings = settings_on_queues(self._queues, {**vars(self._args), **given, "tag": tags}, os.environ)
        rest, positional = ([fill(word, row) for word in words] for words in (self._rest, self._positional))
        arguments = read_arguments(rest, positional, settings.mount, os.environ)
        options = arguments.namespace
        key = (arguments.uri, options.task, *(options.path or ()))
        if arguments.input_file == "-":
            raise ConfigurationError("-i - can be read once alone, and --runs has many runs", hint="put it into a file")
        if key not in self._loaded:
            check_configuration(os.environ, options.cfg, settings.mount, no_env=self._args.no_env)
            self._loaded[key] = load_workflow(arguments, settings.mount, self._stack, self._sources)
        loaded = self._loaded[key]
        _refuse_twice(row, arguments.inputs)
        words = _words(row, loaded, named)
        arguments = replace(arguments, inputs=(*arguments.inputs, *words))
        source = with_inputs(loaded, arguments, settings.mount, self._sources)
        return Order(
            replace(settings, name=settings.name or f"{source.name}-{row.number}"),
            source,
            self._session.batch.region,
            os.environ,
            needs_image=self._session.surroundings.needs_image,
            no_env=self._args.no_env,
        )


def _refuse_twice(row: Row, inputs: Sequence[str]) -> None:
    """Refuse an input that both command line and table give: miniwdl would join two arrays."""
    for word in inputs:
        name = word.partition("=")[0]
        if row.cells.get(name):
            raise WorkflowError(f"column {name}: the command line gives this input, too", hint="leave one of them out")


def _words(row: Row, loaded: Loaded | None, named: set[str]) -> list[str]:
    """
    Write the inputs of a row.

    A column that is no input is there to be named by ``~{column}``; whether one with a dot is an input (``call.input``,
    ``task.runtime.cpu``) miniwdl knows best.
    """
    if loaded is None:
        return row.words(list(row.cells), ())
    declared = {binding.name: binding.value.type for binding in loaded.target.available_inputs}
    names = [name for name in row.cells if name in declared or "." in name or name not in named]
    for name in names:
        if name not in declared and "." not in name:
            raise WorkflowError(
                f"column {name}: {loaded.target.name} has no such input",
                hint=did_you_mean(name, declared) or f"a column that is no input must be named somewhere: ~{{{name}}}",
            )
    return row.words(names, [name for name in names if isinstance(declared.get(name), Type.Array)])


def _look_at_inputs(args: Namespace, orders: Sequence[RowOrder], session: Session) -> None:
    """Have all inputs by URI looked at in one go: many rows name the same."""
    inputs = {
        item.uri: replace(item, name=f"{item.name} of row {each.row.number}")
        for each in reversed(orders)
        for item in each.order.source.remote_inputs
    }
    remote = list(inputs.values())
    with naming(args.runs):
        notices = unchecked(remote) if args.no_check else look_at(session.manager, remote, orders[0].order.reader, say)
    for notice in notices:
        say(f"note: {notice}")


def _look_at_folders(args: Namespace, orders: Sequence[RowOrder], session: Session) -> None:
    """Have the folders looked at where new runs put their results, each once: those of rows with runs have results."""
    folders = {each.order.settings.publish.destination: each.order for each in orders}

    def look(order: Order) -> list[str]:
        return look_at_destination(session.manager, order.settings.publish, order.reader)

    with naming(args.runs), ThreadPoolExecutor(AT_ONCE, thread_name_prefix="look") as pool:
        notices = list(dict.fromkeys(notice for found in pool.map(look, folders.values()) for notice in found))
    for notice in notices[:FEW]:
        say(f"note: {notice}")
    if len(notices) > FEW:
        say(f"note: and {len(notices) - FEW} more folders")


def _show(name: str, rows: Sequence[PlannedRow], there: Mapping[str, Job], *, json: bool) -> None:
    """Print what would be submitted."""
    if json:
        emit_json(
            [
                {
                    "row": row.row.number,
                    "name": row.name,
                    "batch": name,
                    "cells": row.row.cells,
                    "results": row.results,
                    "thereAs": there[row.key].job_id if row.key in there else None,
                    **row.plan.shown(),
                }
                for row in rows
            ]
        )
    else:
        columns = list(rows[0].row.cells)
        shown = [["ROW", *columns, "NAME", "RESULTS", "RUN"]]
        for row in rows:
            run = f"there: {there[row.key].job_id}" if row.key in there else "new"
            shown.append([str(row.row.number), *row.row.cells.values(), row.name, row.results or "", run])
        emit(*(line.rstrip() for line in table(shown)))
    new = len(rows) - len(there)
    say(f"dry run: nothing was staged or submitted; batch {name} would get {counted(new, 'run')}")


def _submit(args: Namespace, name: str, rows: Sequence[PlannedRow], there: Mapping[str, Job], session: Session) -> int:
    _tell_there(rows, there)
    new = {row.row.number: row for row in rows if row.key not in there}
    ids: dict[int, str] = {row.row.number: there[row.key].job_id for row in rows if row.key in there}
    if not args.json:
        emit(name)
    try:
        send_all({number: row.ready(name) for number, row in new.items()}, session.batch, ids.__setitem__)
    except (MiniwdlAwsError, KeyboardInterrupt):
        left = len(rows) - len(ids)
        say(
            f"{counted(len(ids), 'row')} of batch {name} have runs, {left} have none:"
            " the same command submits those alone"
        )
        raise
    say(f"submitted {counted(len(new), 'run')} to queue {session.require_queue()} as batch {name}")
    if args.waiting:
        return stay_with_rows(name, {job_id: number for number, job_id in ids.items()}, session, json=args.json)
    if args.json:
        emit_json(
            {
                "batch": name,
                "jobQueue": session.require_queue(),
                "region": session.batch.region,
                "runs": [
                    {"row": row.row.number, "name": row.name, "jobId": ids[row.row.number], "new": row.key not in there}
                    for row in rows
                ],
            }
        )
    say(
        f"  state:      {session.command('list', '--batch', name)}",
        f"  come back:  {session.command('wait', '--batch', name)}",
        f"  stop:       {session.command('cancel', '--batch', name)}",
        *session.surroundings.closing_lines(),
    )
    return ExitCode.OK


def _tell_there(rows: Sequence[PlannedRow], there: Mapping[str, Job]) -> None:
    """Say which rows are not submitted again, and what to do about those that failed."""
    known = [(row, there[row.key]) for row in rows if row.key in there]
    for row, job in known[:FEW]:
        say(f"note: row {row.row.number} has a run already, and is not submitted again: {job.job_id}, {state_of(job)}")
    if len(known) > FEW:
        say(f"note: and {len(known) - FEW} more rows")
    if any(job.ended and job.status != "SUCCEEDED" for _row, job in known):
        say("  hint: `miniwdl-aws rerun RUN` runs one that failed again")
