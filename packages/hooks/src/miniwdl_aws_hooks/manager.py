"""Finds the plugins, leaves out those that are broken or disabled, refuses misspelled hooks, and guards the others."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pluggy

from miniwdl_aws_hooks.discovery import find_points
from miniwdl_aws_hooks.errors import PluginError
from miniwdl_aws_hooks.guarding.guard import DISABLE_VARIABLE, Guard, in_one_line
from miniwdl_aws_hooks.markers import PROJECT_NAME
from miniwdl_aws_hooks.nearest import did_you_mean
from miniwdl_aws_hooks.specs import Specs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from miniwdl_aws_hooks.discovery import PluginPoint

__all__ = ["DISABLE_VARIABLE", "TRACE_VARIABLE", "create_manager", "get_manager"]

TRACE_VARIABLE = "MINIWDL_AWS_TRACE_HOOKS"
"""Set to 1 to see every hook call and its result on standard error."""


@lru_cache(maxsize=1)
def get_manager() -> pluggy.PluginManager:
    """
    Get the manager of this process, made at the first call from the installed entry points.

    :raises PluginError: when a plugin implements a hook that no specification knows.
    """
    return create_manager(find_points(PROJECT_NAME), os.environ)


def create_manager(points: Iterable[PluginPoint], environ: Mapping[str, str]) -> pluggy.PluginManager:
    """
    Make a manager from given entry points; a plugin that fails to load is named in a warning and left out.

    :param points: where plugins are; tests hand in their own.
    :param environ: where the disable and trace variables are looked up.
    :raises PluginError: when a plugin implements a hook that no specification knows.
    """
    traces = environ.get(TRACE_VARIABLE) == "1"
    manager = _Manager(_show_origin if traces else lambda _exc: None)
    disabled = {name.strip() for name in environ.get(DISABLE_VARIABLE, "").split(",")}
    # Sorted, so that the order of calls doesn't depend on the order of installation; pluggy calls the last one first.
    for point in sorted(points, key=lambda point: point.name, reverse=True):
        if point.name in disabled:
            manager.set_blocked(point.name)
        elif not manager.has_plugin(point.name):
            _register(manager, point)
    if traces:
        _trace(manager)
    return manager


class _Manager(pluggy.PluginManager):
    """A manager whose plugins are guarded, whoever registers them."""

    def __init__(self, show: Callable[[BaseException], None]) -> None:
        """
        Make one without plugins.

        :param show: called with whatever a plugin raises that it should not.
        """
        super().__init__(PROJECT_NAME)
        self.add_hookspecs(Specs)
        self._show = show

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """
        Register a plugin, and put a guard before each of its functions.

        :raises PluginError: when it implements a hook that does not exist, or takes what its hook doesn't give.
        """
        known = name or self.get_canonical_name(plugin)
        try:
            registered = super().register(plugin, name)
        except pluggy.PluginValidationError as exc:
            raise _unfit(known, f"does not fit the hooks: {' '.join(str(exc).split())}") from exc
        guard = Guard(known, self._show)
        for caller in (self.get_hookcallers(plugin) or []) if registered else ():
            specification = getattr(Specs, caller.name, None)
            if specification is None:
                meant = did_you_mean(caller.name, [hook for hook in vars(Specs) if hook.startswith(PROJECT_NAME)])
                rest = f"; {meant}" if meant else ""
                raise _unfit(known, f"implements {caller.name}, a hook that does not exist{rest}")
            for implementation in caller.get_hookimpls():
                if implementation.plugin is plugin:
                    if implementation.wrapper or implementation.hookwrapper:
                        raise _unfit(known, f"wraps {caller.name}, and hooks here can't be wrapped")
                    # Final to type checkers only: pluggy calls it, and never sets it again.
                    implementation.function = guard.before(implementation.function, specification)  # type: ignore[misc]
        return registered


def _unfit(plugin: str, what: str) -> PluginError:
    return PluginError(
        f"plugin {plugin} {what}",
        hint=f"update or correct the plugin, or leave it out with {DISABLE_VARIABLE}={plugin}",
    )


def _register(manager: pluggy.PluginManager, point: PluginPoint) -> None:
    try:
        plugin = point.load()
        manager.register(plugin, name=point.name)
        if not manager.get_hookcallers(plugin):
            _warn("plugin %s (%s) does nothing: it has no function marked by @hookimpl", point.name, point.value)
    except PluginError:
        raise
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a plugin does at import, the others go on without it
        _warn("left out plugin %s (%s), which failed to load: %s", point.name, point.value, in_one_line(exc))


def _warn(text: str, *values: str) -> None:
    import logging  # only here: it would be a tenth of what a command takes to start

    logging.getLogger(__name__).warning(text, *values)


def _show_origin(exc: BaseException) -> None:
    from traceback import format_exception

    for line in "".join(format_exception(exc)).splitlines():
        _tell(line)


def _trace(manager: pluggy.PluginManager) -> None:
    def before(hook_name: str, methods: Sequence[pluggy.HookImpl], kwargs: Mapping[str, Any]) -> None:
        names = ", ".join(method.plugin_name for method in reversed(methods)) or "no plugin"
        _tell(f"{hook_name}({', '.join(kwargs)}) -> {names}")

    def after(
        outcome: pluggy.Result[Any], hook_name: str, _methods: Sequence[pluggy.HookImpl], _kwargs: Mapping[str, Any]
    ) -> None:
        result = repr(outcome.exception) if outcome.exception else _summary(outcome.get_result())
        _tell(f"{hook_name} = {result}")

    manager.add_hookcall_monitoring(before, after)


def _tell(text: str) -> None:
    sys.stderr.write(f"[hook] {text}\n")  # noqa: TID251 - core stands above; names of plugins, and escaped by repr()


def _summary(result: object, limit: int = 200) -> str:
    text = repr(result)
    return text if len(text) <= limit else text[:limit] + "..."
