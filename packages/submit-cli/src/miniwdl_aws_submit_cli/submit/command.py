# PYTHON_ARGCOMPLETE_OK
"""
``miniwdl-aws-submit``: from a command line to a workflow job, and to its end where the user waits.

Heavy modules (boto3, miniwdl) are imported where they are needed, so that ``--help`` and mistakes answer at once.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.command import run_command
from miniwdl_aws_core.console import emit_json, say
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.manager import get_manager
from miniwdl_aws_submit_cli.options.parser import build_parser, parse
from miniwdl_aws_submit_cli.options.surroundings import enter, plugin_options
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    import pluggy

    from miniwdl_aws_submit_cli.options.resolve import Resolved, Settings
    from miniwdl_aws_submit_cli.options.surroundings import Surroundings
    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.submit.workflow_source import RunSource

__all__ = ["main"]

PROGRAM = "miniwdl-aws-submit"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(PROGRAM, _main, argv)


def _main(argv: Sequence[str]) -> int:
    manager = get_manager()
    added = plugin_options(manager)
    parser = build_parser(added)
    if "_ARGCOMPLETE" in os.environ:
        from miniwdl_aws_submit_cli.submit.completion import complete_submit

        complete_submit(parser)
    args, rest, positional = parse(parser, argv)
    from miniwdl_aws_core.diagnostics import fit_for_terminals  # what follows is not needed for `--help`
    from miniwdl_aws_submit_cli.options.resolve import find

    fit_for_terminals()

    args.follow = args.follow or bool(args.follow_task)
    args.waiting = args.wait or args.follow
    args.s3upload = find(option("--s3upload"), vars(args), os.environ, {}).value or None
    if not (rest or positional or args.self_test):
        raise ConfigurationError("no WDL is named", hint=f"{PROGRAM} [options] WDL [key=value ...], or --self-test")
    _notice_of_ancestor()
    if args.follow:
        from miniwdl_aws_submit_cli.watch.view import require_follower

        require_follower(manager)
    with ExitStack() as stack:
        return _submit(args, rest, positional, manager, enter(added, args, stack))


def _submit(
    args: argparse.Namespace,
    rest: Sequence[str],
    positional: Sequence[str],
    manager: pluggy.PluginManager,
    surroundings: Surroundings,
) -> int:
    from miniwdl_aws_submit_cli.options.resolve import find_required
    from miniwdl_aws_submit_cli.runs.batch import connect
    from miniwdl_aws_submit_cli.submit.submission import Submission
    from miniwdl_aws_submit_cli.watch.stay import Submitted, stay_with

    queue = find_required(option("--workflow-queue"), vars(args), os.environ, {})
    batch = connect()
    settings = _settings(batch, queue, vars(args))
    with ExitStack() as stack:
        source = _source(args, rest, positional, settings, stack)
        for notice in source.notices:
            say(f"note: {notice}")
        plan = Submission(
            settings,
            manager,
            region=batch.region,
            environ=os.environ,
            no_env=args.no_env,
            needs_image=surroundings.needs_image,
            no_overwrite=args.no_overwrite,
            dry_run=args.dry_run,
            progress=say,
            # Whoever sits at a terminal may have named the wrong folder; a script has been thought about.
            confirm=lambda _question: args.yes or not (sys.stdin and sys.stdin.isatty()),
        ).plan(source)
    if args.dry_run:
        emit_json(plan.shown(), indent=None if args.json else 2)
        say("dry run: nothing was staged or submitted")
        return ExitCode.OK
    request = {**plan.request, "jobDefinition": batch.ensure_definition(dict(plan.definition))}
    job_id = batch.submit(request, lambda text: say(f"note: {text}"))
    submitted = Submitted(job_id, *(str(plan.request[key]) for key in ("jobName", "jobQueue", "jobDefinition")))
    return stay_with(submitted, args, batch, manager, surroundings)


def _settings(batch: Batch, workflow_queue: Resolved, given: dict[str, Any]) -> Settings:
    """Look the queues up, once, and resolve all options with the workflow queue's tags."""
    from miniwdl_aws_submit_cli.options.resolve import find, resolve
    from miniwdl_aws_submit_cli.runs.queues import QueueTable

    queues = QueueTable(batch.queues())
    tags = queues.find(workflow_queue.value, workflow_queue.source).tags
    settings = resolve(given, os.environ, tags)
    for name in ("--task-queue", "--task-queue-fallback"):
        found = find(option(name), given, os.environ, tags)
        if found.value:
            queues.find(found.value, found.source)
    return settings


def _source(
    args: argparse.Namespace, rest: Sequence[str], positional: Sequence[str], settings: Settings, stack: ExitStack
) -> RunSource:
    from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
    from miniwdl_aws_submit_cli.submit.workflow_source import read_source, self_test_source

    if args.self_test:
        if rest or positional:
            raise ConfigurationError(f"--self-test takes no WDL and no options of miniwdl: {[*rest, *positional][0]}")
        return self_test_source()
    return read_source(read_arguments(rest, positional, settings.mount, os.environ), settings.mount, stack)


def _notice_of_ancestor() -> None:
    """Say so when another project's distribution may own the command of the same name."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        other = version("miniwdl-aws")
    except PackageNotFoundError:
        return
    say(
        f"note: miniwdl-aws {other}, which works with EFS, is installed too, and has a miniwdl-aws-submit of its own:"
        " this one is miniwdl-aws-submit-cli's; to keep it alone, uninstall miniwdl-aws and reinstall this one"
    )
