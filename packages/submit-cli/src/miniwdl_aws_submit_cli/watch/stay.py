"""What happens after a submission: tell it, and stay with the run where the user waits."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_hooks.errors import MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.formats import counted, duration
from miniwdl_aws_submit_cli.runs.calls import calls_of, name_of
from miniwdl_aws_submit_cli.runs.runs import Run, TaskJobs
from miniwdl_aws_submit_cli.runs.wait import Watcher, outcome
from miniwdl_aws_submit_cli.runs.workflow_job import given_name
from miniwdl_aws_submit_cli.watch.progress import FailedTask, Progress
from miniwdl_aws_submit_cli.watch.run_streams import RunStreams, Selection
from miniwdl_aws_submit_cli.watch.view import choose_view, stay

if TYPE_CHECKING:
    from argparse import Namespace

    import pluggy

    from miniwdl_aws_submit_cli.options.surroundings import Surroundings
    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.runs.wait import JobState

__all__ = ["Submitted", "stay_with", "watch"]

MOST_FAILURES = 3
"""Failed calls named at the end."""


@dataclass(frozen=True)
class Submitted:
    """A workflow job that AWS Batch took."""

    job_id: str
    name: str
    queue: str
    definition: str

    def facts(self, batch: Batch) -> dict[str, Any]:
        """Describe it for ``--json``."""
        return {
            "jobId": self.job_id,
            "jobName": self.name,
            "jobQueue": self.queue,
            "jobDefinition": self.definition,
            "region": batch.region,
        }


def stay_with(
    submitted: Submitted, args: Namespace, batch: Batch, manager: pluggy.PluginManager, surroundings: Surroundings
) -> int:
    """
    Tell what was submitted, and wait where asked to.

    :param args: with ``json``, ``waiting``, ``follow``, ``follow_task`` and ``plain``.
    """
    facts = submitted.facts(batch)
    if not args.json:
        emit(submitted.job_id)
    say(f"submitted workflow job {given_name(submitted.name)} to queue {submitted.queue.rpartition('/')[2]}")
    if args.waiting:
        return watch(facts, args, batch, manager, surroundings)
    if args.json:
        emit_json(facts)
    say_next(submitted.job_id, surroundings)
    for line in surroundings.closing_lines():
        say(line)
    return ExitCode.OK


def watch(
    facts: dict[str, Any], args: Namespace, batch: Batch, manager: pluggy.PluginManager, surroundings: Surroundings
) -> int:
    """
    Stay with a run until it ends; return its exit code.

    :param facts: with ``jobId`` and ``jobName``; what ``--json`` says of it, apart from its end.
    """
    try:
        return _watch(facts, args, batch, manager, surroundings)
    finally:
        for line in surroundings.closing_lines():
            say(line)


def _watch(
    facts: dict[str, Any], args: Namespace, batch: Batch, manager: pluggy.PluginManager, surroundings: Surroundings
) -> int:
    job_id, progress = str(facts["jobId"]), Progress()
    updater = _Updater(batch, job_id, progress)
    watcher = Watcher(batch.describe, job_id)
    tasks = RunStreams(batch, job_id, Selection(workflow=False, calls=args.follow_task)) if args.follow_task else None
    try:
        # Without the log there is nothing to show above a panel, and little in it.
        with choose_view(
            given_name(facts["jobName"]), progress, updater, say, plain=args.plain or not args.follow
        ) as view:
            state = stay(watcher, manager, view, progress, follow=args.follow, tasks=tasks)
    except KeyboardInterrupt:
        say("", "interrupted; the run goes on")
        say_next(job_id, surroundings)
        return ExitCode.INTERRUPTED
    first = _twin_of(state, batch)
    if first is not None:
        say(f"the run was submitted twice: job {first} runs it, and {job_id} has ended")
        return _watch({**facts, "jobId": first}, args, batch, manager, surroundings)
    code, sentence = outcome(state)
    lasted = f", after {duration(state.seconds)}" if state.seconds is not None else ""
    say(f"{sentence}{lasted}{_summary(progress)}")
    for name in tasks.unmatched() if tasks else ():
        say(f"note: no job of a call {name} was seen: `miniwdl-aws status` shows the calls; cached ones have none")
    if code not in (ExitCode.OK, ExitCode.TERMINATED):
        _say_failures(progress, updater, job_id, surroundings)
    if args.json:
        emit_json({**facts, "status": state.status, "exitCode": code, "logStream": state.log_stream})
    return code


def _twin_of(state: JobState, batch: Batch) -> str | None:
    """Find the job that has begun in the stead of one that ended for it; there is one name for both."""
    if state.exit_code != ExitCode.ALREADY_BEGUN:
        return None
    try:
        detail = batch.describe([state.job_id])[state.job_id]
        others = [job for job in batch.twins(detail["jobName"], detail["jobQueue"]) if job != state.job_id]
    except (MiniwdlAwsError, KeyError):
        return None
    return others[0] if len(others) == 1 else None


def say_next(job_id: str, surroundings: Surroundings) -> None:
    """Name the commands by which a user comes back."""
    extra = _extra(surroundings)
    say(f"  state:      miniwdl-aws status {job_id}{extra}")
    say(f"  log:        miniwdl-aws logs {job_id} --follow{extra}")
    say(f"  come back:  miniwdl-aws wait {job_id} --follow{extra}")
    say(f"  stop:       miniwdl-aws cancel {job_id}{extra}")


class _Updater:
    """Tells a progress what AWS Batch knows of the task jobs."""

    def __init__(self, batch: Batch, job_id: str, progress: Progress) -> None:
        self._batch = batch
        self._job_id = job_id
        self._progress = progress
        self._tasks: TaskJobs | None = None
        self._asks_for_positions = True

    def __call__(self) -> None:
        """Look once."""
        if self._tasks is None:
            detail = self._batch.describe([self._job_id]).get(self._job_id)
            if detail is None:
                return
            self._tasks = TaskJobs(self._batch, Run(detail))
        calls = calls_of(self._tasks.refresh())
        self._progress.see(calls, self._front(sorted({c.latest.queue for c in calls if c.latest.status == "RUNNABLE"})))

    def _front(self, queues: list[str]) -> list[str]:
        """Front of the first queue in which jobs wait; not asked for again where AWS won't say."""
        if not queues or not self._asks_for_positions:
            return []
        try:
            return self._batch.queue_front(queues[0])
        except MiniwdlAwsError:
            self._asks_for_positions = False
            return []

    def failures(self) -> list[FailedTask]:
        """Failed calls as AWS Batch knows them; nothing when it can't be asked."""
        try:
            self()
            jobs = self._tasks.refresh() if self._tasks else []
        except MiniwdlAwsError:
            return []
        return [
            FailedTask(
                call=call.path,
                message=f"exit code {call.latest.exit_code}" if call.latest.exit_code else call.latest.reason,
                job_id=call.latest.job_id,
                log_stream=call.latest.log_stream,
            )
            for call in calls_of(jobs)
            if call.latest.status == "FAILED"
        ]


def _say_failures(progress: Progress, updater: _Updater, job_id: str, surroundings: Surroundings) -> None:
    """Name the calls that failed, in the words of the log where it was read."""
    failures = [progress.failure] if progress.failure else updater.failures()
    for failure in failures[:MOST_FAILURES]:
        for line in failure.lines():
            say(line)
        if failure.log_stream and failure.call:
            say(f"  its log: miniwdl-aws logs {job_id} --task {name_of(failure.call)}{_extra(surroundings)}")


def _summary(progress: Progress) -> str:
    counts = progress.counts()
    told = [f"{counts[state]} {state}" for state in ("succeeded", "cached", "failed") if counts[state]]
    if progress.lost_hosts:
        told.append(counted(progress.lost_hosts, "lost host"))
    if progress.retries:
        told.append(counted(progress.retries, "retry", "retries"))
    if progress.uploaded:
        told.append(f"uploaded {progress.uploaded}")
    return f": {', '.join(told)}" if told else ""


def _extra(surroundings: Surroundings) -> str:
    return "".join(f" {shlex.quote(word)}" for word in surroundings.words)
