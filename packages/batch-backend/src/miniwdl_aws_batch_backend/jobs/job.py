"""One Batch job: submitted, watched to its end, and terminated when the run is."""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.failures.classify import GIVEN_UP, VANISHED
from miniwdl_aws_batch_backend.failures.waiting import QueueWait, WaitStep, explain
from miniwdl_aws_batch_backend.process.admission import Order
from miniwdl_aws_batch_backend.process.submission.sender import Submitted
from miniwdl_aws_batch_backend.process.termination import Mailbox, Stoppable, StoppedError
from miniwdl_aws_batch_backend.process.watching.poller import Missing, Seen
from miniwdl_aws_batch_backend.workdir.wrapper import ALREADY_BEGUN
from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.batch.arrays import parent_of
from miniwdl_aws_core.batch.job import ENDED, STARTED, Job
from miniwdl_aws_core.wdl_log import NOTICE_LEVEL, message
from miniwdl_aws_hooks.protocol import JOB_CHANGED, JOB_SUBMITTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from miniwdl_aws_batch_backend.process.adoption.journal import Entry
    from miniwdl_aws_batch_backend.process.engine import Engine
    from miniwdl_aws_batch_backend.process.submission.grouping import Candidate
    from miniwdl_aws_batch_backend.workdir.array_folder import ArrayFolder
    from miniwdl_aws_core.batch.job import StreamName

__all__ = ["BatchJob"]

LOUD = frozenset({"RUNNING", "SUCCEEDED", "FAILED"})
"""States whose beginning is logged as a notice."""


