"""
Stops jobs, many in a request: a run that is terminated has all of its jobs to stop within seconds.

Those that come while a request is under way go together with the next one; who comes first sends it. Where AWS doesn't
take requests for many, or this botocore doesn't know them, each job has its own.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJobs.html
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.batch.limits import MAX_STOP

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from miniwdl_aws_batch_backend.process.batch_api import BatchApi

__all__ = ["Stopper"]

REASON = "terminated by miniwdl"


class Stopper:
    """Stops the jobs of all tasks."""

    def __init__(self, api: BatchApi) -> None:
        """Stop nothing yet."""
        self._api = api
        self._together = api.knows("terminate_jobs")
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._waiting: dict[str, Future[bool]] = {}

    def stop(self, job_ids: Collection[str]) -> Mapping[str, str]:
        """
        Stop jobs, in whatever state they are.

        :return: why it did not work, by the ids of those that may still be running.
        """
        stopped = self._stop_with_others(job_ids) if self._together else set()
        failed = {}
        for job_id in sorted(set(job_ids) - stopped):
            try:
                self._api.call("terminate_job", jobId=job_id, reason=REASON)
            except AwsError as exc:
                failed[job_id] = str(exc)
        return failed

    def _stop_with_others(self, job_ids: Collection[str]) -> set[str]:
        with self._lock:
            futures = {job_id: self._waiting.setdefault(job_id, Future()) for job_id in job_ids}
        for future in futures.values():
            # Once it is this thread's turn, another one may have sent its jobs along.
            with self._sending:
                if not future.done():
                    self._send_some()
        return {job_id for job_id, future in futures.items() if future.result()}

    def _send_some(self) -> None:
        with self._lock:
            chosen = {job_id: self._waiting.pop(job_id) for job_id in list(self._waiting)[:MAX_STOP]}
        stopped: set[str] = set()
        try:
            if len(chosen) > 1 and self._together:
                answer = self._api.call("terminate_jobs", jobs=list(chosen), reason=REASON)
                stopped = set(chosen) - {item.get("job") for item in answer.get("errors") or ()}
        except AwsError as exc:
            # The next ones are spared the wait for what AWS will refuse again.
            self._together = exc.retryable is True
        finally:
            for job_id, future in chosen.items():
                future.set_result(job_id in stopped)
