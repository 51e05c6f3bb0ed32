"""Parsers that tests keep are those that miniwdl makes."""

import os
import subprocess
import sys

import lark
import pytest

PARSE = """
import WDL
for text in ("version 1.1\\ntask t { # why\\n command {} }", "version 1.1\\ntask {"):
    try:
        document = WDL.parse_document(text)
        print(document.tasks[0].name, document.source_comments)
    except WDL.Error.SyntaxError as exc:
        print(exc)
"""
MAKE = "import sys; sys.meta_path = [one for one in sys.meta_path if type(one).__name__ != 'KeepingParsers']"
KEEP = "import kept_parsers, sys; kept_parsers.keep_in(sys.argv[1])"


def parse(how: str, root, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"{how}\n{PARSE}", *words], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(root / "tests/support/parsers")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_parser_that_was_kept_says_what_a_new_one_says(root, tmp_path):
    made = parse(MAKE, root)
    assert "why" in made
    assert parse(KEEP, root, str(tmp_path)) == made
    (kept,) = tmp_path.glob("*[0-9]*")
    written = kept.stat().st_mtime_ns
    assert parse(KEEP, root, str(tmp_path)) == made
    assert kept.stat().st_mtime_ns == written, "it was found"


@pytest.mark.skipif("NOX_CURRENT_SESSION" not in os.environ, reason="it is nox that has each Python import it")
def test_those_of_the_tests_own_process_are_kept_too():
    assert lark.Lark.__init__.__module__ == "kept_parsers"
