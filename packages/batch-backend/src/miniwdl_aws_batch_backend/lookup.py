"""
Has miniwdl look for its plugins once, and not again for each task.

``WDL.runtime.config.load_plugins`` reads the metadata of all installed distributions whenever it is asked. It is asked
for every task, and that was a third of the processor time that miniwdl itself takes to run one.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from WDL.runtime import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Loaded = Iterable[tuple[str, Callable[..., Any]]]

__all__ = ["look_up_once"]

DECIDING = ("enable_patterns", "disable_patterns")
"""Options of ``[plugins]`` on which the answer depends."""


def look_up_once() -> None:
    """Put a function that remembers its answers in the place of miniwdl's own, for the rest of the process."""
    if not hasattr(config.load_plugins, "__wrapped__"):
        config.load_plugins = _remembering(config.load_plugins)  # type: ignore[assignment]


def _remembering(load: Callable[[config.Loader, str], Loaded]) -> Callable[[config.Loader, str], Loaded]:
    found: dict[tuple[str, ...], Loaded] = {}

    @wraps(load)
    def load_plugins(cfg: config.Loader, group: str) -> Loaded:
        question = (group, *(cfg["plugins"][option] for option in DECIDING))
        if question not in found:
            found[question] = tuple(load(cfg, group))
        return found[question]

    return load_plugins
