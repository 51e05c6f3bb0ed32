"""
What goes to ``miniwdl run``: read with miniwdl's own parser, so that its rules hold here, and written back in order.

Imports miniwdl, so only a submission should import this.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.command import Parser
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.nearest import did_you_mean
from miniwdl_aws_hooks.protocol import TASK_ENV_PLACEHOLDER
from miniwdl_aws_submit_cli.options.resolve import within
from miniwdl_aws_submit_cli.options.table import OPTIONS
from miniwdl_aws_submit_cli.submit.miniwdl_cli import fill_run_parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["RunArguments", "read_arguments"]

WORKFLOW_OPTIONS = frozenset({"path", "no_outside_imports"})
"""Options that matter only while the WDL is read; a submitted archive holds every import."""

INPUT_OPTIONS = frozenset({"input_file", "empty", "none"})
"""Options that give inputs; submitted inputs are resolved already."""


@dataclass(frozen=True)
class RunArguments:
    """The arguments of ``miniwdl run``."""

    uri: str
    inputs: tuple[str, ...]
    namespace: argparse.Namespace
    actions: tuple[argparse.Action, ...]

    @property
    def input_file(self) -> str | None:
        """The value of ``-i``: a JSON object, ``-``, a path or a URL."""
        value: str | None = self.namespace.input_file
        return value.strip() or None if value else None

    @property
    def empty(self) -> list[str]:
        """Inputs that are to be empty."""
        return list(self.namespace.empty or ())

    @property
    def none(self) -> list[str]:
        """Inputs that are to be None."""
        return list(self.namespace.none or ())

    @property
    def task_env(self) -> dict[str, str | None]:
        """What ``--env`` gives to tasks, when values are among it: they are not written back."""
        given = [item.partition("=") for item in self.namespace.env or ()]
        if not any(equals for _name, equals, _value in given):
            return {}
        return {name: value if equals else None for name, equals, value in given}

    def options(self, leave_out: Iterable[str] = ()) -> list[str]:
        """
        Write the options back as a command line, each in its long form; a placeholder stands for values of ``--env``.

        :param leave_out: dests of those that are settled on this side.
        """
        skipped = {"help", *leave_out}
        words: list[str] = []
        for action in self.actions:
            value = getattr(self.namespace, action.dest, None)
            if not action.option_strings or action.dest in skipped or value == action.default:
                continue
            flag = max(action.option_strings, key=len)
            if action.dest == "env" and self.task_env:
                words.append(TASK_ENV_PLACEHOLDER)
            elif action.nargs == 0:
                words.append(flag)
            else:
                values = value if isinstance(value, list) else [value]
                words += [word for item in values for word in _valued(flag, str(item))]
        return words


def read_arguments(
    rest: Sequence[str], positional: Sequence[str], mount: str, environ: Mapping[str, str]
) -> RunArguments:
    """
    Read what is left of the command line by miniwdl's rules.

    :param rest: words that are no options of ours.
    :param positional: words after ``--``.
    :param environ: where ``--env NAME`` finds its value, since the workflow job doesn't have this environment.
    :raises ConfigurationError: when miniwdl would refuse them, or could not mean the same inside the workflow job.
    """
    # Two levels, because miniwdl fills in its `run` parser as a subcommand of another.
    parser = fill_run_parser(Parser(prog="miniwdl").add_subparsers(parser_class=_RunParser))
    # As written, positional arguments may stand on both sides of an option.
    namespace, unknown = parser.parse_known_intermixed_args(list(rest))
    inputs = [*namespace.inputs, *positional]
    if namespace.uri is None and inputs:
        namespace.uri = inputs.pop(0)
    if unknown:
        raise ConfigurationError(
            f"neither miniwdl-aws-submit nor `miniwdl run` knows {unknown[0]}",
            hint=did_you_mean(
                unknown[0].partition("=")[0],
                [*(flag for item in OPTIONS for flag in item.flags), *parser._option_string_actions],
            )
            or "see miniwdl-aws-submit --help and miniwdl run --help",
        )
    if not namespace.uri:
        raise ConfigurationError(
            "no WDL is named", hint="miniwdl-aws-submit [options] WORKFLOW.wdl key=value ..., or --self-test"
        )
    _refuse_what_stays_here(namespace, mount)
    namespace.runtime_defaults = _literal_defaults(namespace.runtime_defaults, mount)
    namespace.env = [_literal_variable(item, environ) for item in namespace.env or ()] or None
    # Private, but argparse has no other way to enumerate options, and it never changed.
    return RunArguments(namespace.uri, tuple(inputs), namespace, tuple(parser._actions))


class _RunParser(Parser):
    """miniwdl's ``run``, whose WDL may also be missing (``--self-test``) or stand after ``--``."""

    passes_rest_on = True

    def add_argument(self, *names: Any, **arguments: Any) -> argparse.Action:
        if names == ("uri",):
            arguments["nargs"] = "?"
        return super().add_argument(*names, **arguments)


def _valued(flag: str, value: str) -> list[str]:
    """Attach a value that looks like an option, else write it as a word of its own."""
    if not value.startswith("-"):
        return [flag, value]
    return [f"{flag}={value}"] if flag.startswith("--") else [flag + value]


def _refuse_what_stays_here(namespace: argparse.Namespace, mount: str) -> None:
    """Refuse options that would do nothing useful, or the wrong thing, inside the workflow job."""
    if namespace.json_only:
        raise ConfigurationError("-j only prints the inputs: use `miniwdl run -j` on this machine, or --dry-run here")
    for flag, dest in (("-o", "stdout_file"), ("-e", "stderr_file"), ("--cfg", "cfg")):
        path = getattr(namespace, dest)
        if path is not None and not (path.startswith("/") and within(path, mount)):
            raise ConfigurationError(
                f"{flag} {quoted(path)} would mean a file in the workflow job's container; it must lie under {mount}",
                hint="set configuration by environment variables, MINIWDL__SECTION__KEY" if dest == "cfg" else None,
            )


def _literal_variable(item: str, environ: Mapping[str, str]) -> str:
    """Give ``--env NAME`` the value that the variable has here."""
    name = item.partition("=")[0]
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name.upper().startswith("AWS_BATCH"):
        raise ConfigurationError(
            f"--env must be NAME or NAME=VALUE, and {quoted(name)} is no name of a variable that a task can have",
            hint="it has letters, digits and underscores, begins with none of the digits, and not with AWS_BATCH",
        )
    return f"{item}={environ[item]}" if "=" not in item and item in environ else item


def _literal_defaults(value: str | None, mount: str) -> str | None:
    """Replace a local JSON file of ``--runtime-defaults`` by its content."""
    if value is None or (value.startswith("/") and within(value, mount)):
        return value
    try:
        text = value if value.lstrip().startswith("{") else Path(value).read_text()
        defaults = read_json(text)
    except OSError as exc:
        raise ConfigurationError(f"--runtime-defaults {value} can't be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise ConfigurationError(f"--runtime-defaults is not valid JSON: {exc}") from exc
    if not isinstance(defaults, dict):
        raise ConfigurationError(f"--runtime-defaults must be a JSON object, not {quoted(text)}")
    return json.dumps(defaults, separators=(",", ":"))
