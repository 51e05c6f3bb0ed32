"""Completion as a shell asks for it: by argcomplete's environment variables, of the real commands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def complete(command: str, line: str, cwd: Path) -> list[str]:
    answer = cwd / "answer"
    module, function = {
        "miniwdl-aws-submit": ("submit.command", "main"),
        "miniwdl-aws": ("manage.command", "main"),
    }[command]
    subprocess.run(
        [sys.executable, "-c", f"from miniwdl_aws_submit_cli.{module} import {function}; {function}()"],
        cwd=cwd,
        env={
            **os.environ,
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
            "COMP_LINE": f"{command} {line}",
            "COMP_POINT": str(len(command) + 1 + len(line)),
            "COMP_TYPE": "9",
        },
        check=True,
        timeout=60,
        stderr=subprocess.DEVNULL,
    )
    return answer.read_text().split("\n")


@pytest.mark.parametrize(
    ("command", "line", "expected"),
    [
        ("miniwdl-aws-submit", "--work", ["--workflow-queue", "--workflow-role"]),
        ("miniwdl-aws-submit", "--no-c", ["--no-cache", "--no-check", "--no-color"]),
        ("miniwdl-aws-submit", "hel", ["hello.wdl"]),
        ("miniwdl-aws-submit", "hello.wdl n", ["n="]),
        ("miniwdl-aws-submit", "--wait hello.wdl gre", ["greeting="]),
        ("miniwdl-aws-submit", "--delete-after ", ["always", "failure", "success"]),
        ("miniwdl-aws", "st", ["status"]),
        ("miniwdl-aws", "status la", ["last"]),
        ("miniwdl-aws", "list --state su", ["submitted", "succeeded"]),
    ],
)
def test_what_is_offered(here: Path, command: str, line: str, expected: list[str]) -> None:
    assert sorted(word.strip() for word in complete(command, line, here)) == expected
