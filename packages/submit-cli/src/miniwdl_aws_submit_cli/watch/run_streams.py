"""The log streams of a run, as they become known: the workflow job's, and those of chosen calls."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.job import StreamName
from miniwdl_aws_hooks.types import FollowRequest
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.runs.calls import Call, calls_of, matching, no_such_call
from miniwdl_aws_submit_cli.runs.runs import Run, TaskJobs, unfinished
from miniwdl_aws_submit_cli.watch.attempt_log import AttemptLog
from miniwdl_aws_submit_cli.watch.streams import DISCOVERY_PERIOD, Merged, Readable, Shown
from miniwdl_aws_submit_cli.watch.watcher import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_hooks.types import LogEvent
    from miniwdl_aws_submit_cli.runs.batch import Batch

__all__ = ["RunStreams", "Selection"]

LOOK_PERIOD = 1.0
"""Seconds between two looks at what was heard of the workflow job last."""


@dataclass(frozen=True)
class Selection:
    """Which of a run's streams are wanted."""

    workflow: bool = True
    calls: Sequence[str] = ()
    """As ``matching`` reads them."""
    every_call: bool = False


class RunStreams:
    """The selected streams of a run."""

    def __init__(
        self, batch: Batch, job_id: str, selection: Selection, *, live: bool = True, since: int | None = None
    ) -> None:
        """
        Know none yet.

        :param job_id: of the workflow job.
        :param live: whether they are read until their jobs end; otherwise, what is there now is all.
        :param since: leave out older events, in milliseconds since the epoch.
        """
        self._batch = batch
        self._job_id = job_id
        self._selection = selection
        self._live = live
        self._since = since
        self._run: Run | None = None
        self._tasks: TaskJobs | None = None
        self._patience = Patience(f"job {job_id}")
        self._calls: list[Call] = []
        self._ended: set[str] = set()

    def look(self) -> bool:
        """Ask AWS Batch once; return whether no stream will be added any more."""
        try:
            job = self._batch.describe([self._job_id]).get(self._job_id)
            if job is None:
                self._patience.unanswered("AWS Batch does not know the job")
                return False
            self._run = Run(job)
            self._tasks = self._tasks or TaskJobs(self._batch, self._run)
            # After the workflow job, so that the last look at an ended run misses none.
            jobs = self._tasks.refresh() if self._selection.every_call or self._selection.calls else []
        except RefusedError as exc:
            self._patience.refused(exc)
            return False
        self._patience.answered()
        self._calls = calls_of(jobs)
        self._ended = {item.job_id for item in (job, *jobs) if item.ended}
        return self._run.ended and not unfinished(jobs)

    def events(
        self, follow: Callable[[FollowRequest], Iterable[LogEvent]], *others: Readable
    ) -> Iterator[tuple[str, LogEvent]]:
        """
        Follow the streams as they become known, until no more will be added and all are over.

        :param others: to be followed along with them.
        :return: what each stream is called, and its event.
        """
        merged = Merged(follow)
        merged.add(others)

        def discover() -> bool:
            complete = self.look()
            merged.add(self.shown())
            return complete

        yield from merged.events(discover, DISCOVERY_PERIOD)

    def shown(self) -> list[Readable]:
        """List the logs that are known; each try of a call has its own."""
        found: list[Readable] = []
        if self._selection.workflow and self._run:
            found.append(self._workflow_log(self._run))
        for call in self._chosen():
            for item in call.tries:
                if item.log_group and item.log_stream:
                    stream = StreamName(item.log_group, item.log_stream, item.log_region)
                    label = call.name + (f" (try {item.number})" if len(call.tries) > 1 else "")
                    found.append(Shown(label, self._request(item.job_id, stream)))
        return found

    def unmatched(self) -> list[str]:
        """Calls that were selected, and that AWS Batch has no job of, so far."""
        return [name for name in self._selection.calls if not matching(self._calls, name)]

    def check(self) -> None:
        """
        Refuse names of calls that there are not.

        :raises ConfigurationError: naming one.
        """
        for name in self.unmatched():
            raise no_such_call(f"--task {name}", self._job_id, self._calls)

    def _chosen(self) -> list[Call]:
        if self._selection.every_call:
            return self._calls
        chosen: list[Call] = []
        for name in self._selection.calls:
            chosen += [call for call in matching(self._calls, name) if call not in chosen]
        return chosen

    def _workflow_log(self, run: Run) -> AttemptLog:
        def look() -> Job:
            return (self._run or run).job

        def wait(reached: Callable[[Job], bool]) -> Job:
            while self._live and not (look().ended or reached(look())):
                time.sleep(LOOK_PERIOD)
            return look()

        return AttemptLog(run.name, self._job_id, look, wait, self._live, self._since)

    def _request(self, job_id: str, stream: StreamName) -> FollowRequest:
        return FollowRequest(
            stream.group,
            stream.name,
            lambda: not self._live or job_id in self._ended,
            start_time=self._since,
            grace=None if self._live else 0.0,
            region=stream.region,
        )
