"""
The job definitions of this process's tasks, from their registration to their end.

With ``[aws] isolation = none`` they are for any run, and stay. With ``run`` a definition mounts the folder of one run,
so no other run can use it: those are deregistered when the process ends. No job of its is on its way then; AWS does not
say what would become of one. It takes no new job by a definition that was deregistered, so one that is gone, whoever
did it, is registered again when a job needs it.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_DeregisterJobDefinition.html; no request to submit a
job can override volumes and mounts: https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerOverrides.html
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.process.admission import ADMISSION
from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_core.batch.registry import DefinitionRegistry
from miniwdl_aws_core.batch.tags import RunTags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from miniwdl_aws_batch_backend.process.batch_api import BatchApi
    from miniwdl_aws_core.aws.rate import SelfTuningRate

__all__ = ["TaskDefinitions"]

logger = logging.getLogger(__name__)


class TaskDefinitions:
    """Finds or registers them, and deregisters those that no other run can use."""

    PATIENCE = 8.0
    """Seconds for deregistering: a workflow job that is stopped has 30, and needs up to 20 for its task jobs."""
    PAUSE = 0.5
    """Seconds after a request without an answer."""

    def __init__(
        self,
        api: BatchApi,
        rate: SelfTuningRate,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """
        Know none yet.

        :param rate: of deregistrations.
        """
        self._api = api
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._registry = DefinitionRegistry(api.definitions, api.register, ADMISSION.outside)
        self._lock = threading.Lock()
        self._used: dict[str, Mapping[str, Any]] = {}

    def arn_of(self, definition: Mapping[str, Any]) -> str:
        """
        ARN of an active job definition with this content.

        :param definition: a RegisterJobDefinition request; with :class:`RunTags`, it is for one run alone.
        :raises AwsError: when it can't be looked up or registered.
        """
        return self._note(self._registry.arn_of(definition), definition)

    def renewed(self, arn: str) -> str | None:
        """
        Register a definition again, if it is the reason for which AWS takes no job: somebody may have deregistered it.

        :return: the new ARN; ``None`` when it is active.
        :raises AwsError: when it can't be looked up or registered.
        """
        with self._lock:
            definition = self._used.get(arn)
        fresh = self._registry.renewed(definition, arn) if definition else None
        return self._note(fresh, definition) if definition and fresh else None

    def _note(self, arn: str, definition: Mapping[str, Any]) -> str:
        with self._lock:
            self._used[arn] = definition
        return arn

    def close(self) -> None:
        """
        Deregister those that no other run can use, as far as there is time for it.

        Nothing is raised: a run has not failed for it. What stays, ``miniwdl-aws sweep`` finds.
        """
        with self._lock:
            own = [arn for arn, definition in self._used.items() if RunTags.read(definition.get("tags", {}))]
            self._used.clear()
        deadline, left, trouble = self._clock() + self.PATIENCE, len(own), ""
        for arn in own:
            try:
                done = self._deregister(arn, deadline)
            except AwsError as exc:
                trouble = exc.told
                if exc.kind not in {Kind.REFUSED, Kind.MISSING}:
                    break  # the next one would fare no better
                continue
            if not done:
                trouble = trouble or "there was no time left for it"
                break
            left -= 1
        if left:
            logger.warning(
                "job definitions of this run that stay registered: %d (`miniwdl-aws sweep` finds them), as %s",
                left,
                trouble,
            )

    def _deregister(self, arn: str, deadline: float) -> bool:
        """Return False when there is no time for it."""

        def pause(seconds: float) -> bool:
            if self._clock() + seconds > deadline:
                return True
            self._sleep(seconds)
            return False

        while self._rate.acquire(pause):
            try:
                self._api.call_once("deregister_job_definition", jobDefinition=arn)
            except AwsError as exc:
                if exc.kind is Kind.THROTTLED:
                    self._rate.throttled()
                elif not exc.retryable or pause(self.PAUSE):
                    raise
            else:
                self._rate.succeeded()
                return True
        return False
