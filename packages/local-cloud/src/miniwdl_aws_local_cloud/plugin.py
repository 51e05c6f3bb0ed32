"""What this distribution answers to the hooks. Heavy imports stay inside the functions: every ``--help`` loads this."""

from __future__ import annotations

from miniwdl_aws_hooks import Command, SubmitOption, hookimpl

__all__ = ["miniwdl_aws_commands", "miniwdl_aws_submit_options"]


@hookimpl
def miniwdl_aws_submit_options() -> list[SubmitOption]:
    """Add ``--local``: everything happens on this machine, without an AWS account; and ``--runner`` for it."""
    from miniwdl_aws_local_cloud.cloud_settings import LOCAL_OPTION
    from miniwdl_aws_local_cloud.up import submitting

    return [
        SubmitOption(
            name=LOCAL_OPTION,
            help="run on this machine, in a local cloud that is started when needed: no AWS account, no containers",
            enter=submitting.enter,
        ),
        SubmitOption(
            name="--runner",
            metavar="RUNNER",
            help="with --local: process (default) or engine, containers of Docker or Podman, which need --image",
            enter=submitting.enter_runner,
        ),
    ]


@hookimpl
def miniwdl_aws_commands() -> list[Command]:
    """Add ``miniwdl-aws local``, by which the local cloud is started, looked at and ended."""
    from miniwdl_aws_local_cloud.up import command

    return [
        Command(
            name="local",
            help="start, look at or end the local cloud of this folder",
            configure=command.configure,
            run=command.run,
        )
    ]
