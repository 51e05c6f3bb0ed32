"""What is said where a part that is asked for is not installed."""

from __future__ import annotations

import pytest

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_submit_cli.manage import command as manage
from miniwdl_aws_submit_cli.submit import command as submit

NEEDS = "needs miniwdl-aws-local-cloud: pip install miniwdl-aws-local-cloud"


@pytest.mark.parametrize(
    "words", [["--local", "hello.wdl"], ["hello.wdl", "n=1", "--runner", "engine", "--local", "--follow"]]
)
def test_a_submission_without_the_local_cloud(manager, capsys, words) -> None:
    assert submit.main(words) == ExitCode.USAGE
    assert capsys.readouterr().err == f"miniwdl-aws-submit: --local {NEEDS}\n"


@pytest.mark.parametrize(
    "words", [["status", "last", "--local"], ["list", "--local"], ["logs", "--local", "last"], ["doctor", "--local"]]
)
def test_a_subcommand_without_it(manager, capsys, words) -> None:
    assert manage.main(words) == ExitCode.USAGE
    assert capsys.readouterr().err == f"miniwdl-aws: --local {NEEDS}\n"


def test_its_own_subcommand_without_it(manager, capsys) -> None:
    assert manage.main(["local", "up"]) == ExitCode.USAGE
    assert capsys.readouterr().err == f"miniwdl-aws: miniwdl-aws local {NEEDS}\n"


def test_help_names_only_what_is_there(manager, capsys) -> None:
    with pytest.raises(SystemExit):
        submit.main(["--help"])
    assert "--local" not in capsys.readouterr().out
