"""Finds the plugins, leaves out those that are broken or disabled, and refuses misspelled hooks."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pluggy

from miniwdl_aws_hooks.discovery import find_points
from miniwdl_aws_hooks.errors import PluginError
from miniwdl_aws_hooks.markers import PROJECT_NAME
from miniwdl_aws_hooks.specs import Specs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miniwdl_aws_hooks.discovery import PluginPoint

__all__ = ["DISABLE_VARIABLE", "TRACE_VARIABLE", "create_manager", "get_manager"]

DISABLE_VARIABLE = "MINIWDL_AWS_DISABLE_PLUGINS"
"""Entry point names to leave out, separated by commas."""

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
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(Specs)
    disabled = {name.strip() for name in environ.get(DISABLE_VARIABLE, "").split(",")}
    # Sorted, so that the order of calls doesn't depend on the order of installation; pluggy calls the last one first.
    for point in sorted(points, key=lambda point: point.name, reverse=True):
        if point.name in disabled:
            manager.set_blocked(point.name)
        elif not manager.has_plugin(point.name):
            _register(manager, point)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as exc:
        raise PluginError(
            f"a plugin implements a hook that does not exist: {exc}",
            hint=f"correct the hook's name, or leave the plugin out with {DISABLE_VARIABLE}=NAME",
        ) from exc
    if environ.get(TRACE_VARIABLE) == "1":
        _trace(manager)
    return manager


def _register(manager: pluggy.PluginManager, point: PluginPoint) -> None:
    try:
        plugin = point.load()
    except Exception as exc:  # noqa: BLE001 - whatever a plugin does at import, the others go on without it
        import logging  # only here: it would be a tenth of what a command takes to start

        logger = logging.getLogger(__name__)
        logger.warning("left out plugin %s (%s), which failed to load: %r", point.name, point.value, exc)
        return
    try:
        manager.register(plugin, name=point.name)
    except pluggy.PluginValidationError as exc:
        raise PluginError(
            f"plugin {point.name} ({point.value}) does not fit the hooks: {exc}",
            hint=f"update the plugin, or leave it out with {DISABLE_VARIABLE}={point.name}",
        ) from exc


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
