"""
Guards the functions that are part of a plugin's answer: those of a ``Command`` and of a ``SubmitOption``.

Whoever calls one meets what callers of a hook meet: an error of ours, one sentence that names the plugin. What a
function gives is held against its annotation, too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, get_args, get_origin

from miniwdl_aws_hooks.guarding.shapes import declared, misfit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Judge", "has_functions", "with_guards"]

LAST = frozenset({"closing_lines"})
"""Functions that are called when all is done: an error is told, and spoils nothing any more."""


class Judge(Protocol):
    """Says what follows what a plugin's function does."""

    def failed(self, exc: BaseException, where: str) -> NoReturn:
        """Raise what the caller is to meet after an exception."""
        ...

    def refused(self, wrong: str, where: str) -> NoReturn:
        """Raise what the caller is to meet after an answer that is none."""
        ...

    def told(self, exc: BaseException, where: str) -> None:
        """Tell of an exception, and go on."""
        ...


def has_functions(wanted: Any) -> bool:
    """Whether there are functions in answers of a type."""
    return bool(_functions(wanted))


def with_guards(item: Any, judge: Judge) -> Any:
    """Give an item of an answer whose functions are guarded; it is of one of our types."""
    from dataclasses import replace

    kind: Any = type(item)
    guards = {name: _guarded(name, getattr(item, name), given, judge) for name, given in _functions(kind).items()}
    return replace(item, **guards) if guards else item


@cache
def _functions(kind: Any) -> dict[str, Any]:
    """Find the fields that hold functions, and what each gives."""
    from dataclasses import fields, is_dataclass

    found = {field.name: declared(str(field.type)) for field in fields(kind)} if is_dataclass(kind) else {}
    return {name: get_args(wanted)[1] for name, wanted in found.items() if get_origin(wanted) is Callable}


def _guarded(name: str, function: Callable[..., Any], given: Any, judge: Judge) -> Callable[..., Any]:
    is_context = get_origin(given) is AbstractContextManager

    @wraps(function)
    def call(*args: object, **kwargs: object) -> Any:
        try:
            answer = function(*args, **kwargs)
            wrong = _misfit(answer, AbstractContextManager if is_context else given)
            if not (wrong or is_context) and get_origin(given) is not None:
                answer = list(answer)  # here, where what a generator raises is known to be the plugin's
        except BrokenPipeError:
            raise  # of whoever reads what a command writes
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a plugin does
            if name not in LAST:
                judge.failed(exc, name)
            judge.told(exc, name)
            return ()
        if wrong:
            judge.refused(wrong, name)
        return _context(name, answer, get_args(given)[0], judge) if is_context else answer

    return call


def _misfit(answer: object, given: Any) -> str:
    return "" if given in (None, type(None)) else misfit(answer, given)  # a lambda gives something; nobody looks at it


@contextmanager
def _context(name: str, context: AbstractContextManager[Any], given: Any, judge: Judge) -> Iterator[Any]:
    """Enter and leave a plugin's context; what is raised within is the caller's, and passes."""
    try:
        entered = context.__enter__()
        wrong = misfit(entered, given)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a plugin does
        judge.failed(exc, name)
    if wrong:
        context.__exit__(None, None, None)
        judge.refused(wrong, name)
    try:
        yield with_guards(entered, judge)
    except BaseException as inner:
        if not _left(context, inner, name, judge):
            raise
    else:
        _left(context, None, name, judge)


def _left(context: AbstractContextManager[Any], inner: BaseException | None, name: str, judge: Judge) -> bool:
    """Leave it; whether it has taken what was raised within for its own."""
    try:
        return bool(context.__exit__(type(inner) if inner else None, inner, inner.__traceback__ if inner else None))
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a plugin does
        if exc is not inner:
            judge.told(exc, name)
        return False
