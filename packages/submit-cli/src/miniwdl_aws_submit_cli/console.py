"""The frame of both commands: how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.console import complain, reader_left, say
from miniwdl_aws_hooks.errors import MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.errors import exit_code_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["guarded"]


def guarded(program: str, run: Callable[[], int]) -> int:
    """
    Run a command; show an error as one sentence with its hint, and never a traceback of it.

    :param program: name that begins the message.
    :return: the exit code.
    """
    try:
        return run()
    except MiniwdlAwsError as exc:
        complain(program, exc)
        return exit_code_of(exc)
    except KeyboardInterrupt:
        say("", f"{program}: interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        reader_left()
        return ExitCode.OK
