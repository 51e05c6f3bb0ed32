"""Arguments that several subcommands take. Imports nothing heavy: all of it runs for every ``--help``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.manager import get_manager
from miniwdl_aws_submit_cli.options.parser import add_plugin_options
from miniwdl_aws_submit_cli.options.surroundings import plugin_options
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["add_batch", "add_following", "add_json", "add_option", "add_place", "add_run", "one_of"]


def add_place(parser: ArgumentParser) -> None:
    """Add what every subcommand takes: where AWS is, and which queue runs are in."""
    add_option(parser, "--workflow-queue")
    add_plugin_options(parser, [added for added in plugin_options(get_manager()) if not added.submit_only])


def add_run(parser: ArgumentParser, *, or_batch: str = "") -> None:
    """
    Add the run to look at.

    :param or_batch: help of ``--batch``, which may stand in its place.
    """
    text = "job id, unique beginning of one, name, or `last`"
    run = parser.add_argument("run", metavar="RUN", nargs="?" if or_batch else None, help=text)
    if or_batch:
        add_batch(parser, or_batch)
    run.completer = _complete_run  # type: ignore[attr-defined]
    add_json(parser, "print JSON")
    add_place(parser)


def add_batch(parser: ArgumentParser, text: str) -> None:
    """Add the runs of a table to look at."""
    parser.add_argument("--batch", metavar="NAME", help=text)


def one_of(args: Namespace) -> str | None:
    """
    Tell the batch, where one stands in the place of a run.

    :raises ConfigurationError: when there are both, or neither.
    """
    batch: str | None = args.batch
    if (args.run is None) == (batch is None):
        given = "both" if batch is not None else "neither"
        raise ConfigurationError(
            f"RUN or --batch NAME says what is meant, and {given} is given",
            hint="`miniwdl-aws list` shows runs, those of a table by their batch",
        )
    return batch


def add_json(parser: ArgumentParser, text: str = "print one JSON array") -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help=text)


def add_following(parser: ArgumentParser) -> None:
    """Add how to stay with a run."""
    parser.add_argument(
        "--task", action="append", metavar="CALL", dest="follow_task",
        help="follow, and show the log of this call (sort, sort-3, sub-1/sort) or task, too; may be repeated",
    )  # fmt: skip
    for name in ("--follow", "--plain"):
        item = option(name)
        parser.add_argument(*item.flags, action="store_true", help=item.help)


def add_option(parser: ArgumentParser, name: str) -> None:
    """Add an option of the submit command that may come from the environment, too."""
    item = option(name)
    parser.add_argument(name, metavar=item.metavar, help=f"{item.help} [{item.env}]")


def _complete_run(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Complete RUN: ``last``, names and ids of the queue's runs; of AWS only, since nothing is started by a Tab key."""
    from argcomplete.io import warn

    from miniwdl_aws_core.terminal import plain
    from miniwdl_aws_hooks.errors import MiniwdlAwsError
    from miniwdl_aws_submit_cli.options.resolve import find
    from miniwdl_aws_submit_cli.runs.batch import connect
    from miniwdl_aws_submit_cli.runs.names import given_name
    from miniwdl_aws_submit_cli.runs.runs import LAST, list_runs

    queue = find(option("--workflow-queue"), vars(parsed_args), os.environ, {}).value
    known = [LAST]
    if queue:
        try:
            known += [word for job in list_runs(connect(), queue) for word in (given_name(job.name), job.job_id)]
        except MiniwdlAwsError as exc:
            warn(plain(exc.message))
    return [word for word in dict.fromkeys(known) if word.startswith(prefix)]
