"""The commands of this project as their own parsers describe them."""

from __future__ import annotations

import argparse
import re
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING
from unittest.mock import patch

from miniwdl_aws_hooks.markers import PROJECT_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CommandHelp", "described", "parser_of", "plugin_options"]


@dataclass(frozen=True)
class CommandHelp:
    """A command or subcommand."""

    title: str
    description: str
    arguments: list[tuple[str, str]]
    """Each argument as it is written, with its help."""


def described(program: str) -> Iterator[tuple[int, CommandHelp]]:
    """Give a command and its subcommands, each with its depth."""
    yield from _walk((program,))


def plugin_options() -> list[tuple[str, str]]:
    """List the options that installed plugins of this repository add to miniwdl-aws-submit."""
    return [
        (f"{option.name} {option.metavar}" if option.metavar else option.name, option.help)
        for point in sorted(entry_points(group=PROJECT_NAME), key=lambda point: point.name)
        if point.value.startswith(f"{PROJECT_NAME}_")
        for option in getattr(point.load(), f"{PROJECT_NAME}_submit_options", list)()
    ]


def parser_of(program: str, *subcommands: str) -> argparse.ArgumentParser:
    """
    Catch a command's parser where it would print its help: the one door that all commands have.

    :param subcommands: whose parser is wanted; a command may give arguments to those alone that it is asked for.
    """
    (point,) = entry_points(group="console_scripts", name=program)
    caught: list[argparse.ArgumentParser] = []
    with (
        patch.object(argparse.ArgumentParser, "print_help", lambda parser, _file=None: caught.append(parser)),
        suppress(SystemExit),
    ):
        point.load()([*subcommands, "--help"])
    return caught[0]


def _walk(words: tuple[str, ...], summary: str = "") -> Iterator[tuple[int, CommandHelp]]:
    parser = parser_of(*words)
    arguments: list[tuple[str, str]] = []
    below: list[tuple[str, str]] = []
    # Private, but argparse has no other way to enumerate what a parser takes, and it never changed.
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            below += [(item.dest, item.help or "") for item in action._choices_actions]
            arguments += [(f"[`{name}`](#{'-'.join((*words, name))})", text) for name, text in below]
        elif not isinstance(action, argparse._HelpAction):
            arguments.append((f"`{_written(action)}`", (action.help or "").replace("%%", "%")))
    text = " ".join((parser.description or summary).split()).rstrip(".")
    yield len(words) - 1, CommandHelp(" ".join(words), f"{text[0].upper()}{text[1:]}.", arguments)
    for name, help_text in below:
        yield from _walk((*words, name), help_text)


def _written(action: argparse.Action) -> str:
    choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""
    value = "" if action.nargs == 0 else str(action.metavar or choices or action.dest.upper())
    if not action.option_strings:
        return value + ("..." if action.nargs in ("*", "+") else "")
    return re.sub(r" $", "", f"{', '.join(action.option_strings)} {value}")
