"""Arguments of the subcommands. Imports nothing heavy: all of it runs for every ``--help``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.manager import get_manager
from miniwdl_aws_submit_cli.options import option
from miniwdl_aws_submit_cli.parser import add_plugin_options
from miniwdl_aws_submit_cli.surroundings import plugin_options

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["configure_list", "configure_queue", "configure_run", "configure_wait"]


def configure_queue(parser: ArgumentParser) -> None:
    """Add what every subcommand takes: where AWS is, and which queue runs are in."""
    queue = option("--workflow-queue")
    parser.add_argument(queue.name, metavar=queue.metavar, help=f"queue of the workflow jobs [{queue.env}]")
    add_plugin_options(parser, plugin_options(get_manager()))


def configure_run(parser: ArgumentParser) -> None:
    """Add the run to look at."""
    parser.add_argument("run", metavar="RUN", help="job id, unique beginning of one, name, or `last`")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    configure_queue(parser)


def configure_list(parser: ArgumentParser) -> None:
    """Add what to list."""
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    configure_queue(parser)


def configure_wait(parser: ArgumentParser) -> None:
    """Add how to wait."""
    parser.add_argument("--follow", "-f", action="store_true", help="show the workflow's log as it comes")
    configure_run(parser)
