"""
Asks AWS Batch about all jobs of the process, and tells each waiting task what is new about its own.

One thread asks about up to 100 jobs at a time. An answer without a job means "not known yet" for a while, since
DescribeJobs lags behind SubmitJob; a failing request is repeated and never counts against a job. Whatever happens, the
thread goes on asking, since all tasks wait for it.

AWS throttles the requests of a whole account, which all its workflows share. So a request that is throttled makes all
further ones rarer, as a throttled submission does; answers make them more frequent again, slowly.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.process.watching.quiet_arrays import QuietArrays
from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_core.aws.surprises import in_words
from miniwdl_aws_core.batch.job import STARTED, Job
from miniwdl_aws_core.batch.limits import MAX_DESCRIBE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miniwdl_aws_batch_backend.process.termination import Mailbox

__all__ = ["MAX_LAG", "JobPoller", "Missing", "PollPlan", "Seen"]

logger = logging.getLogger(__name__)

MAX_LAG = 300.0
"""
Seconds during which a job may be missing from DescribeJobs' answers. They lag behind SubmitJob by seconds as a rule; a
job that is given up too early would run twice, one that is lost costs this much time.
"""


@dataclass(frozen=True)
class Seen:
    """A job in a state that differs from what was told last."""

    job: Job


@dataclass(frozen=True)
class Missing:
    """A job that AWS Batch has not known for longer than it may lag behind."""

    seconds: float


@dataclass
class _Watched:
    box: Mailbox[Seen | Missing]
    described: float
    """When it was last asked about."""
    known: float
    """When it was last in an answer."""
    told: tuple[object, ...] = ()
    active: bool = False


@dataclass
class PollPlan:
    """
    Whom to ask about next, and when; decides only.

    A sweep over all jobs takes ``period_max`` seconds while nothing changes and ``period_min`` when much does, but two
    requests are never closer than a quarter of that. Jobs that run come before jobs that wait for a host. All of it is
    stretched while AWS throttles requests. Where one request can't ask about all jobs, an array is asked about by its
    parent's id alone until that tells of a change; its children are then due at once.
    """

    period_min: float
    period_max: float
    grace: float
    sweep: float = 0.0
    stretch: float = 1.0
    """Factor on all times, for want of requests that AWS takes."""
    watched: dict[str, _Watched] = field(default_factory=dict)
    quiet: QuietArrays = field(default_factory=QuietArrays)
    ids: int = 0
    """How many ids it takes to ask about all jobs, at most."""
    left_out: float = math.inf
    """When the first of those was asked about that the last request left out."""

    BACKOFF = 1.3
    """Factor on the sweep's time after a request that brought nothing new."""
    MAX_REQUESTS = 4
    """Requests that may share ``period_min``, so that many jobs are not each told of the later, the more there are."""
    STRETCH, RECOVERY, MOST = 2.0, 0.95, 8.0
    """Factors on ``stretch`` after a throttled request and after an answer, and how large it gets."""
    HEAD_START = 2.0
    """Sweeps by which a running job counts as asked about earlier than it was."""

    def __post_init__(self) -> None:
        self.sweep = self.period_min

    def add(self, job_id: str, box: Mailbox[Seen | Missing], now: float) -> None:
        """Watch a job from now on; one that was just submitted is not worth a request yet."""
        self.watched[job_id] = _Watched(box, described=now, known=now)
        self.quiet.add(job_id, now)
        self.ids += 1
        self.sweep = self.period_min

    def delay(self, requested: float, now: float) -> float:
        """Seconds from now until the next request, given when the last one was."""
        pause = min(self.sweep / self._pages, self.left_out + self.sweep - requested)
        return requested + self.stretch * max(self._gap, pause) - now

    def throttled(self) -> None:
        """Note that AWS took a request for one too many."""
        self.stretch = min(self.MOST, self.stretch * self.STRETCH)

    @property
    def _gap(self) -> float:
        return self.period_min / self.MAX_REQUESTS

    @property
    def _pages(self) -> int:
        return -(-min(self.ids, len(self.watched)) // MAX_DESCRIBE) or 1

    def next_ids(self) -> list[str]:
        """Those whose turn it is, at most 100."""
        described = {job_id: watched.described for job_id, watched in self.watched.items()}
        if len(described) > MAX_DESCRIBE:
            described = self.quiet.shrink(described)
        self.ids = len(described)
        head_start = self.HEAD_START * max(self.sweep, self._gap * self._pages)

        def rank(job_id: str) -> float:
            watched = self.watched.get(job_id)
            return described[job_id] - (head_start if watched is None or watched.active else 0.0)

        ids = list(described)
        self.left_out = math.inf
        if len(ids) > MAX_DESCRIBE:
            ids.sort(key=rank)
            self.left_out = described[ids[MAX_DESCRIBE]]
        return ids[:MAX_DESCRIBE]

    def postpone(self, asked: Sequence[str], now: float) -> None:
        """Note that a request failed: the others have their turn first, lest one page keeps them all waiting."""
        for job_id in asked:
            if job_id in self.watched:
                self.watched[job_id].described = now
            else:
                self.quiet.postpone(job_id, now)

    def observe(self, asked: Sequence[str], jobs: Sequence[Job], now: float) -> None:
        """Take an answer in, and tell each task what is new about its job."""
        self.stretch = max(1.0, self.stretch * self.RECOVERY)
        answers = {job.job_id: job for job in jobs}
        news = False
        for job_id in asked:
            watched = self.watched.get(job_id)
            job = answers.get(job_id)
            if watched is None:
                if self.quiet.observe(job_id, job, now):
                    news, self.left_out = True, -math.inf
                continue
            watched.described = now
            if job is None:
                if now - watched.known > self.grace:
                    watched.box.put(Missing(now - watched.known))
                continue
            watched.known = now
            watched.active = job.status in STARTED
            state = (job.status, job.status_reason, job.stream)
            if state != watched.told:
                watched.told = state
                watched.box.put(Seen(job))
                news = True
        self.sweep = self.period_min if news else min(self.period_max, self.sweep * self.BACKOFF)


class JobPoller:
    """The thread that asks, by a plan."""

    TROUBLE_PERIOD = 60.0
    """Seconds between two warnings about the same trouble."""

    def __init__(
        self,
        describe: Callable[[Sequence[str]], Sequence[Job]],
        plan: PollPlan,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Ask nothing before the first job is watched.

        :param describe: DescribeJobs for at most 100 ids.
        """
        self._describe = describe
        self._plan = plan
        self._clock = clock
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._warned = -self.TROUBLE_PERIOD
        self._troubled_since: float | None = None
        self._told = False
        """Whether anybody knows of the present trouble."""

    @contextmanager
    def watch(self, job_id: str, box: Mailbox[Seen | Missing]) -> Iterator[None]:
        """Have news of a job put into a mailbox while the context is open."""
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="batch-poller", daemon=True)
                thread.start()
                # Not before: where no thread could be started, the next job's turn is to try.
                self._thread = thread
            self._plan.add(job_id, box, self._clock())
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._plan.watched.pop(job_id, None)

    def _run(self) -> None:
        requested = self._clock()
        while True:
            with self._changed:
                while not self._plan.watched:
                    self._changed.wait()
                    requested = self._clock()
                while (delay := self._plan.delay(requested, self._clock())) > 0:
                    self._changed.wait(delay)
                ids = self._plan.next_ids()
            requested = self._clock()
            if ids:
                self._ask(ids)

    def _ask(self, ids: Sequence[str]) -> None:
        try:
            jobs = self._describe(ids)
            with self._changed:
                self._plan.observe(ids, jobs, self._clock())
        except AwsError as exc:
            if exc.kind is Kind.THROTTLED:
                with self._changed:
                    self._plan.throttled()
            self._failed(exc, ids, patience=self.TROUBLE_PERIOD if exc.kind is Kind.THROTTLED else 0.0)
        except Exception as exc:  # noqa: BLE001 - without this thread, every task would wait for ever
            self._failed(exc, ids)
        else:
            self._answered()

    def _failed(self, exc: Exception, ids: Sequence[str], patience: float = 0.0) -> None:
        now = self._clock()
        with self._changed:
            self._plan.postpone(ids, now)
        if self._troubled_since is None:
            self._troubled_since = now
        if now - self._troubled_since >= patience and now - self._warned >= self.TROUBLE_PERIOD:
            self._warned, self._told = now, True
            lasted = now - self._troubled_since
            logger.warning(
                "cannot ask AWS Batch about %d jobs for %.0f s, trying on: %s", len(ids), lasted, in_words(exc)
            )

    def _answered(self) -> None:
        if self._told and self._troubled_since is not None:
            logger.warning("AWS Batch answers again, after %.0f s", self._clock() - self._troubled_since)
        self._troubled_since, self._told = None, False
