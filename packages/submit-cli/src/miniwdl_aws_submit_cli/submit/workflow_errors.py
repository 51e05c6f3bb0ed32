"""miniwdl's complaints about WDL and inputs, each as one sentence with the place where it is."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from WDL import Error

from miniwdl_aws_submit_cli.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["input_errors", "wdl_errors"]

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
        raise WorkflowError(_sentence(exc), hint=f"`miniwdl check {uri}` shows the place and all warnings") from exc
    except Error.InputError as exc:
        raise WorkflowError(f"{uri}: {exc}") from exc
    except OSError as exc:
        raise WorkflowError(f"the WDL {uri} can't be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise WorkflowError(f"the WDL {uri} is not text in UTF-8") from exc


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
    except (ValueError, AssertionError) as exc:
        # miniwdl converts numbers and joins repeated arrays without a message of its own.
        raise WorkflowError(f"an input has a value that does not fit its type: {exc}", hint=hint) from exc


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
    text = _AT_POSITION.sub("", _first_line(str(exc))).replace("Token('$END', '')", "end of file")
    if isinstance(inner, OSError):
        text += f": {inner.strerror or inner}"
    position = getattr(exc, "pos", None)
    if not position:
        return text
    # What is wrong with a file as a whole stands at line 0.
    place = f", line {position.line}, column {position.column}" if position.line else ""
    return f"{position.uri}{place}: {text}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].strip()
