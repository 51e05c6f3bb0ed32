"""Jobs of a cloud that was killed: they go on without it, and would write into the same folders as new ones."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # its stubs are a distribution of their own

from miniwdl_aws_local_cloud.settings import JOB_MARKER

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["end_leftovers"]

logger = logging.getLogger(__name__)

PATIENCE = 5.0


def end_leftovers(state: Path) -> int:
    """
    Kill the processes that an earlier cloud of this folder started; call it while holding the folder's lock.

    :return: how many there were.
    """
    ourselves = psutil.Process()
    spared = {ourselves.pid, *(parent.pid for parent in ourselves.parents())}
    found = [
        process for process in psutil.process_iter() if process.pid not in spared and _belongs(process, str(state))
    ]
    for process in found:
        logger.warning("ended process %d, which an earlier cloud of %s left running", process.pid, state)
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(found, timeout=PATIENCE)
    return len(found)


def _belongs(process: psutil.Process, state: str) -> bool:
    try:
        return bool(process.environ().get(JOB_MARKER) == state)
    except (psutil.Error, OSError):  # another user's, or gone meanwhile
        return False
