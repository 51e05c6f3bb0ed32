"""
Remembers which task runs in which directory.

miniwdl tells a container backend the id of a call, not the name of its task. A task plugin of miniwdl's is told, and
this one does nothing but write it down for the backend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator

    from WDL.runtime.config import Loader
    from WDL.Tree import Task

__all__ = ["remember", "task_name"]

_names: dict[str, str] = {}


def remember(
    cfg: Loader,  # noqa: ARG001 - miniwdl passes all of these by position
    logger: logging.Logger,  # noqa: ARG001 - as above
    run_id_stack: list[str],  # noqa: ARG001 - as above
    run_dir: str,
    task: Task,
    **recv: Any,
) -> Generator[dict[str, Any], dict[str, Any], None]:
    """Note the task's name while it runs; see miniwdl's documentation of task plugins for the three steps."""
    _names[run_dir] = task.name
    try:
        recv = yield recv
        recv = yield recv
        yield recv
    finally:
        _names.pop(run_dir, None)


def task_name(run_dir: str, run_id: str) -> str:
    """Name of the task that runs in a directory; made out of the call's id when nobody noted it."""
    return _names.get(run_dir) or run_id.removeprefix("call-")
