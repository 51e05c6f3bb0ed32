"""
The subcommands of this distribution.

Each is a module beside this one, whose ``COMMAND`` says its name, its help, its arguments and what it does. To add one,
write the module and put its name here. Since every ``--help`` imports them all, their work is imported when it begins.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miniwdl_aws_hooks.types import Command

__all__ = ["commands"]

MODULES = (
    "list",
    "status",
    "logs",
    "wait",
    "cancel",
    "rerun",
    "sweep",
    "doctor",
)


def commands() -> list[Command]:
    """Import them."""
    return [import_module(f"miniwdl_aws_submit_cli.manage.{name}").COMMAND for name in MODULES]
