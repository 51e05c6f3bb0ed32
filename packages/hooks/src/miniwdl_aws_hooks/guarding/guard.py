"""
What stands between a hook's callers and a plugin's function: whatever the function does, one sentence says it.

Every function is wrapped as its plugin is registered, so no caller can forget it. What follows an error is said in the
specification, by :func:`on_error`: one of the functions here that are called with it. An error is an exception that the
specification doesn't know, ``SystemExit`` among them, or an answer that isn't what the specification declares.
Functions in an answer are guarded, too: :mod:`miniwdl_aws_hooks.guarding.answers`.
``KeyboardInterrupt`` and what else isn't an ``Exception`` pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from miniwdl_aws_hooks.errors import MiniwdlAwsError, PluginError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_hooks.guarding.answers import has_functions, with_guards
from miniwdl_aws_hooks.guarding.shapes import declared, misfit, part, series

if TYPE_CHECKING:
    from collections.abc import Callable

    Policy = Callable[[str, str, MiniwdlAwsError], Any]
    """Called with the names of plugin and hook, and the error; raises it, or gives an answer in the plugin's stead."""

__all__ = [
    "DISABLE_VARIABLE",
    "Guard",
    "failed_check",
    "go_on",
    "in_one_line",
    "lose_contact",
    "on_error",
    "policy_of",
    "telling",
]

DISABLE_VARIABLE = "MINIWDL_AWS_DISABLE_PLUGINS"
"""Entry point names to leave out, separated by commas."""

LONGEST = 500
"""Characters that are shown of what a plugin says."""

_POLICY = "miniwdl_aws_on_error"
_Function = TypeVar("_Function", bound="Callable[..., Any]")
_listener: ContextVar[Callable[[PluginError], None] | None] = ContextVar("listener", default=None)


def on_error(policy: Policy) -> Callable[[_Function], _Function]:
    """Declare what an error of a plugin does to whoever calls the hook; without it, the error stops the caller."""

    def declare(specification: _Function) -> _Function:
        setattr(specification, _POLICY, policy)
        return specification

    return declare


def policy_of(specification: Callable[..., Any]) -> Policy:
    """Look up what follows an error of a plugin in a hook; the function's docstring says it in a sentence."""
    policy: Policy = getattr(specification, _POLICY, stop)
    return policy


# The documentation shows the docstrings of these four as what an error does.


def stop(_plugin: str, _hook: str, error: MiniwdlAwsError) -> NoReturn:
    """It stops whoever calls."""
    raise error


def lose_contact(_plugin: str, _hook: str, error: MiniwdlAwsError) -> NoReturn:
    """It ends the following; what is followed goes on. `logs` ends with exit code 75; who waits for a run waits on."""
    if isinstance(error, PluginError):
        error.exit_code = ExitCode.LOST_CONTACT
    raise error


def go_on(plugin: str, hook: str, error: MiniwdlAwsError) -> None:
    """It is told, and all goes on as if the plugin had no answer."""
    if not isinstance(error, PluginError):
        error = PluginError(f"plugin {plugin} failed in {hook}: {error.message}", hint=error.hint)
    listener = _listener.get()
    if listener:
        listener(error)
        return
    import logging  # only here: it would be a tenth of what a command takes to start

    logging.getLogger(__name__).warning("%s", error.told)


def failed_check(plugin: str, _hook: str, error: MiniwdlAwsError) -> object:
    """It is shown as a failed check, and the other plugins are asked."""
    from miniwdl_aws_hooks.findings import not_checked

    return [not_checked(plugin, error)]


