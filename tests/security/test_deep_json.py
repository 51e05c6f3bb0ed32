"""
JSON that a task nests too deeply ends no process.

miniwdl lifts Python's limit of recursion in the process of a run: ``json.loads`` fills the stack there, and the process
ends without a word.
"""

import subprocess
import sys
from pathlib import Path

READERS = {
    "a line of a log as JSON": (
        "from miniwdl_aws_core.log_lines import read_line",
        "read_line('{\"x\": ' + deep) is None",
    ),
    "the fields of a line of a log": (
        "from miniwdl_aws_core.log_lines import read_line",
        "read_line('2026-01-31 12:00:00.000 wdl.w:x INFO m :: a: ' + deep).fields == {}",
    ),
    "records": (
        "import io; from miniwdl_aws_core.records.lines import read",
        "read(dict, io.BytesIO(deep.encode())).skipped == 1",
    ),
    "the journal of jobs": (
        "from miniwdl_aws_batch_backend.process.adoption.journal import LeftJournal",
        "LeftJournal.read(file).entries == ()",
    ),
    "a file of a run, for its report": (
        "from miniwdl_aws_run_report.reading.folder import content_of",
        "content_of('error.json', file.read_bytes, []) == {}",
    ),
    "error.json, for its upload": (
        "from miniwdl_aws_s3_rails.products.ending import read_ending",
        "read_ending(file.parent).error is None",
    ),
}


def test_a_process_of_miniwdls_survives(tmp_path: Path) -> None:
    file = tmp_path / "error.json"
    file.write_text("[" * 100_000)
    program = [
        "import pathlib, sys",
        "sys.setrecursionlimit(1_000_000)  # as WDL.CLI.main does",
        f"file = pathlib.Path({str(file)!r}); deep = file.read_text()",
    ]
    for what, (known, expected) in READERS.items():
        program += [known, f"print({what!r}, flush=True)", f"assert {expected}"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{done.stdout.splitlines()[-1:]}: {done.stderr or f'signal {-done.returncode}'}"
