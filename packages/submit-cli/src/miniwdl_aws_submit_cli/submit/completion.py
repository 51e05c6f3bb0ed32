"""
Completion of ``miniwdl-aws-submit`` in the shell, by argcomplete; imported only while a shell asks for it.

Enable it with one line in the shell's start-up file, for both commands::

    eval "$(register-python-argcomplete miniwdl-aws-submit miniwdl-aws)"                      # bash, zsh
    register-python-argcomplete --shell fish miniwdl-aws-submit miniwdl-aws | source          # fish
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import argcomplete

from miniwdl_aws_core.command import Parser
from miniwdl_aws_submit_cli.submit.miniwdl_cli import fill_run_parser

if TYPE_CHECKING:
    import argparse

__all__ = ["complete_submit"]


def complete_submit(parser: argparse.ArgumentParser) -> None:
    """
    Complete a command line: our options, those of ``miniwdl run``, and the WDL's inputs.

    :param parser: with our options, which win where miniwdl has one of the same name.
    """
    both = fill_run_parser(Parser(prog="miniwdl").add_subparsers(parser_class=_Both))
    for action in parser._actions:  # private, but there is no other way to enumerate them
        both._add_action(action)
    argcomplete.autocomplete(both)


class _Both(Parser):
    """A parser in which a later option takes the place of an earlier one of the same name."""

    passes_rest_on = True

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{**arguments, "conflict_handler": "resolve"})
