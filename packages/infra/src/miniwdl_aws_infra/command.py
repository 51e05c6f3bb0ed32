"""
``miniwdl-aws infra``: its subcommands, each a module of :mod:`miniwdl_aws_infra.subcommands`.

A module has ``configure``, which adds its arguments, and ``run``, which does its work and imports what is heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["configure", "run"]

HELP = {
    "template": "print the CloudFormation template, or only the part for hosts",
    "preview": "say what a deployment would make, replace and lose, and change nothing",
    "deploy": "make the setup or bring it up to date, and check it",
    "status": "show where each resource of the setup stands",
    "outputs": "print the setup's names, and the commands that come next",
    "delete": "delete the setup, but not the data",
}


def configure(parser: ArgumentParser) -> None:
    """Add the subcommands."""
    subcommands = parser.add_subparsers(dest="infra_command", metavar="COMMAND", required=True)
    for name, text in HELP.items():
        added = subcommands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        _module(name).configure(added)


def run(args: Namespace) -> int:
    """Do what was asked for."""
    code: int = _module(args.infra_command).run(args)
    return code


def _module(name: str) -> Any:
    return import_module(f"miniwdl_aws_infra.subcommands.{name}")
