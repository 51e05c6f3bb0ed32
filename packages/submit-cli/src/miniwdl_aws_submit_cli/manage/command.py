# PYTHON_ARGCOMPLETE_OK
"""``miniwdl-aws``: subcommands from every installed part."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from miniwdl_aws_core.command import Parser, add_version, run_command
from miniwdl_aws_hooks.errors import MissingPartError, PluginError
from miniwdl_aws_hooks.manager import get_manager
from miniwdl_aws_submit_cli.manage.arguments import add_place
from miniwdl_aws_submit_cli.options.parser import LOCAL_PART

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks.types import Command

__all__ = ["build_parser", "main"]

PROGRAM = "miniwdl-aws"
LOCAL = "local"
"""The command that another part brings, and that tutorials name."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(PROGRAM, _main, argv)


def _main(argv: Sequence[str]) -> int:
    commands = [command for found in get_manager().hook.miniwdl_aws_commands() for command in found]
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(build_parser(commands))
    # There are no options with values before the command's name.
    name = next((word for word in argv if not word.startswith("-")), "")
    if name == LOCAL and name not in {command.name for command in commands}:
        raise MissingPartError.of(f"{PROGRAM} {name}", LOCAL_PART)
    parser = build_parser(commands, name)
    args = parser.parse_args(argv)
    from miniwdl_aws_core.diagnostics import fit_for_terminals  # what follows is not needed for `--help`

    fit_for_terminals()
    command: Command = args.command
    if command.finds_runs:
        from miniwdl_aws_submit_cli.runs.finder import open_runs

        args.open_runs = partial(open_runs, args)
    return command.run(args)


def build_parser(commands: Sequence[Command], only: str | None = None) -> Parser:
    """
    Make the parser.

    :param only: name of the command that alone gets its arguments, since only it is asked for.
    :raises PluginError: when two plugins bring a command of one name.
    """
    parser = Parser(prog=PROGRAM, description="Look at runs on AWS Batch, wait for them, stop them, check the setup.")
    add_version(parser)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    seen: set[str] = set()
    for command in sorted(commands, key=lambda command: command.name):
        if command.name in seen:
            raise PluginError(f"two plugins bring the command {PROGRAM} {command.name}")
        seen.add(command.name)
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        if only in (None, command.name):
            command.configure(subparser)
            if command.finds_runs:
                add_place(subparser)
        subparser.set_defaults(command=command)
    return parser
