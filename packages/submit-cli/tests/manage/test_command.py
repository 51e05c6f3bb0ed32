"""``miniwdl-aws`` and what its subcommands have in common."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pluggy
import pytest

from miniwdl_aws_hooks import Command, PluginError, SubmitEnvironment, SubmitOption, hookimpl
from miniwdl_aws_submit_cli.manage.command import build_parser, main
from miniwdl_aws_submit_cli.submit import command as submit_command

Outcome = tuple[int, str, str]


def test_a_command_is_needed(manage: Callable[..., Outcome]) -> None:
    code, _out, err = manage()
    assert code == 64
    assert "COMMAND" in err


def test_two_commands_of_one_name() -> None:
    mine = Command("list", "mine", lambda _parser: None, lambda _args: 0)
    with pytest.raises(PluginError, match="two plugins bring the command miniwdl-aws list"):
        build_parser([mine, mine])


def test_only_the_command_that_is_asked_for_gets_its_arguments(
    manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]
) -> None:
    def configure(_parser: ArgumentParser) -> None:
        raise PluginError("asked for arguments")

    class Commands:
        @hookimpl
        def miniwdl_aws_commands(self) -> list[Command]:
            return [Command("mine", "what is mine", configure, lambda _args: 0)]

    manager.register(Commands())
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "what is mine" in capsys.readouterr().out
    assert main(["mine"]) == 64
    assert "asked for arguments" in capsys.readouterr().err


def test_commands_take_the_options_that_say_where_a_run_is(manager: pluggy.PluginManager, job_id: str) -> None:
    class Options:
        @hookimpl
        def miniwdl_aws_submit_options(self) -> list[SubmitOption]:
            return [
                SubmitOption("--where", "place", lambda _args: nullcontext(SubmitEnvironment())),
                SubmitOption("--how", "manner", lambda _args: nullcontext(SubmitEnvironment()), submit_only=True),
            ]

    manager.register(Options())
    assert main(["status", job_id, "--where"]) == 0
    assert main(["status", job_id, "--how"]) == 64
    assert submit_command.main(["hello.wdl", "n=1", "--where", "--how"]) == 0


def test_who_has_no_aws_is_told_of_the_options_that_say_where_else(
    manager: pluggy.PluginManager, aws: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Options:
        @hookimpl
        def miniwdl_aws_submit_options(self) -> list[SubmitOption]:
            return [
                SubmitOption("--elsewhere", "place", lambda _args: nullcontext(SubmitEnvironment())),
                SubmitOption("--how", "manner", lambda _args: nullcontext(SubmitEnvironment()), submit_only=True),
            ]

    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    assert main(["list"]) == 64
    assert "elsewhere" not in capsys.readouterr().err
    manager.register(Options())
    assert main(["list"]) == 64
    message, hint = capsys.readouterr().err.splitlines()
    assert message == "miniwdl-aws: no AWS region is configured"
    assert hint.endswith("; or give --elsewhere, as when the run was submitted")


@pytest.mark.parametrize("word", ["id", "prefix", "hello", "last"])
def test_a_run_has_many_names(manage: Callable[..., Outcome], job_id: str, word: str) -> None:
    code, out, _err = manage("status", {"id": job_id, "prefix": job_id[:6]}.get(word, word), "--json")
    assert code == 0
    assert json.loads(out)["jobId"] == job_id


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("nope", "there is no run nope in queue workflow"),
        ("00000000-0000-0000-0000-000000000000", "AWS Batch does not know job 00000000"),
    ],
)
def test_an_unknown_run(manage: Callable[..., Outcome], job_id: str, word: str, message: str) -> None:
    code, out, err = manage("status", word)
    assert (code, out) == (64, "")
    assert message in err


def test_a_name_needs_the_queue(manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINIWDL__AWS__WORKFLOW_QUEUE")
    code, _out, err = manage("status", "last")
    assert code == 64
    assert "the workflow queue must be known: give --workflow-queue" in err
