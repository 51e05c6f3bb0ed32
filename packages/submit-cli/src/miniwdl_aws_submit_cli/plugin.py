"""What this distribution answers to the hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.markers import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniwdl_aws_hooks.types import Check, Command, PreflightContext

__all__ = ["miniwdl_aws_commands", "miniwdl_aws_preflight"]


@hookimpl
def miniwdl_aws_commands() -> Iterable[Command]:
    """Add the subcommands that manage runs."""
    from miniwdl_aws_submit_cli.manage.commands import commands

    return commands()


@hookimpl
def miniwdl_aws_preflight(context: PreflightContext) -> Iterable[Check]:
    """Check the job queues, the workflow job's image and the staging folder."""
    from miniwdl_aws_submit_cli.preflight import checks

    return checks(context)
