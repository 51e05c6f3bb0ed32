"""
To stay with a run until it ends: one function, whoever stays.

``miniwdl-aws-submit`` and ``miniwdl-aws rerun`` with ``--wait`` or ``--follow``, and ``miniwdl-aws wait``, by which one
comes back, differ in :class:`Manner` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.attempts import attempt_note
from miniwdl_aws_core.console import emit_json, say
from miniwdl_aws_core.log_lines import read_line
from miniwdl_aws_core.terminal import split_lines
from miniwdl_aws_hooks.errors import MiniwdlAwsError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.errors import LostContactError
from miniwdl_aws_submit_cli.runs.names import given_name
from miniwdl_aws_submit_cli.runs.results import results_in_passing
from miniwdl_aws_submit_cli.runs.wait import Places, outcome, state_of
from miniwdl_aws_submit_cli.watch.attempt_log import AttemptLog
from miniwdl_aws_submit_cli.watch.ending import say_end, say_next
from miniwdl_aws_submit_cli.watch.progress import Progress
from miniwdl_aws_submit_cli.watch.run_streams import RunStreams, Selection
from miniwdl_aws_submit_cli.watch.streams import follower
from miniwdl_aws_submit_cli.watch.task_states import TaskStates
from miniwdl_aws_submit_cli.watch.view import PlainView, choose_view
from miniwdl_aws_submit_cli.watch.watcher import Watcher

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_hooks.types import LogEvent
    from miniwdl_aws_submit_cli.runs.batch import Batch
    from miniwdl_aws_submit_cli.runs.session import Session
    from miniwdl_aws_submit_cli.watch.view import View

__all__ = ["Manner", "stay"]


@dataclass(frozen=True)
class Manner:
    """How to stay with a run."""

    follow: bool = False
    """Show its log."""
    calls: tuple[str, ...] = ()
    """Show the logs of these calls or tasks, too."""
    plain: bool = False
    """Without the live panel."""
    json: bool = False
    """Tell the end as a JSON object."""

    @classmethod
    def of(cls, args: Namespace) -> Manner:
        """Read the options of a command line; who names calls wants to follow them."""
        calls = tuple(args.follow_task or ())
        return cls(args.follow or bool(calls), calls, args.plain, args.json)


def stay(facts: Mapping[str, Any], manner: Manner, session: Session) -> int:
    """
    Stay with a run until it ends; return its exit code.

    :param facts: with ``jobId`` and ``jobName``; what ``--json`` says of it, apart from its end.
    """
    run = _Stay(str(facts["jobId"]), str(facts["jobName"]), manner, session)
    try:
        state = run.see_end()
        if first := _twin_of(state, session.batch):
            say(f"the run was submitted twice: job {first} runs it, and {state.job_id} has ended")
            run = _Stay(first, str(facts["jobName"]), manner, session)
            state = run.see_end()
        code = run.tell(state)
    except KeyboardInterrupt:
        say("", "interrupted; the run goes on")
        say_next(run.job_id, session)
        return ExitCode.INTERRUPTED
    finally:
        say(*session.surroundings.closing_lines())
    if manner.json:
        ended = outcome(state)
        results = results_in_passing(session.manager, ended.results)
        told = {"status": state.status, "state": state_of(state), "exitCode": code, **ended.facts()}
        told["outputs"] = results.outputs if results else None
        stream = state.stream.name if state.stream else None
        emit_json({**facts, "jobId": state.job_id, **told, "logStream": stream})
    return code


class _Stay:
    """One job, watched to its end."""

    def __init__(self, job_id: str, name: str, manner: Manner, session: Session) -> None:
        self.job_id = job_id
        self._name = given_name(name)
        self._manner = manner
        self._session = session
        self._watcher = Watcher(session.batch.describe, job_id, seen=self._say_places)
        self._progress = Progress()
        self._tasks = TaskStates(session.batch, job_id, self._progress)
        selected = Selection(workflow=False, calls=manner.calls)
        self._streams = RunStreams(session.batch, job_id, selected) if manner.calls else None
        self._attempt = 1
        self._places = Places()
        self._view: View = PlainView(say)

    def see_end(self) -> Job:
        """Show what happens until the job ends."""
        # Without the log there is nothing to show above a panel, and little in it.
        plain = self._manner.plain or not self._manner.follow
        with choose_view(self._name, self._progress, self._tasks, say, plain=plain) as view:
            self._view = view
            if self._manner.follow:
                self._follow(view)
                return self._watcher.look_until(on_change=view.state)
            return self._watcher.look_until(on_change=lambda state: self._show(state, view))

    def tell(self, state: Job) -> int:
        """Say how it ended; return the exit code."""
        code = say_end(state, self._progress, self._tasks, self._session)
        for name in self._streams.unmatched() if self._streams else ():
            say(f"note: no job of a call {name} was seen: `miniwdl-aws status` shows the calls; cached ones have none")
        return code

    def _say_places(self, state: Job) -> None:
        """Say where the run will be found, once that is known; another attempt of it is elsewhere."""
        places = Places.of(state)
        if places not in (self._places, Places()):
            self._places = places
            for line in places.lines():
                self._view.line(line)

    def _show(self, state: Job, view: View) -> None:
        """Show a state, and why there is another attempt."""
        for number in range(self._attempt + 1, state.attempt + 1):
            view.line(attempt_note(state, number))
        self._attempt = state.attempt
        view.state(state)

    def _follow(self, view: View) -> None:
        """Show the log as long as that can be; the run goes on without it."""
        try:
            self._show_log(view)
        except LostContactError:
            raise  # with AWS Batch: nobody knows then how the run goes on
        except MiniwdlAwsError as exc:
            told = [
                f"the log can't be followed any more: {exc.message}",
                *([f"  hint: {exc.hint}"] if exc.hint else []),
            ]
            for line in (*told, "the run goes on: waiting for its end"):
                view.line(line)

    def _show_log(self, view: View) -> None:
        """Show the log until the job's end, with those of the calls that are wanted; what it says is progress."""
        log = AttemptLog(
            label="",
            job_id=self.job_id,
            look=self._watcher.look,
            wait=lambda reached: self._watcher.look_until(reached, view.state),
        )
        for label, event in self._events(log):
            if label:
                view.line("\n".join(f"{label} | {line}" for line in split_lines(event.message)))
                continue
            read = read_line(event.message)
            if read:
                self._progress.read(read)
            else:
                self._progress.read_other(event.message)
            view.line(event.message)

    def _events(self, log: AttemptLog) -> Iterator[tuple[str, LogEvent]]:
        """Give the events of the workflow's log, without a label, and those of task jobs, with theirs."""
        follow = follower(self._session.manager)
        if self._streams:
            yield from self._streams.events(follow, log)
        else:
            yield from (("", event) for event in log.events(follow))


def _twin_of(state: Job, batch: Batch) -> str | None:
    """Find the job that has begun in the stead of one that ended for it; there is one name for both."""
    if state.exit_code != ExitCode.ALREADY_BEGUN:
        return None
    try:
        others = [job for job in batch.twins(state.name, state.queue_arn) if job != state.job_id]
    except MiniwdlAwsError:
        return None
    return others[0] if len(others) == 1 else None
