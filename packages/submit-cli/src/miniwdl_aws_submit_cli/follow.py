"""Staying with a run: its states and, when asked for, its log until the end marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import MissingPartError
from miniwdl_aws_hooks.protocol import END_OF_LOG, TASK_LOG_GROUP
from miniwdl_aws_hooks.types import FollowRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pluggy

    from miniwdl_aws_submit_cli.wait import JobState, Watcher

__all__ = ["require_follower", "stay"]


def require_follower(manager: pluggy.PluginManager) -> None:
    """
    Check that somebody can follow logs, before anything is submitted.

    :raises MissingPartError: when nobody can.
    """
    if not manager.hook.miniwdl_aws_follow_logs.get_hookimpls():
        raise MissingPartError.of("--follow", "miniwdl-aws-cwlogs")


def stay(watcher: Watcher, manager: pluggy.PluginManager, say: Callable[[str], None], *, follow: bool) -> JobState:
    """
    Wait for the end of a job.

    :param say: receives each new state and each line of the log.
    :param follow: show the log, too.
    """

    def show(state: JobState) -> None:
        if not state.ended:
            say(f"[{state.status.lower()}]" + (f" {state.reason}" if state.reason else ""))

    if follow:
        started = watcher.wait(lambda state: state.log_stream is not None, show)
        if started.log_stream:
            request = FollowRequest(
                group=TASK_LOG_GROUP,
                stream=started.log_stream,
                job_ended=lambda: watcher.look().ended,
                end_marker=END_OF_LOG,
            )
            for event in manager.hook.miniwdl_aws_follow_logs(request=request) or ():
                say(event.message)
    return watcher.wait(lambda _state: False, show)
