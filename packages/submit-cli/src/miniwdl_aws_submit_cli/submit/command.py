# PYTHON_ARGCOMPLETE_OK
"""
``miniwdl-aws-submit``: from a command line to a workflow job, and to its end where the user waits.

Heavy modules (botocore, miniwdl) are imported where they are needed, so that ``--help`` and mistakes answer at once.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

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

    from miniwdl_aws_submit_cli.options.resolve import Settings
    from miniwdl_aws_submit_cli.options.surroundings import Surroundings
    from miniwdl_aws_submit_cli.runs.session import Session
    from miniwdl_aws_submit_cli.submit.sending import Ready
    from miniwdl_aws_submit_cli.submit.submission import Order
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
    from miniwdl_aws_submit_cli.submit.sending import send
    from miniwdl_aws_submit_cli.watch.stay import Manner

    fit_for_terminals()

    manner = Manner.of(args)
    args.waiting = args.wait or manner.follow
    written = args.s3upload
    args.s3upload = find(option("--s3upload"), vars(args), os.environ, {}).value or None
    if not (rest or positional or args.self_test):
        raise ConfigurationError("no WDL is named", hint=f"{PROGRAM} [options] WDL [key=value ...], or --self-test")
    _notice_of_ancestor()
    if manner.follow:
        from miniwdl_aws_submit_cli.watch.streams import require_follower

        require_follower(manager)
    with ExitStack() as stack:
        surroundings = enter(added, args, stack)
        args.s3upload = written  # by which an error says whether it comes from the option or from the variable
        session = _open(manager, surroundings, args)
        if args.runs:
            from miniwdl_aws_submit_cli.submit.table.command import submit_table

            return submit_table(args, rest, positional, session, stack)
        ready = _prepare(args, rest, positional, session)
        return send(ready, session, manner, wait=args.waiting) if ready else ExitCode.OK


def _open(manager: pluggy.PluginManager, surroundings: Surroundings, args: argparse.Namespace) -> Session:
    from miniwdl_aws_submit_cli.options.resolve import find_required
    from miniwdl_aws_submit_cli.runs.batch import connect
    from miniwdl_aws_submit_cli.runs.session import Session
    from miniwdl_aws_submit_cli.submit.environment import check_variables

    # First, since a misspelled variable is often the reason for what would be missed below.
    check_variables(os.environ, no_env=args.no_env)
    queue = find_required(option("--workflow-queue"), vars(args), os.environ, {})
    return Session(connect(), manager, surroundings, queue.value)


def _prepare(
    args: argparse.Namespace, rest: Sequence[str], positional: Sequence[str], session: Session
) -> Ready | None:
    """Check everything, and bring the files where the job can read them; nothing is submitted yet, or at all."""
    from miniwdl_aws_submit_cli.runs.queues import QueueTable
    from miniwdl_aws_submit_cli.runs.shares import settings_on_queues
    from miniwdl_aws_submit_cli.submit.contributions import make_stager
    from miniwdl_aws_submit_cli.submit.submission import Order, Submission

    settings = settings_on_queues(QueueTable(session.batch.queues()), vars(args), os.environ)
    stager = make_stager(session.manager, settings.staging, dry_run=args.dry_run, yes=args.yes)
    with ExitStack() as stack:
        source = _source(args, rest, positional, settings, stack)
        for notice in source.notices:
            say(f"note: {notice}")
        order = Order(
            settings,
            source,
            session.batch.region,
            os.environ,
            needs_image=session.surroundings.needs_image,
            no_env=args.no_env,
        )
        for notice in _look_around(args, order, session.manager):
            say(f"note: {notice}")
        plan = Submission(order, session.manager, stager).plan()
    if source.uploads and not settings.publish.destination:
        say(f"note: without --s3upload the results stay on the shared file system, under {settings.run_dir}")
    if not args.dry_run:
        return plan.ready
    emit_json(plan.shown(), indent=None if args.json else 2)
    say("dry run: nothing was staged or submitted")
    return None


def _source(
    args: argparse.Namespace, rest: Sequence[str], positional: Sequence[str], settings: Settings, stack: ExitStack
) -> RunSource:
    from miniwdl_aws_submit_cli.submit.environment import check_configuration, hidden_variables
    from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
    from miniwdl_aws_submit_cli.submit.workflow_source import read_source, self_test_source

    if args.self_test:
        if positional or (rest and not rest[0].startswith("-")):
            raise ConfigurationError(
                f"--self-test takes no WDL and no inputs: {[*rest, *positional][0]}",
                hint="options go to `miniwdl run_self_test`: see its --help",
            )
        return self_test_source(rest)
    arguments = read_arguments(rest, positional, settings.mount, os.environ)
    check_configuration(os.environ, arguments.namespace.cfg, settings.mount, no_env=args.no_env)
    hidden = {} if args.no_env else hidden_variables(os.environ)
    if arguments.namespace.debug and (arguments.task_env or hidden):
        what = " and ".join([*(["--env"] if arguments.task_env else []), *sorted(hidden)])
        say(f"note: with --debug, miniwdl writes the values of {what} into the log")
    return read_source(arguments, settings.mount, stack)


def _look_around(args: argparse.Namespace, order: Order, manager: pluggy.PluginManager) -> list[str]:
    """Have what lies elsewhere looked at: where results go, then the inputs, which may be many."""
    from miniwdl_aws_submit_cli.submit.destination import look_at_destination
    from miniwdl_aws_submit_cli.submit.inputs.remote import look_at, unchecked

    source = order.source
    if args.no_check:
        return unchecked(source.remote_inputs)
    found = look_at_destination(manager, order.settings.publish, order.reader) if source.uploads else []
    return [*found, *look_at(manager, source.remote_inputs, order.reader, say)]


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
