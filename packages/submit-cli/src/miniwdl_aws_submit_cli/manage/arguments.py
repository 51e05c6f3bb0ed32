"""Arguments of the subcommands. Imports nothing heavy: all of it runs for every ``--help``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.since import SINCE_HELP
from miniwdl_aws_hooks.manager import get_manager
from miniwdl_aws_submit_cli.options.parser import add_plugin_options
from miniwdl_aws_submit_cli.options.surroundings import plugin_options
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = [
    "configure_doctor",
    "configure_list",
    "configure_logs",
    "configure_queue",
    "configure_rerun",
    "configure_run",
    "configure_status",
    "configure_sweep",
    "configure_wait",
]

STATES = ("submitted", "pending", "runnable", "starting", "running", "succeeded", "failed", "active")
"""Values of ``list --state``; ``active`` is all but the final two."""


def configure_queue(parser: ArgumentParser) -> None:
    """Add what every subcommand takes: where AWS is, and which queue runs are in."""
    _add_option(parser, "--workflow-queue")
    add_plugin_options(parser, [added for added in plugin_options(get_manager()) if not added.submit_only])


def configure_run(parser: ArgumentParser) -> None:
    """Add the run to look at."""
    run = parser.add_argument("run", metavar="RUN", help="job id, unique beginning of one, name, or `last`")
    run.completer = _complete_run  # type: ignore[attr-defined]
    parser.add_argument("--json", action="store_true", help="print JSON")
    configure_queue(parser)


def configure_list(parser: ArgumentParser) -> None:
    """Add what to list."""
    parser.add_argument(
        "--state", action="append", type=str.lower, choices=STATES, metavar="STATE",
        help=f"only runs in this state: {', '.join(STATES)}; may be repeated",
    )  # fmt: skip
    parser.add_argument("--since", metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--tag", action="append", metavar="KEY=VALUE", help="only runs with this tag; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    configure_queue(parser)


def configure_status(parser: ArgumentParser) -> None:
    """Add how much to show."""
    parser.add_argument("--all", action="store_true", help="show every call, however many succeeded")
    configure_run(parser)


def configure_logs(parser: ArgumentParser) -> None:
    """Add which logs to show."""
    parser.add_argument(
        "--task", action="append", metavar="CALL",
        help="the logs of this call (sort, sort-3, sub-1/sort) or task; may be repeated",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="the workflow's log and those of all calls")
    parser.add_argument("--follow", "-f", action="store_true", help="go on until the run ends")
    parser.add_argument("--since", metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--grep", metavar="RE", help="only events in which this regular expression is found")
    configure_run(parser)


def configure_wait(parser: ArgumentParser) -> None:
    """Add how to wait."""
    _add_following(parser)
    configure_run(parser)


def configure_rerun(parser: ArgumentParser) -> None:
    """Add how to wait, where it is wanted."""
    parser.add_argument("--wait", "-w", action="store_true", help=option("--wait").help)
    _add_following(parser)
    configure_run(parser)


def configure_sweep(parser: ArgumentParser) -> None:
    """Add where to look for them."""
    parser.add_argument("--yes", action="store_true", help="stop them")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    _add_option(parser, "--task-queue")
    _add_option(parser, "--task-queue-fallback")
    configure_queue(parser)


def configure_doctor(parser: ArgumentParser) -> None:
    """Add how to show what was found."""
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    configure_queue(parser)


def _complete_run(**arguments: Any) -> list[str]:
    from miniwdl_aws_submit_cli.submit.completion import complete_run

    return complete_run(**arguments)


def _add_following(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--task", action="append", metavar="CALL", dest="follow_task",
        help="follow, and show the log of this call (sort, sort-3, sub-1/sort) or task, too; may be repeated",
    )  # fmt: skip
    for name in ("--follow", "--plain"):
        item = option(name)
        parser.add_argument(*item.flags, action="store_true", help=item.help)


def _add_option(parser: ArgumentParser, name: str) -> None:
    item = option(name)
    parser.add_argument(name, metavar=item.metavar, help=f"{item.help} [{item.env}]")
