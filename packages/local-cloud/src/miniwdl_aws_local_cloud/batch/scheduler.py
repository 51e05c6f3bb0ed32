"""
What becomes of a submitted job: it waits for others and for vCPUs, is attempted, perhaps again, and ends.

Everything happens in one thread, in an event loop: no locks, and no thread per job. Other threads only hand jobs in and
read their details.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from miniwdl_aws_local_cloud.batch.arrays import members
from miniwdl_aws_local_cloud.batch.attempts import Attempt, AttemptContext, Outcome
from miniwdl_aws_local_cloud.batch.jobs import ENDED, QUEUED, Job, Status, now_ms
from miniwdl_aws_local_cloud.batch.placement import Pool
from miniwdl_aws_local_cloud.batch.retries import should_retry
from miniwdl_aws_local_cloud.door.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from miniwdl_aws_local_cloud.batch.runner import Runner
    from miniwdl_aws_local_cloud.door.faults import FaultPlan
    from miniwdl_aws_local_cloud.logs.capture import LogSink

__all__ = ["Scheduler"]

T = TypeVar("T")

KILL_PATIENCE = 30.0
"""Seconds in which killed jobs must be gone when the cloud goes down; long, for machines that are busy otherwise."""


class Scheduler:
    """Runs the jobs of a cloud."""

    def __init__(
        self,
        make_runner: Callable[[asyncio.AbstractEventLoop], Runner],
        logs: LogSink,
        faults: FaultPlan,
        *,
        vcpus_of: Callable[[str], float],
        stop_timeout: float,
        farewell: float,
        ended: Callable[[Job], None] = lambda _job: None,
    ) -> None:
        """
        Start the thread.

        :param make_runner: called with the event loop in which the runner is to work.
        :param vcpus_of: how many vCPUs a compute environment has, by its name.
        :param stop_timeout: seconds between SIGTERM and SIGKILL.
        :param farewell: the same for all jobs when the cloud goes down, if that is less.
        :param ended: told of each job that has ended, of an array's children with their parent.
        """
        self.jobs: dict[str, Job] = {}
        self._loop = asyncio.new_event_loop()
        self._runner = make_runner(self._loop)
        self._context = AttemptContext(self._loop, self._runner, logs, faults, stop_timeout)
        self._faults = faults
        self._vcpus_of = vcpus_of
        self._pools: dict[str, Pool] = {}
        self._attempts: dict[Job, Attempt] = {}
        self._stuck: dict[Job, asyncio.TimerHandle | None] = {}
        self._dependents: dict[str, list[Job]] = {}
        self._unfinished: set[Job] = set()
        self._closing = False
        self._farewell = farewell
        self._tell_ended = ended
        self._all_ended = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-cloud-jobs", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Take a job, or a parent with its children; returns at once."""
        hidden = self._faults.for_job([FaultKind.INVISIBLE], job.spec.name, job.spec.queue, 1)
        if hidden:
            for known in {job, *members(job)}:
                known.hidden_until = time.time() + hidden.seconds
        self.jobs[job.id] = job
        self.jobs.update((member.id, member) for member in members(job))
        self._unfinished.update(members(job))
        self._loop.call_soon_threadsafe(self._accept_all, job)

    def remember(self, jobs: Iterable[Job]) -> None:
        """Know jobs that ended when an earlier cloud was up."""
        for job in jobs:
            self.jobs[job.id] = job
            self.jobs.update((member.id, member) for member in members(job))

    def terminate(self, job: Job, reason: str) -> None:
        """Stop a job in whatever state it is; with a parent, its children."""
        self._call(lambda: self._terminate_all(members(job), reason))

    def cancel(self, job: Job, reason: str) -> None:
        """Stop a job that has not begun to start; otherwise do nothing. With a parent, its children."""
        self._call(lambda: self._terminate_all([item for item in members(job) if item.status in QUEUED], reason))

    def change(self, job: Job, **changes: Any) -> None:
        """Change a job's detail."""

        def change() -> None:
            job.change(**changes)
            if job.status in ENDED:
                self._tell_ended(job)

        self._call(change)

    def unfinished(self) -> int:
        """Count the jobs that have not ended."""
        return len(self._unfinished)

    def waiting(self, environment_name: str) -> list[Job]:
        """Tell the RUNNABLE jobs of a compute environment in the order in which they will run; stuck ones block it."""

        def find() -> list[Job]:
            stuck = [job for job in self._stuck if job.spec.environment_name == environment_name]
            return stuck + self._pool(environment_name).waiting()

        return self._call(find)

    def close(self) -> None:
        """End all jobs, running ones after a short while, and the thread."""
        self._call(self._close)
        self._all_ended.wait(self._farewell)
        self._call(self._kill_all)
        self._all_ended.wait(KILL_PATIENCE)
        asyncio.run_coroutine_threadsafe(self._loop.shutdown_default_executor(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._runner.close()

    def _call(self, action: Callable[[], T]) -> T:
        """Do something in the thread of the event loop and wait for it."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(action())
            except Exception as exc:  # noqa: BLE001 - raised again in the thread that waits
                future.set_exception(exc)

        self._loop.call_soon_threadsafe(run)
        return future.result()

    def _pool(self, environment_name: str) -> Pool:
        pool = self._pools.get(environment_name)
        if pool is None:
            pool = self._pools[environment_name] = Pool(self._vcpus_of(environment_name))
        return pool

    def _accept_all(self, job: Job) -> None:
        for member in members(job):
            self._accept(member)

    def _accept(self, job: Job) -> None:
        if job.status in ENDED:  # stopped before it was looked at
            return
        if job.spec.rejected or self._closing:
            self._end(job, Status.FAILED, job.spec.rejected or "the local cloud goes down")
            return
        job.change(status=Status.PENDING)
        for other_id in job.spec.depends_on:
            self._dependents.setdefault(other_id, []).append(job)
        self._check_dependencies(job)

    def _check_dependencies(self, job: Job) -> None:
        if job.status != Status.PENDING:
            return
        states = {self.jobs[other].status if other in self.jobs else Status.FAILED for other in job.spec.depends_on}
        if Status.FAILED in states:
            self._end(job, Status.FAILED, "Dependent Job failed")
        elif states <= {Status.SUCCEEDED}:
            self._queue(job)

    def _queue(self, job: Job) -> None:
        kinds = [FaultKind.STUCK, FaultKind.QUEUE_LIMIT]
        stuck = self._faults.for_job(kinds, job.spec.name, job.spec.queue, job.attempt)
        if stuck:
            job.change(status=Status.RUNNABLE, statusReason=stuck.text)
            if stuck.kind is FaultKind.QUEUE_LIMIT:
                self._stuck[job] = self._loop.call_later(stuck.seconds, self._exceed_limit, job, stuck.text)
            else:
                self._stuck[job] = self._loop.call_later(stuck.seconds, self._unstick, job) if stuck.seconds else None
            return
        job.change(status=Status.RUNNABLE, statusReason=None)
        self._pool(job.spec.environment_name).add(job)
        self._place(job.spec.environment_name)

    def _unstick(self, job: Job) -> None:
        del self._stuck[job]
        self._queue(job)

    def _exceed_limit(self, job: Job, reason: str) -> None:
        del self._stuck[job]
        job.change(isCancelled=True)
        self._end(job, Status.FAILED, f"Canceled by JobStateTimeLimit action due to reason: {reason}")

    def _place(self, environment_name: str) -> None:
        pool = self._pool(environment_name)
        while not self._closing:
            job = pool.take()
            if job is None:
                return
            self._attempts[job] = Attempt(self._context, job, self._attempted)
            self._attempts[job].begin()

    def _attempted(self, job: Job, outcome: Outcome) -> None:
        del self._attempts[job]
        self._pool(job.spec.environment_name).give_back(job)
        container = outcome.detail["container"]
        attempts = [*job.detail["attempts"], outcome.detail]
        again = not (outcome.succeeded or outcome.final or self._closing) and should_retry(
            len(attempts),
            job.spec.attempts,
            job.spec.evaluate_on_exit,
            exit_code=container.get("exitCode"),
            reason=container.get("reason", ""),
            status_reason=outcome.detail["statusReason"],
        )
        job.change(attempts=attempts)
        if again:
            self._queue(job)
        else:
            status = Status.SUCCEEDED if outcome.succeeded else Status.FAILED
            self._end(job, status, outcome.status_reason, container)
        # In the next round of the loop: many attempts that end at once must not nest.
        self._loop.call_soon(self._place, job.spec.environment_name)

    def _end(self, job: Job, status: str, reason: str | None, container: dict[str, object] | None = None) -> None:
        job.change(container=container, status=status, statusReason=reason, stoppedAt=now_ms())
        self._unfinished.discard(job)
        if job.array is not None and job.is_child and job.array.over:
            self._end(job.array.parent, *job.array.outcome)
        if not job.is_child:
            self._tell_ended(job)
        for dependent in self._dependents.pop(job.id, ()):
            self._check_dependencies(dependent)
        if self._closing and not self._unfinished:
            self._all_ended.set()

    def _terminate_all(self, jobs: Iterable[Job], reason: str) -> None:
        for job in jobs:
            self._terminate(job, reason)

    def _terminate(self, job: Job, reason: str) -> None:
        if job.status in ENDED:
            return
        job.change(isTerminated=True)
        attempt = self._attempts.get(job)
        if attempt is not None:
            attempt.stop(reason)
            return
        if job in self._stuck:
            timer = self._stuck.pop(job)
            if timer is not None:
                timer.cancel()
        elif job.status == Status.RUNNABLE:
            self._pool(job.spec.environment_name).remove(job)
        self._end(job, Status.FAILED, reason)

    def _close(self) -> None:
        self._closing = True
        self._terminate_all(list(self._unfinished), "the local cloud goes down")
        if not self._unfinished:
            self._all_ended.set()

    def _kill_all(self) -> None:
        for attempt in list(self._attempts.values()):
            attempt.kill()
