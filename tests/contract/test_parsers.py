"""Parsers that tests keep are those that miniwdl makes."""

import os
import subprocess
import sys

import lark

PARSE = """
import WDL
for text in ("version 1.1\\ntask t { # why\\n command {} }", "version 1.1\\ntask {"):
    try:
        document = WDL.parse_document(text)
        print(document.tasks[0].name, document.source_comments)
    except WDL.Error.SyntaxError as exc:
        print(exc)
"""


def parse(**environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PARSE], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_parser_that_was_kept_says_what_a_new_one_says(tmp_path, quick_parsers):
    made = parse(PYTHONPATH="")
    assert "why" in made
    assert parse(**quick_parsers, LARK_CACHE=str(tmp_path)) == made
    (kept,) = tmp_path.glob("*[0-9]*")
    written = kept.stat().st_mtime_ns
    assert parse(**quick_parsers, LARK_CACHE=str(tmp_path)) == made
    assert kept.stat().st_mtime_ns == written, "it was found"


def test_those_of_the_tests_own_process_are_kept_too():
    assert lark.Lark.__init__.__module__ == "parsers.sitecustomize"
