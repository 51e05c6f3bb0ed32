"""
The parser of ``miniwdl-aws-submit``, made from the table of options and from what plugins add.

argparse, because whatever it doesn't know must go to ``miniwdl run`` untouched: options of miniwdl with attached or
separate values, repeated ones, ``key=value`` and ``key= value`` in any order between ours.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from miniwdl_aws_core.command import Parser, add_version
from miniwdl_aws_hooks.errors import MissingPartError, PluginError
from miniwdl_aws_submit_cli.options.table import OPTIONS, Kind, Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniwdl_aws_hooks.types import SubmitOption

__all__ = ["LOCAL_PART", "add_plugin_options", "build_parser", "parse", "plugin_dest"]

DESCRIPTION = "Run a WDL workflow on AWS Batch: submit the workflow job that runs miniwdl there."
EPILOG = (
    "WDL is a file, a source zip or its folder; WDL, zip and the file of -i may lie on this machine, or by https:// or"
    " s3://. Or it is a workflow in a registry: dockstore.org/workflows/github.com/ORGANIZATION/REPOSITORY:VERSION, or"
    " trs://SERVER/ID/versions/VERSION. Everything else goes to `miniwdl run` inside the workflow job: key=value"
    " inputs, -i inputs.json, --task, --verbose, --no-cache and so on; see `miniwdl run --help`."
)


LOCAL_PART = "miniwdl-aws-local-cloud"
OF_PARTS = {"--local": LOCAL_PART}
"""Options that tutorials name, by the distribution that brings them."""


def build_parser(plugin_options: Sequence[SubmitOption]) -> Parser:
    """Make the parser."""
    parser = Parser(
        prog="miniwdl-aws-submit",
        usage="%(prog)s [options] WDL [key=value ...] [options of miniwdl run]",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    for item in OPTIONS:
        action = parser.add_argument(*item.flags, **_arguments(item))
        if item.choices:
            # argparse checks no choices here, since they may also come from the environment; shells may offer them.
            action.completer = partial(_offer, item.choices)  # type: ignore[attr-defined]
    add_plugin_options(parser, plugin_options)
    add_version(parser)
    return parser


def add_plugin_options(parser: argparse.ArgumentParser, plugin_options: Sequence[SubmitOption]) -> None:
    """
    Add the options that plugins bring; one whose plugin is not installed says so when it is given.

    :raises PluginError: when an option of that name exists.
    """
    for added in plugin_options:
        extra: dict[str, Any] = {"metavar": added.metavar} if added.metavar else {"action": "store_true"}
        try:
            parser.add_argument(added.name, dest=plugin_dest(added), help=added.help, **extra)
        except argparse.ArgumentError as exc:
            raise PluginError(f"a plugin adds the option {added.name}, which exists already") from exc
    brought = {added.name for added in plugin_options}
    for name, distribution in OF_PARTS.items():
        if name not in brought:
            parser.add_argument(name, action=_Missing, nargs=0, const=distribution, help=argparse.SUPPRESS)


class _Missing(argparse.Action):
    """An option of a part that is not installed; ``const`` names the part."""

    def __call__(self, *_: object) -> NoReturn:
        raise MissingPartError.of(self.option_strings[0], str(self.const))


def plugin_dest(added: SubmitOption) -> str:
    """Name of the parsed value of a plugin's option."""
    return added.name.lstrip("-").replace("-", "_")


def parse(parser: argparse.ArgumentParser, argv: Sequence[str]) -> tuple[argparse.Namespace, list[str], list[str]]:
    """
    Split a command line into our options and the rest.

    :return: our options; what is for ``miniwdl run``; and the words after ``--``, which are no options at all.
    """
    words = list(argv)
    end = words.index("--") if "--" in words else len(words)
    namespace, rest = parser.parse_known_args(words[:end])
    return namespace, rest, words[end + 1 :]


def _offer(choices: Sequence[str], **_: object) -> Sequence[str]:
    return choices


def _arguments(item: Option) -> dict[str, Any]:
    if item.kind is Kind.FLAG:
        return {"action": "store_true", "help": item.help}
    notes = [item.env or "", f"tag {item.tag}" if item.tag else "", f"default {item.default}" if item.default else ""]
    shown = "; ".join(note for note in notes if note)
    text = item.help + (f": {', '.join(item.choices)}" if item.choices else "") + (f" [{shown}]" if shown else "")
    arguments: dict[str, Any] = {"metavar": item.metavar, "help": text}
    if item.kind is Kind.REPEATED:
        arguments["action"] = "append"
    return arguments
