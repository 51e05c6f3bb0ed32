"""
The frame of every command: how it reads its words, how it ends, and what its user sees of an error.

An error is one sentence with its hint, and an exit code; a second Ctrl-C ends a command at once, wherever it is.
"""

from __future__ import annotations

import argparse
import atexit
import os
import re
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from miniwdl_aws_core.collector import collect_seldom
from miniwdl_aws_core.console import complain, emit, reader_left, say
from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Parser", "add_version", "run_command"]

SHOW_CURSOR = b"\x1b[?25h\n"
"""What a live display has taken away from a terminal (DECTCEM), and a line of its own for the shell's prompt."""


_INVALID_CHOICE = re.compile(r"invalid choice: '?([^' ]+)'? \(choose from (.*)\)")
_UNKNOWN = re.compile(r"unrecognized arguments: (-[^ =]+)")
"""argparse's own messages, of which it tells no parts."""


class Parser(argparse.ArgumentParser):
    """A parser that raises our error instead of printing the usage and leaving."""

    passes_rest_on = False
    """Whether a subparser leaves what it doesn't know to whoever asked it."""
    more: str | None = None
    """Name of the repeatable positional argument that takes words behind options, too."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse; a subcommand says itself what it doesn't know, since the command above it has another ``--help``."""
        found, rest = super().parse_known_args(args, namespace)
        if rest and self.more and not any(word.startswith("-") for word in rest):
            setattr(found, self.more, [*getattr(found, self.more), *rest])
            rest = []
        if rest and " " in self.prog and not self.passes_rest_on:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest

    def error(self, message: str) -> NoReturn:
        """Turn a mistake on the command line into one sentence."""
        near = self._near(message)
        raise ConfigurationError(message, hint=near or f"see {self.prog} --help")

    def _near(self, message: str) -> str | None:
        """Say which word was probably meant that argparse does not know."""
        if found := _INVALID_CHOICE.search(message):
            return did_you_mean(found[1], re.findall(r"[\w.-]+", found[2]))
        if found := _UNKNOWN.search(message):
            return did_you_mean(found[1], self._option_string_actions)
        return None


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add ``--version``, which names all parts that are installed: they meet by hooks, and each may be another one."""
    parser.add_argument("--version", action=_Version, nargs=0, help="show the installed parts and their versions")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import distributions

        found = {dist.metadata["Name"]: dist.version for dist in distributions()}
        for name in sorted(found):
            if name == "miniwdl" or name.startswith("miniwdl-aws-"):
                emit(f"{name} {found[name]}")
        parser.exit()


def run_command(program: str, run: Callable[[Sequence[str]], int], argv: Sequence[str] | None) -> int:
    """
    Run a command; show an error as one sentence with its hint, and never a traceback of it.

    :param program: name that begins the message.
    :param run: takes the words of the command line, and returns the exit code.
    :param argv: those words; ``None`` for this process's own, which has nothing left to do then but to end.
    :return: the exit code.
    """
    if argv is None:
        collect_seldom()
    with _ends_at_second_ctrl_c(for_good=argv is None):
        try:
            return run(sys.argv[1:] if argv is None else argv)
        except MiniwdlAwsError as exc:
            complain(program, exc)
            return exc.exit_code
        except KeyboardInterrupt:
            say("", f"{program}: interrupted")
            return ExitCode.INTERRUPTED
        except BrokenPipeError:
            reader_left()
            return ExitCode.OK


@contextmanager
def _ends_at_second_ctrl_c(*, for_good: bool) -> Iterator[None]:
    """
    Let the first Ctrl-C raise ``KeyboardInterrupt``, and another one end the process without a word.

    Python would show a traceback of the second one, as it comes while the first one is dealt with, or while the
    interpreter ends and waits for its threads.

    :param for_good: the process ends with this block: what comes after it ends it at once, too.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # somebody else has decided what Ctrl-C does: nohup, or a program that calls this one
        return
    signal.signal(signal.SIGINT, _interrupt)
    if for_good:
        # Runs last. What is left then takes a moment only, and Python would let SIGINT kill the process meanwhile, so
        # that nobody learned the exit code.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, _end_at_once if for_good else signal.default_int_handler)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGINT, _end_at_once)
    raise KeyboardInterrupt


def _end_at_once(_number: int, _frame: object) -> NoReturn:
    if os.isatty(2):
        os.write(2, SHOW_CURSOR)
    os._exit(ExitCode.INTERRUPTED)
