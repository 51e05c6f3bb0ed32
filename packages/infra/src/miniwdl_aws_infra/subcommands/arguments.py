"""Arguments and questions that several subcommands have. Imports nothing heavy: all of it runs for every ``--help``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import say
from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["DEFAULT_STACK", "add_json", "add_parameters", "add_place", "add_yes", "agreed"]

DEFAULT_STACK = "miniwdl"
"""Begins the names of all queues; the documentation's examples have it."""


def add_place(parser: ArgumentParser) -> None:
    """Add which stack it is."""
    parser.add_argument(
        "--stack-name", metavar="NAME", default=DEFAULT_STACK, type=_stack_name,
        help=f"CloudFormation stack, with whose name the queues begin (default: {DEFAULT_STACK})",
    )  # fmt: skip
    parser.add_argument("--region", metavar="NAME", help="AWS region")


def _stack_name(word: str) -> str:
    """Check a name. A repository of ECR is named after the stack, too, so it must be in lower case."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,99}", word) or word.endswith("-") or "--" in word:
        raise ConfigurationError(
            f"--stack-name must be lower-case letters, digits and single hyphens, and begin with a letter, not {word!r}"
        )
    return word


def add_parameters(parser: ArgumentParser) -> None:
    """Add the template's parameters."""
    parser.add_argument(
        "--parameter", metavar="NAME=VALUE", action="append", default=[],
        help="parameter of the template, as StorageCapacity=2400; may be repeated; what isn't named stays as it is",
    )  # fmt: skip


def add_json(parser: ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_yes(parser: ArgumentParser) -> None:
    """Add how not to be asked."""
    parser.add_argument("--yes", action="store_true", help="don't ask")


def agreed(question: str, *, yes: bool) -> bool:
    """
    Ask, unless the user has said yes on the command line.

    :raises ConfigurationError: when nobody is there to answer.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{question} Nobody is there to answer", hint="--yes goes on without asking")
    say(f"{question} [y/N]")
    return bool(re.fullmatch(r"\s*y(es)?\s*", sys.stdin.readline(), re.IGNORECASE))
