"""What this distribution answers to the hooks. Heavy imports stay inside the functions: every ``--help`` loads this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import Command, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence


@hookimpl
def miniwdl_aws_commands() -> Sequence[Command]:
    """Add ``miniwdl-aws infra``."""
    from miniwdl_aws_infra.command import configure, run

    return [Command("infra", "set an AWS account up for workflows, by CloudFormation", configure, run)]
