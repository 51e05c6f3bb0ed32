"""Where a command acts: AWS as configured, or whatever an option of a plugin such as ``--local`` puts in its place."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_submit_cli.options.parser import plugin_dest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import ExitStack

    import pluggy

    from miniwdl_aws_hooks.types import SubmitOption

__all__ = ["Surroundings", "enter", "plugin_options"]


@dataclass(frozen=True)
class Surroundings:
    """What the options of plugins amount to."""

    words: tuple[str, ...] = ()
    """Options as written, for commands that the user is told: those that say where the run is."""
    needs_image: bool = True
    closing: tuple[Callable[[], Sequence[str]], ...] = ()

    def closing_lines(self) -> list[str]:
        """What to tell the user last."""
        return [line for lines in self.closing for line in lines()]


def plugin_options(manager: pluggy.PluginManager) -> list[SubmitOption]:
    """Ask the plugins for their options."""
    return [option for options in manager.hook.miniwdl_aws_submit_options() for option in options]


def enter(options: Sequence[SubmitOption], args: argparse.Namespace, stack: ExitStack) -> Surroundings:
    """
    Enter the context of each plugin's option that was given, and set its environment variables until the stack closes.

    :param args: all parsed options, with ``waiting`` and ``s3upload``.
    """
    words: list[str] = []
    found = []
    for option in options:
        value = getattr(args, plugin_dest(option), None)
        if not value:
            continue
        if not option.submit_only:
            words += [option.name, value] if option.metavar else [option.name]
        environment = stack.enter_context(option.enter(args))
        stack.enter_context(_variables(environment.environ))
        found.append(environment)
    return Surroundings(
        tuple(words), all(item.needs_image for item in found), tuple(item.closing_lines for item in found)
    )


@contextmanager
def _variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, and put back what was there; an empty value removes one."""
    before = {name: os.environ.get(name) for name in wanted}
    _assign(wanted)
    try:
        yield
    finally:
        _assign(before)


def _assign(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
