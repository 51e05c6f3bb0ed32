"""``miniwdl-aws logs``."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pluggy
import pytest

from miniwdl_aws_hooks import FollowRequest, LogEvent, hookimpl
from miniwdl_aws_submit_cli.manage.command import main

from .jobs import NAME, child

Outcome = tuple[int, str, str]


def test_logs(aws: Any, manage: Callable[..., Outcome], parts: Any, job_id: str) -> None:
    child(aws, job_id)
    assert manage("wait", job_id)[0] == 0
    assert manage("logs", job_id)[1] == "first line\nsecond line\n"
    assert manage("logs", job_id, "--grep", "^sec")[1] == "second line\n"
    assert manage("logs", job_id, "--since", "1970-01-01T00:00:00.002+00:00")[1] == "second line\n"
    assert parts.followed[-1].start_time == 2, "the reader of the log looks for no older events"
    assert parts.followed[-1].grace == 0, "what is there now is all"
    assert manage("logs", job_id, "--task", NAME)[1] == f"{NAME} | first line\n{NAME} | second line\n"
    assert manage("logs", job_id, "--all")[1].splitlines() == [
        "hello | first line", "hello | second line", f"{NAME} | first line", f"{NAME} | second line",
    ]  # fmt: skip
    followed = manage("logs", job_id, "--all", "--follow")[1].splitlines()
    assert sorted(followed) == sorted(manage("logs", job_id, "--all")[1].splitlines())
    code, out, err = manage("logs", job_id, "--task", "nope", "--follow")
    assert (code, out, "--task nope: run" in err) == (64, "", True)
    event = json.loads(manage("logs", job_id, "--json")[1].splitlines()[0])
    assert (event["message"], event["from"], event["timestamp"]) == ("first line", "hello", 1)
    assert parts.followed[0].end_marker == "[miniwdl-aws] end of log"


def test_the_logs_of_attempts_follow_each_other(
    manage: Callable[..., Outcome], parts: Any, tried_again: None, job_id: str
) -> None:
    code, out, err = manage("logs", job_id, "--grep", "first")
    note = "attempt 2 of 3: the host of attempt 1 was lost (Host EC2 (instance i-1) terminated.)\n"
    assert (code, out, err) == (0, "first line\nfirst line\n", note)
    assert [request.stream for request in parts.followed] == ["s1", "s2"]
    events = [json.loads(line) for line in manage("logs", job_id, "--json")[1].splitlines()]
    assert [event["stream"] for event in events] == ["s1", "s1", "s2", "s2"]


@pytest.mark.parametrize("words", [[], ["--follow"]])
@pytest.mark.parametrize("on_terminal", [True, False])
def test_colours_of_a_log_are_for_terminals(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome], job_id: str, monkeypatch: pytest.MonkeyPatch,
    words: list[str], on_terminal: bool,
) -> None:  # fmt: skip
    class Coloured:
        @hookimpl
        def miniwdl_aws_follow_logs(self, request: FollowRequest) -> Iterator[LogEvent]:
            return iter([LogEvent(1, "\x1b[31mred\x1b[2J", request.stream)])

    manager.register(Coloured())
    assert manage("wait", job_id)[0] == 0
    monkeypatch.setattr("sys.stdout.isatty", lambda: on_terminal)
    assert manage("logs", job_id, *words)[1] == ("\x1b[31mred\x1b[0m\n" if on_terminal else "red\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--task", "nope"], "--task nope: run"), (["--grep", "("], "--grep (: not a regular expression")],
)
def test_logs_of_nothing(manage: Callable[..., Outcome], job_id: str, words: list[str], message: str) -> None:
    code, _out, err = manage("logs", job_id, *words)
    assert code == 64
    assert message in err


def test_logs_need_a_part(aws: Any, manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "last", "--workflow-queue", "workflow"]) == 64
    assert "`miniwdl-aws logs` needs miniwdl-aws-cwlogs: pip install" in capsys.readouterr().err


def test_of_a_log_without_events_nobody_says_more_than_is_known(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome], job_id: str
) -> None:
    class Empty:
        @hookimpl
        def miniwdl_aws_follow_logs(self, request: FollowRequest) -> Iterator[LogEvent]:
            return iter(())

    manager.register(Empty())
    assert manage("wait", job_id)[0] == 0
    assert "note: there is nothing in this log, or not any more\n" in manage("logs", job_id)[2]
