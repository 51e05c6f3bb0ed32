"""To submit many jobs: several at once, as fast as AWS takes them."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_core.console import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.submit.sending import Ready

__all__ = ["AT_ONCE", "send_all"]

AT_ONCE = 8
"""Requests in flight."""
HIGHEST = 25.0
"""Requests a second: half of what AWS allows an account, whose runs submit their tasks meanwhile."""


def send_all(jobs: Mapping[int, Ready], batch: Batch, sent: Callable[[int, str], None]) -> None:
    """
    Submit jobs, in the order of their rows as far as several at once have one.

    :param jobs: by row.
    :param sent: hears the id of each that AWS has taken, by row; one at a time.
    :raises MiniwdlAwsError: of the first that AWS refuses. None is begun after it; those that are under way are told.
    """
    definitions: dict[str, str] = {}
    for ready in jobs.values():
        if ready.definition and ready.definition["jobDefinitionName"] not in definitions:
            definitions[ready.definition["jobDefinitionName"]] = batch.ensure_definition(dict(ready.definition))
    rate, told, over = SelfTuningRate(HIGHEST), threading.Lock(), threading.Event()

    def send(row: int, ready: Ready) -> None:
        if over.is_set():
            return
        request: dict[str, Any] = dict(ready.request)
        if ready.definition:
            request["jobDefinition"] = definitions[ready.definition["jobDefinitionName"]]
        try:
            job_id = batch.submit(request, lambda text: say(f"note: row {row}: {text}"), rate)
        except BaseException:
            over.set()
            raise
        with told:
            sent(row, job_id)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="submit") as pool:
        futures: list[Future[None]] = [pool.submit(send, row, ready) for row, ready in jobs.items()]
        try:
            for future in futures:
                future.result()
        finally:
            over.set()
