"""What the commands say: results on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.errors import MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.errors import exit_code_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["emit", "emit_json", "guarded", "say"]


def say(text: str) -> None:
    """Tell the user something, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def emit(text: str) -> None:
    """Give a result, on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def emit_json(value: Any, *, indent: int | None = None) -> None:
    """Give a result as JSON, on stdout."""
    import json

    emit(json.dumps(value, indent=indent, default=str))


def guarded(program: str, run: Callable[[], int]) -> int:
    """
    Run a command; show an error as one sentence with its hint, and never a traceback of it.

    :param program: name that begins the message.
    :return: the exit code.
    """
    try:
        return run()
    except MiniwdlAwsError as exc:
        say(f"{program}: {exc.message}")
        if exc.hint:
            say(f"  hint: {exc.hint}")
        return exit_code_of(exc)
    except KeyboardInterrupt:
        say(f"\n{program}: interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it (`| head`); Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
