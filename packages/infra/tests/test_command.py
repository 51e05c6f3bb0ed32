"""The command as its parser takes it; what it does to a stack is tested on the local cloud, with all parts together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_core.command import Parser
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_infra.plugin import miniwdl_aws_commands
from miniwdl_aws_infra.subcommands.arguments import agreed
from miniwdl_aws_infra.template import hosts, text

if TYPE_CHECKING:
    from argparse import Namespace


def parse(*words: str) -> Namespace:
    (command,) = miniwdl_aws_commands()
    parser = Parser(prog="miniwdl-aws infra")
    command.configure(parser)
    parser.set_defaults(run=command.run)
    return parser.parse_args(words)


def run(*words: str) -> int:
    args = parse(*words)
    code: int = args.run(args)
    return code


def test_the_template_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("template") == 0
    assert capsys.readouterr().out == text()


def test_the_part_for_hosts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("template", "--only", "hosts") == 0
    printed = capsys.readouterr().out
    assert printed == hosts()
    assert "AWS::Batch" not in printed


@pytest.mark.parametrize("name", ["MyLab", "2nd", "a_b", "a--b", "a-", "x" * 101])
def test_a_stack_name_that_no_repository_can_have(name: str) -> None:
    with pytest.raises(ConfigurationError, match="--stack-name must be lower-case"):
        parse("status", "--stack-name", name)


def test_a_wrong_parameter_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(ConfigurationError, match="--parameter Bucket: the template has no such parameter"):
        run("preview", "--parameter", "Bucket=b")
    with pytest.raises(ConfigurationError, match="--parameter FairShare must be one of yes, no, not 'maybe'"):
        run("preview", "--parameter", "FairShare=maybe")


def test_nobody_agrees_where_nobody_is() -> None:
    with pytest.raises(ConfigurationError, match="Nobody is there to answer") as caught:
        agreed("Delete stack miniwdl?", yes=False)
    assert "--yes" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("answer", "meant"), [("y\n", True), ("Yes\n", True), ("\n", False), ("no\n", False), ("", False)]
)
def test_an_answer(monkeypatch: pytest.MonkeyPatch, answer: str, *, meant: bool) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())
    assert agreed("Delete stack miniwdl?", yes=False) is meant
