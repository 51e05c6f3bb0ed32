"""
Sends a SubmitJob request until AWS has taken it, and once only.

AWS may throttle it, the definition may have been deregistered meanwhile, or there may be no answer: then the job is
looked for before it is asked for again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.process.admission import ADMISSION
from miniwdl_aws_batch_backend.process.submission.stopper import Stopper
from miniwdl_aws_batch_backend.process.submission.twins import Twins
from miniwdl_aws_batch_backend.process.termination import StoppedError
from miniwdl_aws_core.aws.backoff import Backoff
from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_core.aws.session import ATTEMPTS
from miniwdl_aws_core.batch.arrays import child_id, parent_of
from miniwdl_aws_core.batch.lookup import ids_of, look_for
from miniwdl_aws_core.wdl_log import message

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence

    from miniwdl_aws_batch_backend.process.batch_api import BatchApi
    from miniwdl_aws_batch_backend.process.definitions import TaskDefinitions
    from miniwdl_aws_batch_backend.process.termination import Stoppable
    from miniwdl_aws_core.aws.rate import SelfTuningRate
    from miniwdl_aws_core.batch.job import Job

__all__ = ["Sender", "Submitted"]

SUBMISSION = Backoff(1.0, 10.0)
"""Pauses between submissions that AWS has not taken."""


@dataclass(frozen=True)
class Submitted:
    """A job that AWS has taken: one of its own, or a child of an array."""

    name: str
    """The jobName; of a child, its array's."""
    queue: str
    taken: str | None
    """Id of what AWS has taken; ``None`` where it has told none."""
    index: int | None = None
    """Which child of it is meant."""
    unanswered: bool = False
    """Whether AWS may have taken more jobs of this name than the one that is known."""

    @property
    def job_id(self) -> str | None:
        """Its id."""
        return self.taken and self._within(self.taken)

    def ids(self, jobs: Sequence[Job]) -> set[str]:
        """Ids of whatever AWS may have taken for it, given the jobs of its name."""
        known = {self.taken} if self.taken else set()
        return {self._within(taken) for taken in known | set(ids_of(self.name, jobs))}

    def twin(self, job_id: str) -> Submitted | None:
        """
        Tell of the same job, submitted another time.

        :param job_id: as somebody tells it, not to be trusted; ``None`` when it can't be that job's.
        """
        twin = replace(self, taken=job_id if self.index is None else parent_of(job_id))
        return twin if twin.job_id == job_id else None

    def _within(self, taken: str) -> str:
        return taken if self.index is None else child_id(taken, self.index)


class Sender:
    """Sends requests at the rate that AWS takes."""

    def __init__(
        self,
        api: BatchApi,
        rate: SelfTuningRate,
        definitions: TaskDefinitions,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        Share what all tasks share.

        :param chance: gives numbers between 0 and 1, for pauses that keep tasks apart.
        """
        self._api = api
        self.rate = rate
        self._definitions = definitions
        self._chance = chance
        self._stopper = Stopper(api)
        self._twins = Twins(api.named)

    def send(
        self, request: Mapping[str, Any], task: Stoppable, logger: logging.Logger, *, has_turn: bool = False
    ) -> Submitted:
        """
        Submit, as fast as AWS takes it.

        :param task: who waits for it.
        :param has_turn: whether the rate has given the first request its turn already.
        :raises StoppedError: when the run is terminated before AWS took the job.
        :raises AwsError: when AWS doesn't take it; nothing that it has taken all the same goes on, then.
        """
        # The rate has told when to send it: then it must not wait for others once more.
        with ADMISSION.outside():
            return self._send(request, task, logger, has_turn=has_turn)

    def _send(
        self, request: Mapping[str, Any], task: Stoppable, logger: logging.Logger, *, has_turn: bool
    ) -> Submitted:
        failures, unanswered = 0, False
        name, queue = request["jobName"], request["jobQueue"]
        while True:
            if not (has_turn or self.rate.acquire(task.pause)) or task.terminating():
                self.stop(Submitted(name, queue, None, unanswered=unanswered), logger)
                raise StoppedError(had_started=False)
            has_turn = False
            try:
                taken: str | None = self._api.call_once("submit_job", **request)["jobId"]
            except AwsError as exc:
                if exc.kind is Kind.THROTTLED:
                    self.rate.throttled()
                    logger.info(message("AWS throttles SubmitJob", rate=round(self.rate.rate, 1)))
                    continue
                failures += 1
                if failures < ATTEMPTS and (active := self._with_active_definition(request, exc, logger)):
                    request = active
                    continue
                if exc.ambiguous:
                    unanswered = True
                    self._twins.unanswered(name)
                taken = self._find(name, queue, task, logger) if exc.ambiguous else None
                if taken is None:
                    if not exc.retryable or failures >= ATTEMPTS:
                        self.stop(Submitted(name, queue, None, unanswered=unanswered), logger)
                        raise
                    task.pause(SUBMISSION.pause(failures, self._chance()))
                    continue
            self.rate.succeeded()
            return Submitted(name, queue, taken, unanswered=unanswered)

    def _with_active_definition(
        self, request: Mapping[str, Any], refusal: AwsError, logger: logging.Logger
    ) -> Mapping[str, Any] | None:
        """Write the request anew if it was refused since somebody has deregistered the definition."""
        if refusal.kind not in {Kind.REFUSED, Kind.MISSING} or refusal.retryable:
            return None
        gone = request["jobDefinition"]
        try:
            fresh = self._definitions.renewed(gone)
        except AwsError:
            return None
        if fresh is None:
            return None
        logger.warning(message("registered a job definition again that was deregistered", jobDefinition=gone))
        return {**request, "jobDefinition": fresh}

    def _find(self, name: str, queue: str, task: Stoppable, logger: logging.Logger) -> str | None:
        """Find what AWS may have taken: submitting it again would cost a host's time, if nothing worse."""
        logger.warning(message("SubmitJob got no answer, looking for the job", jobName=name))
        return next(iter(look_for(name, lambda: self._api.named(queue, name), task.pause)), None)

    def stop(self, job: Submitted, logger: logging.Logger, *, ended: str | None = None) -> None:
        """
        Stop whatever AWS has taken of a job, in whatever state it is: also what it has never told of.

        An error is logged, since there is nobody to raise it to.

        :param ended: id of the one that has ended, so that only others are left to stop.
        """
        named: Sequence[Job] = ()
        if job.unanswered:
            try:
                named = self._twins.named(job.queue, job.name, at_once=ended is None)
            except AwsError as exc:
                fields = {"jobName": job.name, "error": exc.message}
                logger.error(message("an AWS Batch job may still be running", **fields))  # noqa: TRY400 - as below
        for job_id, error in self._stopper.stop(job.ids(named) - {ended}).items():
            logger.error(message("the AWS Batch job may still be running", jobId=job_id, error=error))
