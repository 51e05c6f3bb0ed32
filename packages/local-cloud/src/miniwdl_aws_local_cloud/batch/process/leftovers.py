"""
Processes that no supervisor has ended: they would write into the same folders as new ones.

It was killed together with its cloud, or there is no parent for orphans on this system. A mark in their environment
gives them away.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # its stubs are a distribution of their own

from miniwdl_aws_local_cloud.cloud_settings import JOB_MARKER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["end_leftovers"]

logger = logging.getLogger(__name__)

PATIENCE = 5.0


def end_leftovers(state: Path, job_id: str | None = None) -> int:
    """
    Kill the processes that a cloud of this folder started; call it while holding the folder's lock.

    :param job_id: of a job whose supervisor can't have found them all; ``None`` for all that an earlier cloud left.
    :return: how many there were.
    """
    marks = {JOB_MARKER: str(state), **({"AWS_BATCH_JOB_ID": job_id} if job_id else {})}
    ourselves = psutil.Process()
    spared = {ourselves.pid, *(parent.pid for parent in ourselves.parents())}
    found = [process for process in psutil.process_iter() if process.pid not in spared and _belongs(process, marks)]
    for process in found:
        logger.warning("ended process %d, which %s left running", process.pid, job_id or f"an earlier cloud of {state}")
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(found, timeout=PATIENCE)
    return len(found)


def _belongs(process: psutil.Process, marks: Mapping[str, str]) -> bool:
    try:
        return bool(marks.items() <= process.environ().items())
    except (psutil.Error, OSError):  # another user's, or gone meanwhile
        return False
