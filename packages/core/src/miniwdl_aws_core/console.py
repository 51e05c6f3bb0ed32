"""
What the commands write: results on standard output, everything else on standard error.

This is the one place that does so, and makes each line fit for a terminal: also where the stream is none, since a pipe
often ends at one. ``--json`` keeps everything, in JSON's own escapes.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from miniwdl_aws_core.terminal import coloured, plain
from miniwdl_aws_hooks.errors import MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["OutputError", "complain", "emit", "emit_json", "emit_log", "emit_raw", "has_colours", "reader_left", "say"]


class OutputError(MiniwdlAwsError):
    """Standard output takes no more: a full disk."""

    exit_code = ExitCode.FAILED


LONGEST = 1000
"""Characters of an error's sentence that are shown."""


def say(*lines: str) -> None:
    """Tell the user something, on standard error; each text is one line, whatever is in it."""
    _write(sys.stderr, lines, plain)


def emit(*lines: str) -> None:
    """Give a result, on standard output; each text is one line, whatever is in it."""
    _give(lines, plain)


def emit_log(*lines: str, colours: bool) -> None:
    """
    Give lines of a log, on standard output.

    :param colours: keep those that are in it; see :func:`has_colours`.
    """
    _give(lines, coloured if colours else plain)


def emit_json(value: Any, *, indent: int | None = None) -> None:
    """Give a result as JSON in ASCII, on standard output; what JSON has no type for becomes a string."""
    import json

    emit(*json.dumps(value, indent=indent, default=str).split("\n"))


def emit_raw(said: bytes) -> None:
    """Give what another program gave as its result, as it did."""
    with _giving():
        sys.stdout.flush()
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()


def complain(program: str, error: MiniwdlAwsError) -> None:
    """
    Show an error as one sentence with its hint.

    :param program: name that begins the message.
    """
    hint = [f"  hint: {_cut(error.hint)}"] if error.hint else []
    say(f"{program}: {_cut(error.message)}", *error.excerpt, *hint)


def _cut(text: str) -> str:
    """Keep what somebody reads of a sentence: names of files and of queues are as long as others make them."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 200]} ... {text[-200:]}"


def has_colours() -> bool:
    """Whether the reader of standard output is a terminal that wants colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def reader_left() -> None:
    """Let go of standard output, whose reader has enough (`| head`); Python would complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _give(lines: tuple[str, ...], fit: Callable[[str], str]) -> None:
    with _giving():
        _write(sys.stdout, lines, fit)


@contextmanager
def _giving() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        reader_left()
        raise OutputError(
            f"can't write to standard output: {exc.strerror}", hint="make room where it leads, or lead it elsewhere"
        ) from exc


def _write(stream: TextIO, lines: tuple[str, ...], fit: Callable[[str], str]) -> None:
    text = "".join(f"{fit(line)}\n" for line in lines)
    # Whatever encoding this terminal has, no line may be lost to an encoding error.
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
