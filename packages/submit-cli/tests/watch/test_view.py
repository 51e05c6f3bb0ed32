from collections.abc import Iterator
from typing import Any

import pluggy
import pytest

from miniwdl_aws_core.console import say
from miniwdl_aws_hooks import FollowRequest, LogEvent, hookimpl
from miniwdl_aws_submit_cli.runs.wait import Watcher
from miniwdl_aws_submit_cli.watch.progress import Progress
from miniwdl_aws_submit_cli.watch.streams import Shown
from miniwdl_aws_submit_cli.watch.view import PlainView, choose_view, stay

RUNNABLE = {"status": "RUNNABLE"}
STUCK = {"status": "RUNNABLE", "statusReason": "UNDETERMINED"}
RUNNING = {"status": "RUNNING", "container": {"logStreamName": "s"}}
DONE = {"status": "SUCCEEDED", "container": {"exitCode": 0, "logStreamName": "s"}}
LINES = [
    "2026-11-25 16:42:22 wdl.w:top.t:call-a NOTICE done",
    "\x1b[31mINFO [s3-rails] uploaded 5 objects to s3://demo/out/, 80.8 KiB in 0.1 s (808.0 KiB/s)",
]


class Log:
    def __init__(self) -> None:
        self.asked: list[FollowRequest] = []

    @hookimpl
    def miniwdl_aws_follow_logs(self, request: FollowRequest) -> Iterator[LogEvent]:
        self.asked.append(request)
        return iter([LogEvent(1, line, "s") for line in LINES])


def watcher(*answers: dict[str, Any]) -> Watcher:
    remaining = list(answers)
    time = [0.0]

    def sleep(seconds: float) -> None:
        time[0] += seconds

    def describe(ids: list[str]) -> dict[str, dict[str, Any]]:
        return {ids[0]: remaining.pop(0) if len(remaining) > 1 else remaining[0]}

    return Watcher(describe, "j", clock=lambda: time[0], sleep=sleep)


def test_the_log_is_shown_between_the_states(manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]) -> None:
    log, progress = Log(), Progress()
    manager.register(log)
    state = stay(watcher(RUNNABLE, STUCK, RUNNING, DONE), manager, PlainView(say), progress, follow=True)
    said = capsys.readouterr().err.splitlines()
    assert said == ["[runnable]", "[runnable] UNDETERMINED", "[running]", LINES[0], LINES[1][5:]]
    assert state.status == "SUCCEEDED"
    assert (progress.calls, progress.uploaded) == ({"call-a": "succeeded"}, "80.8 KiB")
    assert (log.asked[0].stream, log.asked[0].end_marker) == ("s", "[miniwdl-aws] end of log")


def test_a_job_that_never_ran_has_no_log(manager: pluggy.PluginManager) -> None:
    log: Any = Log()
    manager.register(log)
    failed = {"status": "FAILED", "statusReason": "no host"}
    state = stay(watcher(RUNNABLE, failed), manager, PlainView(lambda _text: None), Progress(), follow=True)
    assert (state.status, log.asked) == ("FAILED", [])


def test_without_following_nobody_reads_the_log(manager: pluggy.PluginManager) -> None:
    log: Any = Log()
    manager.register(log)
    stay(watcher(RUNNING, DONE), manager, PlainView(lambda _text: None), Progress(), follow=False)
    assert log.asked == []


@pytest.mark.parametrize(
    ("terminal", "term", "plain", "live"),
    [
        (True, "xterm", False, True),
        (True, "xterm", True, False),
        (False, "xterm", False, False),
        (True, "dumb", False, False),
    ],
)
def test_the_panel_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, term: str, plain: bool, live: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setenv("TERM", term)
    view = choose_view("n", Progress(), lambda: None, lambda _text: None, plain=plain)
    assert (type(view).__name__ == "LiveView") is live


class Tasks:
    """Streams of task jobs that become known at the second look."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self) -> bool:
        self.looks += 1
        return True

    def shown(self) -> list[Shown]:
        return [Shown("sub/sort", FollowRequest("g", "task-stream", lambda: True))]


def test_a_followed_call_is_shown_with_its_name_before_each_line(
    manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]
) -> None:
    manager.register(Log())
    tasks: Any = Tasks()
    stay(watcher(RUNNING, DONE), manager, PlainView(say), Progress(), follow=True, tasks=tasks)
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("sub/sort | ")] == [
        f"sub/sort | {LINES[0]}",
        f"sub/sort | {LINES[1][5:]}",
    ]
    assert [line for line in said if line in LINES] == LINES[:1]
    assert tasks.looks == 1