class BatchJob:
    """A job of a task, from its submission to its end."""

    STDERR_PERIOD = 2.0
    """Seconds between two looks at a running task's standard error, when somebody wants to see it."""

    def __init__(
        self,
        engine: Engine,
        logger: logging.Logger,
        terminating: Callable[[], bool],
        tell: Callable[[Job, str | None], None],
        claimed_by: Callable[[], str | None],
    ) -> None:
        """
        Submit nothing yet.

        :param terminating: miniwdl's termination flag.
        :param tell: hears of each state the job enters, with the one before.
        :param claimed_by: tells the id of the job that has begun in the place of this one.
        """
        self._engine = engine
        self._logger = logger
        self._task = Stoppable(engine.termination, terminating)
        self._tell = tell
        self._claimed_by = claimed_by
        self.status: str | None = None
        self.latest: Job | None = None
        """As it was told of last, by AWS or in its stead."""
        self._known: Submitted | None = None
        self._folder: ArrayFolder | None = None
        self._consumables: Mapping[str, int] = {}
        """What it needs besides a host, as AWS tells it."""
        self._waited = QueueWait(engine.settings.runnable_timeout)
        self._started = False
        self._stream: StreamName | None = None

    def submit(self, job: Candidate) -> None:
        """
        Submit, as fast as AWS takes it.

        :raises StoppedError: when the run is terminated before AWS took the job.
        """
        launched = self._engine.submitter.submit(job, self._task, self._logger)
        self._known, self._folder = launched.job, launched.folder
        self._logger.info(message(JOB_SUBMITTED, jobId=self.job_id, jobName=self._known.name, queue=self._known.queue))
        self._enter(self._made_up("SUBMITTED"))

    def close(self) -> None:
        """Tell its array, if it has one, that it needs nothing any more."""
        if self._folder:
            self._folder.child_ended()
            self._folder = None

    def go_on(self, entry: Entry) -> None:
        """Take a job that another process submitted, in place of submitting one."""
        self._logger.log(
            NOTICE_LEVEL,
            message("going on with the AWS Batch job of a killed run", jobId=entry.job_id, dir=entry.task_dir),
        )
        self._known = Submitted(entry.name, entry.queue, entry.job_id)

    @property
    def _queue(self) -> str:
        return self._known.queue if self._known else ""

    def pause(self, seconds: float) -> bool:
        """Sleep; return True at once when the run is being terminated."""
        return self._task.pause(seconds)

    @property
    def job_id(self) -> str | None:
        """Its id, once it is known."""
        return self._known.job_id if self._known else None

    def _stop_all(self) -> None:
        """Stop whatever AWS has taken of this job."""
        if self._known:
            self._engine.sender.stop(self._known, self._logger)

    def _made_up(self, status: str, reason: str = "") -> Job:
        known = self._known
        assert known is not None  # noqa: S101 - for the type checker: there is something to tell of
        return Job.made_up(str(self.job_id), status, name=known.name, queue=known.queue, reason=reason)

    def wait(self, poll_stderr: Callable[[], None], running: ExitStack, open_running: Callable[[], Any]) -> Job:
        """
        Sleep until the job ends, or the one that has begun in its stead.

        :param poll_stderr: called now and then while the task runs, when somebody wants to see its standard error.
        :param running: where to enter what ``open_running`` returns, once the task runs.
        :return: the job as it was told of last; made up, with status FAILED, when AWS lost it.
        :raises StoppedError: when the run is terminated; the job is, too, then.
        """
        assert self.job_id is not None  # noqa: S101 - for the type checker: wait follows submit
        with self._stopped_on_error():
            job = self._wait_for_one(poll_stderr, running, open_running)
            while _had_a_twin(job) and self._go_on_with_the_twin():
                job = self._wait_for_one(poll_stderr, running, open_running)
        if self._known and self._known.unanswered:
            self._engine.sender.stop(self._known, self._logger, ended=job.job_id)
        return job

    def _go_on_with_the_twin(self) -> bool:
        """Take the job that has begun for this one, if AWS Batch knows it by the same name."""
        first = self._claimed_by()
        twin = self._known.twin(first) if self._known and first else None
        if first is None or twin is None or first == self.job_id:
            return False
        try:
            found = self._engine.api.describe([first])
        except AwsError as exc:
            self._logger.error(message("cannot look for a job", jobId=first, error=exc.message))  # noqa: TRY400 - its traceback helps nobody
            return False
        if not found or found[0].name != twin.name:
            return False
        self._logger.warning(
            message("the task was submitted twice, and the other job has begun", jobId=first, ended=self.job_id)
        )
        self._known, self.status = twin, None
        return True

    def _wait_for_one(
        self, poll_stderr: Callable[[], None], running: ExitStack, open_running: Callable[[], Any]
    ) -> Job:
        with self._watched() as box:
            while True:
                if self._task.terminating():
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
                if self.status in STARTED and not self._started:
                    self._started = True
                    running.enter_context(open_running())
                if self.status in ENDED:
                    return news.job

    @contextmanager
    def _watched(self) -> Iterator[Mailbox[Seen | Missing]]:
        box: Mailbox[Seen | Missing] = Mailbox(Order.HEARD)
        with (
            self._task.waking(box),
            self._engine.poller.watch(str(self.job_id), box),
        ):
            yield box

    @contextmanager
    def _stopped_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # Whatever it was, nobody would watch the job any more.
            self._stop_all()
            raise

    def _ask(self) -> Job | None:
        """
        Ask about this job alone.

        :return: ``None`` when AWS doesn't know it.
        :raises AwsError: when AWS can't be asked, which says nothing about the job.
        """
        jobs = self._engine.api.describe([str(self.job_id)])
        return jobs[0] if jobs else None

    def _is_yet_to_come(self) -> bool:
        """Whether it is a child that its array has still to make: AWS doesn't say how long thousands take."""
        parent = parent_of(str(self.job_id))
        return bool(parent) and any(not job.ended for job in self._engine.api.describe([str(parent)]))

    def _look_again(self, missing: Missing) -> Seen | None:
        try:
            job = self._ask()
            if job is None and self._is_yet_to_come():
                return None
        except AwsError as exc:
            self._logger.warning(message("cannot look for a missing job", jobId=self.job_id, error=exc.message))
            return None
        if job is not None:
            return Seen(job)
        self._logger.error(message(VANISHED, jobId=self.job_id, seconds=round(missing.seconds)))
        self._stop_all()
        return Seen(self._made_up("FAILED", VANISHED))

    def _now(self) -> float:
        return self._engine.clock()

    def _mind_the_queue(self) -> Seen | None:
        """Do what is due about a job that waits for a host; its end, when that is to give it up."""
        step = self._waited.step(self._now())
        if step is WaitStep.REPORT and (where := self._where()):
            self._logger.info(message("AWS Batch job waits for a host", jobId=self.job_id, **where))
        if step is not WaitStep.CHECK:
            return None
        try:
            job = self._ask()
        except AwsError as exc:
            self._logger.warning(message("cannot look at a waiting job", jobId=self.job_id, error=exc.message))
            job = None
        if job is None:
            self.pause(self._engine.settings.describe_period_max)
            return None
        self._waited.observe(job, self._now())
        if self._waited.step(self._now()) is not WaitStep.CHECK:
            return Seen(job)
        self._stop_all()
        held = round(self._waited.held(self._now()))
        reason = f"{GIVEN_UP}: RUNNABLE for {held} s with the reason {self._waited.reason}"
        return Seen(job.failed_for(reason))

    def _where(self) -> dict[str, Any]:
        """Place of a waiting job, and what it waits for besides a host; AWS gives no reason where that is missing."""
        position = self._engine.positions.position(self._queue, str(self.job_id))
        told = {"position": position, "consumableResources": dict(self._consumables) or None}
        return {name: value for name, value in told.items() if value is not None}

    def _enter(self, job: Job) -> None:
        self.latest = job
        self._consumables = job.consumables
        status, stream = job.status, job.stream
        if self._waited.observe(job, self._now()):
            reason = str(self._waited.reason)
            fields = {"jobId": self.job_id, "queue": self._queue, "reason": reason, "meaning": explain(reason)}
            self._logger.warning(message("AWS Batch job waits for a host", **fields, **self._where()))
        if status == self.status and stream == self._stream:
            return
        previous, self.status, self._stream = self.status, status, stream
        if previous is not None and previous != status:
            fields = {"status": status, "jobId": self.job_id}
            if stream:
                fields["logStreamName"] = stream.name
            level = NOTICE_LEVEL if status in LOUD else logging.INFO
            self._logger.log(level, message(JOB_CHANGED, **fields))
        self._tell(job, previous)


def _had_a_twin(job: Job) -> bool:
    return job.status == "FAILED" and job.exit_code == ALREADY_BEGUN
