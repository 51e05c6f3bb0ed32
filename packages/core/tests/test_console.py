import io
import json
import logging
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from miniwdl_aws_core import console
from miniwdl_aws_core.diagnostics import LineFormatter
from miniwdl_aws_hooks import MiniwdlAwsError

EVIL = "a\x1b]0;owned\x07\x1b[2J\u202eb\nhint: c\udcff"
SHOWN = "ab hint: c\\udcff"


def test_what_is_said_is_fit_for_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.say(EVIL, "more")
    console.emit(EVIL)
    assert capsys.readouterr() == (f"{SHOWN}\n", f"{SHOWN}\nmore\n")


def test_an_error_is_a_line_and_its_hint_another(capsys: pytest.CaptureFixture[str]) -> None:
    console.complain("prog", MiniwdlAwsError(f"no {EVIL}", hint=EVIL))
    console.complain("prog", MiniwdlAwsError("wrong"))
    assert capsys.readouterr().err == f"prog: no {SHOWN}\n  hint: {SHOWN}\nprog: wrong\n"


def test_colours_of_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    console.emit_log("\x1b[31mred\x1b[2J", colours=True)
    console.emit_log("\x1b[31mred\x1b[2J", colours=False)
    assert capsys.readouterr().out == "\x1b[31mred\x1b[0m\nred\n"


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert not console.has_colours()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert console.has_colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not console.has_colours()


@pytest.mark.parametrize("indent", [None, 2])
def test_json_keeps_everything_and_escapes_it(capsys: pytest.CaptureFixture[str], indent: int | None) -> None:
    everything = "".join(map(chr, range(0x3000))) + EVIL
    console.emit_json({"name": everything, "path": io}, indent=indent)
    out = capsys.readouterr().out
    assert out.replace("\n", "").isascii()
    assert out.replace("\n", "").isprintable()
    assert json.loads(out)["name"] == everything


def test_a_line_that_cannot_be_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    console.emit("wörld 漢 \udcff")
    assert raw.getvalue() == b"w\\xf6rld \\u6f22 \\udcff\n"


def test_a_record_is_one_line() -> None:
    record = logging.LogRecord("n", logging.INFO, __file__, 1, "uploaded %s", (EVIL,), None)
    assert LineFormatter("%(levelname)s %(message)s").format(record) == f"INFO uploaded {SHOWN}"


@pytest.mark.parametrize(
    "python",
    [
        "logging.getLogger('x').warning('did not find %s', evil)",
        "warnings.warn(evil)",
        "raise ValueError(evil)",
        "logging.getLogger('x').error('bad', exc_info=ValueError(evil))",
        "thread = threading.Thread(target=lambda: int(evil)); thread.start(); thread.join()",
        "thread = threading.Thread(target=lambda: [][evil], name=evil); thread.start(); thread.join()",
    ],
)
def test_what_python_says_by_itself(python: str) -> None:
    program = textwrap.dedent(f"""
        import logging, threading, warnings
        from miniwdl_aws_core.diagnostics import fit_for_terminals
        fit_for_terminals()
        evil = {EVIL!r}
        {python}
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    text = done.stderr.decode()
    assert text
    assert all(char == "\n" or (char.isascii() and char.isprintable()) for char in text), text


FULL = Path("/dev/full")
WRITES = """
from miniwdl_aws_core import command, console
raise SystemExit(command.run_command("prog", lambda _: console.emit("x"), None))
"""


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_a_full_disk_is_one_sentence() -> None:
    with FULL.open("wb") as full:
        done = subprocess.run([sys.executable, "-c", WRITES], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.stderr.decode().splitlines() == [
        "prog: can't write to standard output: No space left on device",
        "  hint: make room where it leads, or lead it elsewhere",
    ]
    assert done.returncode == 1
