"""
Has miniwdl look for its plugins once, and not again for each task.

``WDL.runtime.config.load_plugins`` reads the metadata of all installed distributions whenever it is asked. It is asked
for every task, and that was a third of the processor time that miniwdl itself takes to run one.
"""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from WDL.runtime import config

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Generator, Iterable

    from WDL.Tree import Workflow

    Loaded = Iterable[tuple[str, Callable[..., Any]]]

__all__ = ["look_up_once"]

DECIDING = ("enable_patterns", "disable_patterns")
"""Options of ``[plugins]`` on which the answer depends."""


def look_up_once(
    cfg: config.Loader,
    _logger: logging.Logger,
    _run_id_stack: list[str],
    _run_dir: str,
    _workflow: Workflow,
    **recv: Any,
) -> Generator[dict[str, Any], dict[str, Any], None]:
    """
    Put a function that remembers its answers in the place of miniwdl's own, where tasks become Batch jobs.

    It is a workflow plugin of miniwdl's, since those come before all tasks, of which hundreds may ask at the same time.
    """
    if cfg["scheduler"]["container_backend"] == "aws_batch" and not hasattr(config.load_plugins, "__wrapped__"):
        config.load_plugins = _remembering(config.load_plugins)  # type: ignore[assignment]
    recv = yield recv
    yield recv


def _remembering(load: Callable[[config.Loader, str], Loaded]) -> Callable[[config.Loader, str], Loaded]:
    found: dict[tuple[str, ...], Loaded] = {}
    looking = threading.Lock()

    @wraps(load)
    def load_plugins(cfg: config.Loader, group: str) -> Loaded:
        question = (group, *(cfg["plugins"][option] for option in DECIDING))
        with looking:
            if question not in found:
                found[question] = tuple(load(cfg, group))
        return found[question]

    return load_plugins
