"""Staying with a run: its states and, when asked for, its log until the end marker."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

from miniwdl_aws_core.terminal import split_lines
from miniwdl_aws_hooks.errors import MissingPartError
from miniwdl_aws_hooks.protocol import END_OF_LOG, TASK_LOG_GROUP
from miniwdl_aws_hooks.types import FollowRequest
from miniwdl_aws_submit_cli.watch.log_lines import read_line
from miniwdl_aws_submit_cli.watch.streams import DISCOVERY_PERIOD, Merged, Shown, follower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import pluggy

    from miniwdl_aws_hooks.types import LogEvent
    from miniwdl_aws_submit_cli.runs.wait import JobState, Watcher
    from miniwdl_aws_submit_cli.watch.progress import Progress
    from miniwdl_aws_submit_cli.watch.run_streams import RunStreams

__all__ = ["PlainView", "View", "choose_view", "require_follower", "stay"]


class View(Protocol):
    """What shows a run."""

    def state(self, state: JobState) -> None:
        """Show the state of the workflow job."""
        ...

    def line(self, text: str) -> None:
        """Show the lines of an event of a log."""
        ...


class PlainView:
    """One line after the other, in order."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say = say

    def state(self, state: JobState) -> None:
        """Show it when the job isn't over."""
        if not state.ended:
            self._say(f"[{state.status.lower()}]" + (f" {state.reason}" if state.reason else ""))

    def line(self, text: str) -> None:
        """Show them."""
        self._say(*split_lines(text))


def choose_view(
    name: str, progress: Progress, update: Callable[[], None], say: Callable[..., None], *, plain: bool
) -> AbstractContextManager[View]:
    """
    Make the live view on a terminal, else the plain one.

    :param update: tells the progress what AWS Batch knows.
    """
    on_terminal = sys.stderr.isatty()  # noqa: TID251 - asks only
    if plain or not on_terminal or os.environ.get("TERM") == "dumb":
        return nullcontext(PlainView(say))
    from miniwdl_aws_submit_cli.watch.panel import LiveView

    return LiveView(name, progress, update)


def require_follower(manager: pluggy.PluginManager, what: str = "--follow") -> None:
    """
    Check that somebody can follow logs, before anything is submitted.

    :param what: what needs it, as the user wrote it.
    :raises MissingPartError: when nobody can.
    """
    if not manager.hook.miniwdl_aws_follow_logs.get_hookimpls():
        raise MissingPartError.of(what, "miniwdl-aws-cwlogs")


def stay(
    watcher: Watcher,
    manager: pluggy.PluginManager,
    view: View,
    progress: Progress,
    *,
    follow: bool,
    tasks: RunStreams | None = None,
) -> JobState:
    """
    Wait for the end of a job.

    :param progress: told each line of the log.
    :param follow: show the log, too.
    :param tasks: streams of task jobs to show along with it.
    """
    if follow:
        started = watcher.wait(lambda state: state.log_stream is not None, view.state)
        if started.log_stream:
            request = FollowRequest(
                group=TASK_LOG_GROUP,
                stream=started.log_stream,
                job_ended=lambda: watcher.look().ended,
                end_marker=END_OF_LOG,
            )
            for label, event in _events(request, manager, tasks):
                if label:
                    view.line("\n".join(f"{label} | {line}" for line in split_lines(event.message)))
                    continue
                read = read_line(event.message)
                if read:
                    progress.read(read)
                else:
                    progress.read_other(event.message)
                view.line(event.message)
    return watcher.wait(lambda _state: False, view.state)


def _events(
    request: FollowRequest, manager: pluggy.PluginManager, tasks: RunStreams | None
) -> Iterator[tuple[str, LogEvent]]:
    """Give the events of the workflow's log, without a label, and those of task jobs, with theirs."""
    follow = follower(manager)
    if tasks is None:
        yield from (("", event) for event in follow(request))
        return
    merged = Merged(follow)
    merged.add([Shown("", request)])

    def discover() -> bool:
        complete = tasks.look()
        merged.add(tasks.shown())
        return complete

    yield from merged.events(discover, DISCOVERY_PERIOD)