@contextmanager
def telling(listener: Callable[[PluginError], None]) -> Iterator[None]:
    """Have errors that stop nobody told to a function while the block runs; otherwise they are logged."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Guard:
    """Stands before the functions of one plugin."""

    def __init__(self, plugin: str, show: Callable[[BaseException], None]) -> None:
        """
        Know whom to name.

        :param plugin: its name.
        :param show: called with what the plugin raised, for whoever traces it.
        """
        self._plugin = plugin
        self._show = show
        self._hint = f"tell whoever maintains the plugin; {DISABLE_VARIABLE}={plugin} leaves it out"

    def before(self, function: Callable[..., Any], specification: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function one that gives what its specification declares, or does what that says of errors."""

        @wraps(function)
        def call(*args: object, **kwargs: object) -> Any:
            try:
                answer = function(*args, **kwargs)
                wanted = declared(specification.__annotations__["return"])
                kind, item = series(wanted)
                if kind is Iterator and isinstance(answer, Iterable):
                    return self._watched(iter(answer), item, specification)
                if kind and isinstance(answer, Iterator):
                    answer = list(answer)  # here, where what a generator raises is known to be the plugin's
                wrong = "" if answer is None else misfit(answer, wanted)
            except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a plugin does
                return self._failed(exc, specification)
            if wrong:
                return self._refused(part("it", wrong).removeprefix("it: "), specification)
            if answer is None or not has_functions(item):
                return answer
            judge = _Judge(self._plugin, specification.__name__, self._error)
            return [with_guards(each, judge) for each in answer]

        return call

    def _watched(self, items: Iterator[object], wanted: Any, specification: Callable[..., Any]) -> Iterator[object]:
        while True:
            try:
                item = next(items)
                wrong = misfit(item, wanted)
            except StopIteration:
                return
            except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a plugin does
                self._failed(exc, specification)
                return
            if wrong:
                self._refused(part("an item", wrong), specification)
                return
            yield item

    def _failed(self, exc: BaseException, specification: Callable[..., Any]) -> Any:
        hook = specification.__name__
        if isinstance(exc, MiniwdlAwsError):
            return policy_of(specification)(self._plugin, hook, exc)
        return policy_of(specification)(self._plugin, hook, self._error(exc, hook))

    def _error(self, exc: BaseException | str, where: str) -> PluginError:
        """Say what a function of the plugin's raised, or what is wrong with what it gave."""
        if isinstance(exc, str):
            return PluginError(f"plugin {self._plugin} gave a wrong answer to {where}: {exc}", hint=self._hint)
        self._show(exc)
        error = PluginError(f"plugin {self._plugin} failed in {where}: {in_one_line(exc)}", hint=self._hint)
        error.__cause__ = exc
        return error

    def _refused(self, what: str, specification: Callable[..., Any]) -> Any:
        hook = specification.__name__
        return policy_of(specification)(self._plugin, hook, self._error(what, hook))


class _Judge:
    """What follows what a function in an answer does: it stops whoever calls, except at the end of all."""

    def __init__(self, plugin: str, hook: str, make: Callable[[BaseException | str, str], PluginError]) -> None:
        self._plugin, self._hook, self._make = plugin, hook, make

    def failed(self, exc: BaseException, where: str) -> NoReturn:
        if isinstance(exc, MiniwdlAwsError):
            raise exc
        raise self._make(exc, f"{where} of {self._hook}")

    def refused(self, wrong: str, where: str) -> NoReturn:
        raise self._make(f"it {wrong}" if wrong.startswith("is ") else wrong, f"{where} of {self._hook}")

    def told(self, exc: BaseException, where: str) -> None:
        error = exc if isinstance(exc, MiniwdlAwsError) else self._make(exc, f"{where} of {self._hook}")
        go_on(self._plugin, self._hook, error)


def in_one_line(exc: BaseException) -> str:
    """Say what was raised: its type and what it says, in one line that a terminal can show."""
    try:
        text = str(exc)
    except Exception:  # noqa: BLE001 - the exception is the plugin's own, and so is how it becomes text
        text = ""
    shown = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * LONGEST]).split())
    cut = shown if len(shown) <= LONGEST else shown[:LONGEST] + "..."
    return f"{type(exc).__name__}: {cut}" if cut else type(exc).__name__
