"""Where waiting jobs stand in their queues, asked of AWS rarely and for all of them at once."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.failures.waiting import position_in
from miniwdl_aws_core.aws.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_batch_backend.process.batch_api import BatchApi

__all__ = ["QueuePositions"]


class QueuePositions:
    """Keeps each queue's snapshot for a while; gives up for good when AWS refuses it, since nothing depends on it."""

    LIFETIME = 60.0

    def __init__(self, api: BatchApi, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet."""
        self._api = api
        self._clock = clock
        self._lock = threading.Lock()
        self._snapshots: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._refused = False

    def position(self, queue: str, job_id: str) -> int | None:
        """Place of a job among the first 100 of its queue; ``None`` where it isn't known."""
        with self._lock:
            if self._refused:
                return None
            taken, snapshot = self._snapshots.get(queue, (-self.LIFETIME, {}))
            if self._clock() - taken >= self.LIFETIME:
                try:
                    answer = self._api.call_once("get_job_queue_snapshot", jobQueue=queue)
                except AwsError as exc:
                    self._refused = not exc.retryable
                    return None
                snapshot = answer
                self._snapshots[queue] = (self._clock(), snapshot)
        return position_in(snapshot, job_id)
