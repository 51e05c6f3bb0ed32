"""One Batch job: submitted, watched to its end, and terminated when the run is."""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.classify import GIVEN_UP, VANISHED
from miniwdl_aws_batch_backend.errors import BatchRequestError
from miniwdl_aws_batch_backend.log import NOTICE_LEVEL, message
from miniwdl_aws_batch_backend.poller import ACTIVE, ENDED, Missing, Seen
from miniwdl_aws_batch_backend.report import log_stream
from miniwdl_aws_batch_backend.termination import Mailbox
from miniwdl_aws_batch_backend.waiting import QueueWait, WaitStep, explain
from miniwdl_aws_hooks.protocol import JOB_CHANGED, JOB_SUBMITTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from miniwdl_aws_batch_backend.engine import Engine
    from miniwdl_aws_batch_backend.journal import Entry

__all__ = ["BatchJob", "StoppedError"]

LOUD = frozenset({"RUNNING", "SUCCEEDED", "FAILED"})
"""States whose beginning is logged as a notice."""


class StoppedError(Exception):
    """The run is being terminated, and the job with it; not an error of this project's, only a way out."""

    def __init__(self, *, had_started: bool) -> None:
        super().__init__()
        self.had_started = had_started


class BatchJob:
    """A job of a task, from its submission to its end."""

    STDERR_PERIOD = 2.0
    """Seconds between two looks at a running task's standard error, when somebody wants to see it."""

    def __init__(
        self,
        engine: Engine,
        logger: logging.Logger,
        terminating: Callable[[], bool],
        tell: Callable[[Mapping[str, Any], str | None], None],
    ) -> None:
        """
        Submit nothing yet.

        :param terminating: miniwdl's termination flag.
        :param tell: hears of each state the job enters, with the one before.
        """
        self._engine = engine
        self._logger = logger
        self._terminating = terminating
        self._tell = tell
        self.job_id: str | None = None
        self.status: str | None = None
        self._queue: str = ""
        self._waited = QueueWait(engine.settings.runnable_timeout)
        self._started = False
        self._stream: str | None = None

    def submit(self, request: Mapping[str, Any]) -> str:
        """
        Submit, as fast as AWS takes it.

        :raises StoppedError: when the run is terminated before AWS took the job.
        """
        failures = 0
        rate = self._engine.rate
        while True:
            if not rate.acquire(self._pause) or self._terminating():
                raise StoppedError(had_started=False)
            try:
                self.job_id = self._engine.api.call_once("submit_job", **request)["jobId"]
            except BatchRequestError as exc:
                if exc.throttled:
                    rate.throttled()
                    self._logger.info(message("AWS throttles SubmitJob", rate=round(rate.rate, 1)))
                    continue
                failures += 1
                # Submitting again what AWS may have taken would run the task twice.
                self.job_id = self._find(request) if exc.ambiguous else None
                if self.job_id is None:
                    if not exc.retryable or failures >= self._engine.settings.api_attempts:
                        raise
                    self._pause(min(10.0, 0.5 * 2**failures))
                    continue
            rate.succeeded()
            self._submitted(request)
            return self.job_id

    def go_on(self, entry: Entry) -> None:
        """Take a job that another process submitted, in place of submitting one."""
        self._logger.log(
            NOTICE_LEVEL,
            message("going on with the AWS Batch job of a killed run", jobId=entry.job_id, dir=entry.task_dir),
        )
        self.job_id, self._queue = entry.job_id, entry.queue

    def _pause(self, seconds: float) -> bool:
        return self._engine.termination.pause(seconds, self._terminating)

    def _find(self, request: Mapping[str, Any]) -> str | None:
        filters = [{"name": "JOB_NAME", "values": [request["jobName"]]}]
        found = self._engine.api.call("list_jobs", jobQueue=request["jobQueue"], filters=filters)["jobSummaryList"]
        return str(found[0]["jobId"]) if found else None

    def _submitted(self, request: Mapping[str, Any]) -> None:
        self._queue = request["jobQueue"]
        self._logger.info(
            message(JOB_SUBMITTED, jobId=self.job_id, jobName=request["jobName"], queue=request["jobQueue"])
        )
        self._enter({"jobId": self.job_id, "jobName": request["jobName"], "status": "SUBMITTED"})

    def wait(self, poll_stderr: Callable[[], None], running: ExitStack, open_running: Callable[[], Any]) -> Any:
        """
        Sleep until the job ends.

        :param poll_stderr: called now and then while the task runs, when somebody wants to see its standard error.
        :param running: where to enter what ``open_running`` returns, once the task runs.
        :return: its last JobDetail; a made-up one with status FAILED when AWS lost it.
        :raises StoppedError: when the run is terminated; the job is, too, then.
        """
        assert self.job_id is not None  # noqa: S101 - for the type checker: wait follows submit
        with self._stopped_on_error(), self._watched() as box:
            while True:
                if self._terminating():
                    raise StoppedError(had_started=self._started)
                news = box.get(self.STDERR_PERIOD if self.status == "RUNNING" else self._waited.delay(self._now()))
                poll_stderr()
                if isinstance(news, Missing):
                    news = self._look_again(news)
                if news is None:
                    news = self._mind_the_queue()
                if news is None:
                    continue
                self._enter(news.job)
                if self.status in ACTIVE and not self._started:
                    self._started = True
                    running.enter_context(open_running())
                if self.status in ENDED:
                    return news.job

    @contextmanager
    def _watched(self) -> Iterator[Mailbox[Seen | Missing]]:
        box: Mailbox[Seen | Missing] = Mailbox()
        with (
            self._engine.termination.waking(box, self._terminating),
            self._engine.poller.watch(str(self.job_id), box),
        ):
            yield box

    @contextmanager
    def _stopped_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # Whatever it was, nobody would watch the job any more.
            self.terminate()
            raise

    def _ask(self) -> Mapping[str, Any] | None:
        """
        Ask about this job alone.

        :return: ``None`` when AWS doesn't know it.
        :raises BatchRequestError: when AWS can't be asked, which says nothing about the job.
        """
        jobs = self._engine.api.describe([str(self.job_id)])
        return jobs[0] if jobs else None

    def _look_again(self, missing: Missing) -> Seen | None:
        try:
            job = self._ask()
        except BatchRequestError as exc:
            self._logger.warning(message("cannot look for a missing job", jobId=self.job_id, error=exc.message))
            return None
        if job is not None:
            return Seen(job)
        self._logger.error(message(VANISHED, jobId=self.job_id, seconds=round(missing.seconds)))
        self.terminate()
        return Seen({"jobId": self.job_id, "jobQueue": self._queue, "status": "FAILED", "statusReason": VANISHED})

    def _now(self) -> float:
        return self._engine.clock()

    def _mind_the_queue(self) -> Seen | None:
        """Do what is due about a job that waits for a host; its end, when that is to give it up."""
        step = self._waited.step(self._now())
        if step is WaitStep.REPORT:
            position = self._engine.positions.position(self._queue, str(self.job_id))
            if position is not None:
                self._logger.info(message("AWS Batch job waits for a host", jobId=self.job_id, position=position))
        if step is not WaitStep.CHECK:
            return None
        try:
            job = self._ask()
        except BatchRequestError as exc:
            self._logger.warning(message("cannot look at a waiting job", jobId=self.job_id, error=exc.message))
            job = None
        if job is None:
            self._pause(self._engine.settings.describe_period_max)
            return None
        self._waited.observe(job, self._now())
        if self._waited.step(self._now()) is not WaitStep.CHECK:
            return Seen(job)
        self.terminate()
        held = round(self._waited.held(self._now()))
        reason = f"{GIVEN_UP}: RUNNABLE for {held} s with the reason {self._waited.reason}"
        return Seen({**job, "status": "FAILED", "statusReason": reason})

    def _enter(self, job: Mapping[str, Any]) -> None:
        status, stream = job["status"], log_stream(job)
        if self._waited.observe(job, self._now()):
            reason = str(self._waited.reason)
            fields = {"jobId": self.job_id, "queue": self._queue, "reason": reason, "meaning": explain(reason)}
            position = self._engine.positions.position(self._queue, str(self.job_id))
            self._logger.warning(message("AWS Batch job waits for a host", **fields, position=position))
        if status == self.status and stream == self._stream:
            return
        previous, self.status, self._stream = self.status, status, stream
        if previous is not None and previous != status:
            fields = {"status": status, "jobId": self.job_id}
            if stream:
                fields["logStreamName"] = stream
            level = NOTICE_LEVEL if status in LOUD else logging.INFO
            self._logger.log(level, message(JOB_CHANGED, **fields))
        self._tell(job, previous)

    def terminate(self) -> None:
        """Stop the job, in whatever state it is; an error is logged, since there is nobody to raise it to."""
        try:
            self._engine.api.call("terminate_job", jobId=str(self.job_id), reason="terminated by miniwdl")
        except BatchRequestError as exc:
            self._logger.error(message("the AWS Batch job may still be running", jobId=self.job_id, error=str(exc)))  # noqa: TRY400 - its traceback helps nobody
