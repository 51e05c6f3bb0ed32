"""``miniwdl-aws doctor``: every part checks what it owns."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.types import Check, CheckState, PreflightContext
from miniwdl_aws_submit_cli.formats import counted, table
from miniwdl_aws_submit_cli.manage.arguments import add_json, add_place
from miniwdl_aws_submit_cli.options.table import NO_IMAGE, option

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from miniwdl_aws_hooks.types import TaskNeeds
    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["configure", "run"]

_MARKS = {
    CheckState.OK: "ok",
    CheckState.WARNING: "warning",
    CheckState.FAILED: "FAILED",
    CheckState.UNKNOWN: "unknown",
}


def configure(parser: ArgumentParser) -> None:
    """Add the workflow that is to run, and how to show what was found."""
    parser.add_argument("--wdl", metavar="WDL", help="look whether there are hosts for the tasks of this workflow, too")
    parser.add_argument(
        "-i", "--input", dest="input_file", metavar="JSON", help="with --wdl: its inputs, as `miniwdl run` takes them"
    )
    parser.add_argument("inputs", nargs="*", metavar="NAME=VALUE", help="with --wdl: inputs of it; none is required")
    add_json(parser)
    add_place(parser)


def run(args: Namespace) -> int:
    """Print all checks as one table; fail when one failed."""
    from miniwdl_aws_submit_cli.runs.session import open_session

    if args.wdl is None and (args.inputs or args.input_file):
        given = args.inputs[0] if args.inputs else f"-i {args.input_file}"
        raise ConfigurationError(f"{given} is an input of no workflow", hint="name the workflow by --wdl WDL")
    with open_session(args, looking=False) as session:
        context = _context(session)
        context = replace(context, tasks=_tasks(args, context)) if args.wdl else context
        answers = session.manager.hook.miniwdl_aws_preflight(context=context)
    checks = [check for answer in answers for check in answer]
    if args.json:
        emit_json([_facts(check) for check in checks])
    else:
        _show(checks)
    numbers = Counter(check.state for check in checks)
    failed, warned, unknown = (numbers[it] for it in (CheckState.FAILED, CheckState.WARNING, CheckState.UNKNOWN))
    rest = f", {unknown} unknown" if unknown else ""
    say(f"{counted(len(checks), 'check')}: {failed} failed, {counted(warned, 'warning')}{rest}")
    return ExitCode.FAILED if failed else ExitCode.OK


def _tasks(args: Namespace, context: PreflightContext) -> Sequence[TaskNeeds]:
    """Read the workflow as a submission does, and find out what its tasks ask for."""
    from miniwdl_aws_submit_cli.submit.inputs.task_needs import find_needs
    from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
    from miniwdl_aws_submit_cli.submit.workflow_source import read_source

    words = [*(("-i", args.input_file) if args.input_file else ())]
    with ExitStack() as stack:
        arguments = read_arguments(words, [args.wdl, *args.inputs], context.mount_point, os.environ)
        source = read_source(arguments, context.mount_point, stack, complete=False)
        for notice in source.notices:
            say(f"note: {notice}")
        if source.checked is None:
            return ()
        readable = {item.path for item in source.local_files}
        return find_needs(source.checked.target, source.checked.inputs, readable)


def _facts(check: Check) -> dict[str, str | None]:
    return {
        "state": check.state.value,
        "subject": check.subject,
        "message": check.message,
        "why": check.why,
        "hint": check.hint,
        "command": check.command,
    }


def _show(checks: Sequence[Check]) -> None:
    rows = []
    for check in checks:
        rows.append((_MARKS[check.state], check.subject, check.message))
        if check.state is not CheckState.OK:
            said = {"why": check.why, "hint": check.hint, "run": check.command}
            rows += [("", "", f"{what}: {text}") for what, text in said.items() if text]
    emit(*table(rows))


def _context(session: Session) -> PreflightContext:
    from miniwdl_aws_hooks.settings import EnvironSettings
    from miniwdl_aws_submit_cli.options.resolve import find
    from miniwdl_aws_submit_cli.runs.queues import QueueTable

    batch, queue = session.batch, session.queue
    known = QueueTable(batch.queues()).get(queue) if queue else None
    tags = known.tags if known else {}
    names = ("--task-queue", "--task-queue-fallback", "--share", "--fsid", "--mount", "--image", "--staging")
    values = {name: find(option(name), {}, os.environ, tags).value for name in (*names, "--workflow-role")}
    overrides = {
        ("aws", "workflow_queue"): queue or "",
        ("aws", "task_queue"): values["--task-queue"],
        ("aws", "task_queue_fallback"): values["--task-queue-fallback"],
        ("aws", "share_identifier"): values["--share"],
        ("aws", "fs"): values["--fsid"],
        ("aws", "region"): batch.region,
        ("aws", "workflow_image"): values["--image"] or ("" if session.surroundings.needs_image else NO_IMAGE),
        ("aws", "staging"): values["--staging"],
        ("aws", "workflow_role"): values["--workflow-role"],
    }
    return PreflightContext(
        workflow_queue=queue,
        task_queue=values["--task-queue"] or None,
        mount_point=values["--mount"],
        settings=EnvironSettings(os.environ, overrides),
    )
