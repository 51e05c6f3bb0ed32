"""A process that has run tasks ends at once."""

from __future__ import annotations

import subprocess
import sys

ENDING = """
import sys
from miniwdl_aws_batch_backend.process.collector import suit_many_tasks
class Noticed:
    def __init__(self):
        self.me = self
    def __del__(self):
        print("gone over", flush=True)
kept = Noticed()
if sys.argv[1] == "suited":
    suit_many_tasks()
"""


def at_the_end(how: str) -> str:
    return subprocess.run([sys.executable, "-c", ENDING, how], capture_output=True, text=True, check=True).stdout


def test_what_is_left_at_the_end_is_not_gone_over() -> None:
    assert at_the_end("as python does") == "gone over\n"
    assert at_the_end("suited") == ""
