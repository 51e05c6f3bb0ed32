"""The subcommands by name; what does the work is imported when one runs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.types import Command
from miniwdl_aws_submit_cli.manage.arguments import (
    configure_doctor,
    configure_list,
    configure_logs,
    configure_rerun,
    configure_run,
    configure_status,
    configure_sweep,
    configure_wait,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

__all__ = ["COMMANDS"]


def _command(name: str, text: str, configure: Callable[[ArgumentParser], None]) -> Command:
    def run(args: Namespace) -> int:
        code: int = import_module(f"miniwdl_aws_submit_cli.manage.{name}").run(args)
        return code

    return Command(name=name, help=text, configure=configure, run=run)


COMMANDS = (
    _command("list", "list the runs of a queue", configure_list),
    _command("status", "show where a run and its calls stand", configure_status),
    _command("logs", "show the log of a run, or of its calls", configure_logs),
    _command("wait", "wait for the end of a run and exit with its code", configure_wait),
    _command("cancel", "stop a run and all of its tasks", configure_run),
    _command("rerun", "submit a run again; the call cache does the rest", configure_rerun),
    _command("sweep", "find task jobs whose workflow job is gone", configure_sweep),
    _command("doctor", "check everything that a run needs", configure_doctor),
)
