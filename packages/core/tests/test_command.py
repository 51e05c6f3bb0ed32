from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_core.command import Parser, add_version, run_command
from miniwdl_aws_hooks import ConfigurationError, MiniwdlAwsError, MissingPartError, PluginError

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 64),
        (MissingPartError("x"), 64),
        (PluginError("x"), 64),
        (MiniwdlAwsError("x"), 69),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(error: BaseException, code: int) -> None:
    def fail(_words: Sequence[str]) -> int:
        raise error

    assert run_command("prog", fail, []) == code


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--flolow"], "did you mean --follow?"),
        (["--when", "alway"], "did you mean always?"),
        (["statsu"], "did you mean status?"),
        (["status", "--jsno"], "did you mean --json?"),
        (["--nothing-like-it"], "see prog --help"),
    ],
)
def test_what_was_probably_meant(words: list[str], hint: str) -> None:
    parser = Parser(prog="prog")
    parser.add_argument("--follow", action="store_true")
    parser.add_argument("--when", choices=["always", "never"])
    commands = parser.add_subparsers(parser_class=Parser, required=not words[0].startswith("--"))
    commands.add_parser("status").add_argument("--json", action="store_true")
    with pytest.raises(ConfigurationError) as caught:
        parser.parse_args(words)
    assert caught.value.hint == hint


def test_message_and_hint_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_words: Sequence[str]) -> int:
        raise ConfigurationError("it is wrong", hint="do this")

    run_command("prog", fail, [])
    assert capsys.readouterr() == ("", "prog: it is wrong\n  hint: do this\n")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run_command("prog", lambda _words: 1 // 0, [])


def test_a_caller_keeps_its_own_ctrl_c() -> None:
    def never(_number: int, _frame: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGINT, never)
    try:
        assert run_command("prog", lambda _words: signal.getsignal(signal.SIGINT) is never, []) == 1
        assert signal.getsignal(signal.SIGINT) is never
    finally:
        signal.signal(signal.SIGINT, before)


PROGRAM = """
import sys, threading
from miniwdl_aws_core.command import Parser, add_version, run_command

def say(word):
    print(word, flush=True)

def run(_words):
    threading.Thread(target=sys.stdin.read).start()
    if "returns" in sys.argv:
        return 0
    try:
        say("working")
        threading.Event().wait()
    finally:
        say("cleaning")
        threading.Event().wait()

code = run_command("prog", run, None)
say("over")
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("argument", "words"),
    [("cleans", ["working", "cleaning"]), ("returns", ["over"])],
    ids=["while the first one is dealt with", "while Python waits for its threads"],
)
def test_ctrl_c_ends_at_once_where_it_can_not_raise(argument: str, words: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, argument],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        for word in words:
            assert program.stdout.readline() == f"{word}\n"
            program.send_signal(signal.SIGINT)
        said, complained = program.communicate()
    assert (program.returncode, said, complained) == (130, "", "")


LATE = """
import os, signal, sys
from miniwdl_aws_core.command import Parser, add_version, run_command

class Late:
    def __del__(self, kill=os.kill, own=os.getpid(), number=signal.SIGINT):
        kill(own, number)

late = Late()
sys.exit(run_command("prog", lambda _words: 3, None))
"""


def test_ctrl_c_while_python_clears_up_changes_no_exit_code() -> None:
    assert subprocess.run([sys.executable, "-c", LATE], check=False).returncode == 3


def test_a_subcommand_says_itself_what_it_does_not_know() -> None:
    parser = Parser(prog="tool")
    inner = parser.add_subparsers(parser_class=Parser).add_parser("show").add_subparsers(parser_class=Parser)
    leaf = inner.add_parser("all")
    leaf.add_argument("names", nargs="*")
    leaf.add_argument("--json", action="store_true")
    leaf.more = "names"
    for words in (["a", "--json", "b"], ["--json", "a", "b"]):
        assert parser.parse_args(["show", "all", *words]).names == ["a", "b"]
    with pytest.raises(ConfigurationError, match="unrecognized arguments: --zz") as caught:
        parser.parse_args(["show", "all", "--zz"])
    assert caught.value.hint == "see tool show all --help"
    assert Parser(prog="tool").parse_known_args(["--other"])[1] == ["--other"]


def test_every_command_names_the_installed_parts(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="tool")
    add_version(parser)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--version"])
    assert ended.value.code in (0, None)
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("miniwdl-aws-core ")]
