"""miniwdl's complaints about WDL and inputs, each as one sentence with the place where it is."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from WDL import Error

from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.fetching.addresses import is_elsewhere, on_web

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["input_errors", "wdl_errors"]

LONGEST = 160
"""Characters of a line that is shown with a caret; a longer one would break, and the caret point anywhere."""

_END = re.compile(r"Token\('\$END', ''\)|Unexpected end-of-input")
_UNEXPECTED = re.compile(r"Unexpected (token|character)|No terminal (defined|matches)")
_WORD = re.compile(r"\w+|\S")
_AT_POSITION = re.compile(r" at line \d+,? column \d+\.?$")


@contextmanager
def wdl_errors(uri: str) -> Iterator[None]:
    """
    Turn what goes wrong while a WDL is read into a ``WorkflowError``.

    :param uri: as the user wrote it.
    """
    try:
        yield
    except (Error.SyntaxError, Error.ImportError, Error.ValidationError, Error.MultipleValidationErrors) as exc:
        # miniwdl itself reads files and the web alone.
        hint = f"`miniwdl check {uri}` shows all warnings, too" if on_web(uri) or not is_elsewhere(uri) else None
        error = WorkflowError(_sentence(exc), hint=hint)
        error.excerpt = _excerpt(_position(exc))
        raise error from exc
    except Error.InputError as exc:
        raise WorkflowError(f"{uri}: {exc}") from exc
    except OSError as exc:
        raise WorkflowError(f"the WDL {uri} can't be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise WorkflowError(f"the WDL {uri} is not text in UTF-8") from exc
    except RecursionError as exc:
        raise WorkflowError(f"the WDL {uri} has an expression or a type that is nested too deeply") from exc


@contextmanager
def input_errors(uri: str, input_file: str | None) -> Iterator[None]:
    """
    Turn what goes wrong while inputs are read and checked into a ``WorkflowError``.

    miniwdl prints a page about the workflow's inputs before it raises; the hint says how to see them instead.
    """
    hint = f"`miniwdl input-template {uri}` lists the inputs"
    try:
        with redirect_stderr(StringIO()):
            yield
    except Error.InputError as exc:
        raise WorkflowError(_first_line(str(exc)), hint=hint) from exc
    except (MarkedYAMLError, YAMLError) as exc:
        mark = getattr(exc, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise WorkflowError(f"-i {input_file}: not valid JSON{place}") from exc
    except OSError as exc:
        reason = exc.strerror or exc
        if input_file is None:
            raise WorkflowError(f"an input can't be read: {reason}", hint=hint) from exc
        missing = isinstance(exc, FileNotFoundError)
        raise WorkflowError(f"-i {input_file} can't be read: {reason}", hint=_place(input_file, missing)) from exc
    except UnicodeDecodeError as exc:
        raise WorkflowError(f"-i {input_file} is not text in UTF-8") from exc
    except RecursionError as exc:
        raise WorkflowError("an input is nested too deeply", hint=hint) from exc
    except (ValueError, AssertionError) as exc:
        # miniwdl converts numbers and joins repeated arrays without a message of its own.
        what = "a number with too many digits" if "digits" in str(exc) else str(exc)
        raise WorkflowError(f"an input has a value that does not fit its type: {what}", hint=hint) from exc


def _place(input_file: str, missing: bool) -> str | None:
    """Say where a file that is missing was looked for, which its name says already when it is a whole path."""
    path = os.path.abspath(input_file)  # noqa: PTH100 - pathlib's absolute() leaves ".." in
    return f"it would be {path}" if missing and path != input_file else None


def _sentence(exc: BaseException) -> str:
    if isinstance(exc, Error.MultipleValidationErrors):
        first, *others = exc.exceptions
        return _sentence(first) + (f" (and {len(others)} more)" if others else "")
    inner = exc.__cause__ if isinstance(exc, Error.ImportError) else None
    if isinstance(inner, (Error.SyntaxError, Error.ImportError, Error.ValidationError, Error.MultipleValidationErrors)):
        return _sentence(inner)
    text = _AT_POSITION.sub("", _first_line(str(exc)))
    if isinstance(exc, Error.SyntaxError):
        text = _in_words(text, _line_at(getattr(exc, "pos", None)))
    if isinstance(inner, OSError):
        text += f": {inner.strerror or inner}"
    position = getattr(exc, "pos", None)
    if not position:
        return text
    # What is wrong with a file as a whole stands at line 0.
    place = f", line {position.line}, column {position.column}" if position.line else ""
    return f"{position.uri}{place}: {text}"


def _in_words(text: str, rest: str) -> str:
    """
    Say of a syntax error what a reader sees, in place of what the parser calls it.

    :param text: miniwdl's message, which is Lark's: ``Unexpected token Token('STRING1_FRAGMENT', ...)``.
    :param rest: the line from the place on.
    """
    if _END.search(text):
        return "the file ends in the middle of something: is a brace or a bracket missing?"
    if not _UNEXPECTED.match(text):
        return text
    found = _WORD.match(rest)
    return f"`{found[0]}` makes no sense here" if found else "the line breaks off here"


def _position(exc: BaseException) -> Any:
    """Find the place of the first thing that is wrong."""
    if isinstance(exc, Error.MultipleValidationErrors):
        return _position(exc.exceptions[0])
    inner = exc.__cause__ if isinstance(exc, Error.ImportError) else None
    return (_position(inner) if inner else None) or getattr(exc, "pos", None)


def _line(position: Any) -> str:
    """Read the line of a place; nothing where it can't be had, as of a WDL from elsewhere."""
    try:
        line: str = Path(position.abspath).read_text(errors="replace").splitlines()[position.line - 1]
    except (AttributeError, IndexError, OSError, ValueError):
        return ""
    return line


def _line_at(position: Any) -> str:
    return _line(position)[max(position.column, 1) - 1 :] if position else ""


def _excerpt(position: Any) -> tuple[str, ...]:
    """Show the line of a place, with a caret below the place."""
    text = _line(position).expandtabs(1) if position and position.line else ""
    if not text.strip() or len(text) > LONGEST:
        return ()
    number = str(position.line)
    return f"  {number} | {text}", f"  {' ' * len(number)} | {' ' * (max(position.column, 1) - 1)}^"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].strip()
