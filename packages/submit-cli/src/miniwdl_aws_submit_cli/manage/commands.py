"""
The subcommands of this distribution.

Each is a module beside this one with two functions: ``configure`` adds its arguments, and ``run`` does its work. To add
one, write the module and put its name here, with its help. A module is imported when its command is asked for; what its
work needs, once that begins, so that its ``--help`` waits for nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.types import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["commands"]

HELP = {
    "list": "list the runs of a queue",
    "status": "show where a run and its calls stand",
    "logs": "show the log of a run, or of its calls",
    "outputs": "show what a run gave, and download its files",
    "shell": "open a shell in the container of a task that runs",
    "wait": "wait for the end of a run and exit with its code",
    "cancel": "stop a run and all of its tasks",
    "rerun": "submit a run again; the call cache does the rest",
    "sweep": "find task jobs, definitions and uploads of runs that are gone",
    "doctor": "check everything that a run needs",
}


def commands() -> list[Command]:
    """Make them."""
    return [_command(name, text) for name, text in HELP.items()]


def _command(name: str, text: str) -> Command:
    def module() -> Any:
        return import_module(f"miniwdl_aws_submit_cli.manage.{name}")

    def configure(parser: ArgumentParser) -> None:
        module().configure(parser)

    def run(args: Namespace) -> int:
        code: int = module().run(args)
        return code

    return Command(name, text, configure, run)
