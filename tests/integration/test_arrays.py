"""A run under pressure: most of its task jobs are children of arrays, for every command about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Shell

MANY = """version 1.1
workflow many {
    input { Int n = 40  Int broken = -1 }
    scatter (i in range(n)) { call one { input: i = i, broken = broken } }
    output { Array[Int] doubled = one.doubled }
}
task one {
    input { Int i  Int broken }
    command <<< echo "this is ~{i}" >&2; [ ~{i} != ~{broken} ] || exit 7; echo $((2 * ~{i})) >>>
    output { Int doubled = read_int(stdout()) }
}
"""


def test_children_of_arrays_are_calls_like_others(shell: Shell, tmp_path: Path) -> None:
    source = tmp_path / "many.wdl"
    source.write_text(MANY)
    done = shell.submit(str(source), "broken=33", "--wait", "--json")
    assert done.code != 0
    run = json.loads(done.stdout)["jobId"]
    shown = shell.run("miniwdl-aws", "status", run, "--json")
    tries = [item for call in json.loads(shown.stdout)["calls"] for item in call["tries"]]
    assert len([item for item in tries if ":" in item["job_id"]]) >= 10
    failed = [item for item in tries if item["exit_code"] == 7]
    assert len(failed) == 1
    log = shell.run("miniwdl-aws", "logs", run, "--task", "one-33")
    assert log.code == 0, log.stderr
    assert "this is 33" in log.stdout
    assert "this is 32" not in log.stdout
