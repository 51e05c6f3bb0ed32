"""The command against a cloud in memory, and a run there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_submit_cli.manage.command import main
from miniwdl_aws_submit_cli.submit import command as submit_command

Outcome = tuple[int, str, str]


@pytest.fixture
def manage(
    aws: Any, parts: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """Run the command; give its exit code, stdout and stderr."""
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_QUEUE", "workflow")

    def run(*words: str) -> Outcome:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def job_id(manage: object, here: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A run."""
    assert submit_command.main(["hello.wdl", "n=1"]) == 0
    return capsys.readouterr().out.strip()
