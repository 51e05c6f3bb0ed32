"""A process that has made much ends at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

ENDING = """
import sys
from miniwdl_aws_core.collector import collect_seldom
from miniwdl_aws_core.command import run_command
class Noticed:
    def __init__(self):
        self.me = self
    def __del__(self):
        print("gone over", flush=True)
kept = Noticed()
if sys.argv[1] == "suited":
    collect_seldom()
if sys.argv[1] == "a command":
    run_command("tool", lambda words: 0, None)
"""


def at_the_end(how: str) -> str:
    return subprocess.run([sys.executable, "-c", ENDING, how], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("how", ["suited", "a command"])
def test_what_is_left_at_the_end_is_not_gone_over(how: str) -> None:
    assert at_the_end("as python does") == "gone over\n"
    assert at_the_end(how) == ""
