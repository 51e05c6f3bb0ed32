"""
The hooks by which the parts of miniwdl-aws-fsxl meet each other, and by which anybody extends them.

A plugin needs ``hookimpl`` and the types; a caller needs ``get_manager``. The specifications are in
:mod:`miniwdl_aws_hooks.specs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.lazy import names_from
from miniwdl_aws_hooks.types import __all__ as _types

if TYPE_CHECKING:
    from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError, MissingPartError, PluginError
    from miniwdl_aws_hooks.exit_codes import ExitCode
    from miniwdl_aws_hooks.manager import create_manager, get_manager
    from miniwdl_aws_hooks.markers import PROJECT_NAME, hookimpl, hookspec
    from miniwdl_aws_hooks.settings import EnvironSettings, Settings
    from miniwdl_aws_hooks.types import *  # noqa: F403 - listed in their own __all__

__all__ = [
    "PROJECT_NAME",
    "hookimpl",
    "hookspec",
    "create_manager",
    "get_manager",
    "MiniwdlAwsError",
    "ConfigurationError",
    "MissingPartError",
    "PluginError",
    "ExitCode",
    "EnvironSettings",
    "Settings",
    *_types,
]

__version__ = "0.1.0"

__getattr__ = names_from(
    __name__,
    {
        "errors": ("ConfigurationError", "MiniwdlAwsError", "MissingPartError", "PluginError"),
        "exit_codes": ("ExitCode",),
        "manager": ("create_manager", "get_manager"),
        "markers": ("PROJECT_NAME", "hookimpl", "hookspec"),
        "settings": ("EnvironSettings", "Settings"),
        "types": _types,
    },
)
