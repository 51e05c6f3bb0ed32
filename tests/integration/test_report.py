"""The report of a run: written as it ends, found by those who look at it, and used for the next run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_core.records.jobs import BATCH_JOBS, JobRecord
from miniwdl_aws_core.records.lines import line_of
from miniwdl_aws_core.records.usage import Source, Usage

if TYPE_CHECKING:
    from .conftest import Shell

WDL = """\
version 1.1

task sort {
  input {
    Int n
  }
  command <<<
    echo ~{n} > n.txt
  >>>
  output {
    File sorted = "n.txt"
  }
  runtime {
    docker: "ubuntu:22.04"
    memory: "4 GiB"
    cpu: 1
  }
}

workflow align {
  input {
    Int last = 2
  }
  scatter (n in range(last)) {
    call sort { input: n = n }
  }
  output {
    Array[File] sorted = sort.sorted
  }
}
"""


@pytest.fixture
def wdl(tmp_path: Path) -> str:
    file = tmp_path / "align.wdl"
    file.write_text(WDL)
    return str(file)


def asked_for(shell: Shell, run: str) -> set[str]:
    """MiB that the jobs of a run's tasks asked for."""
    told = json.loads(shell.run("miniwdl-aws", "status", run, "--json").stdout)
    ids = [tried["job_id"] for call in told["calls"] for tried in call["tries"]]
    jobs = shell.client("batch").describe_jobs(jobs=ids)["jobs"]
    needs = [need for job in jobs for need in job["container"]["resourceRequirements"]]
    return {need["value"] for need in needs if need["type"] == "MEMORY"}


def test_a_run_reports_itself_and_the_next_one_asks_for_less(
    shell: Shell, wdl: str, folder: str, tmp_path: Path
) -> None:
    done = shell.submit(wdl, "--s3upload", f"{folder}/", "--wait", "--name", "first")
    assert done.code == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("  report: ")]
    assert line.startswith(f"  report: {folder}/report.html (align succeeded after ")
    assert shell.read(f"{folder}/report.html").startswith(b"<!doctype html>")
    report = shell.read_json(f"{folder}/report.json")
    assert (report["jobId"], report["state"], report["totals"]["calls"]) == (done.job_id, "succeeded", 2)
    assert report["command"] == f"miniwdl-aws rerun {done.job_id} --local"
    assert report["outputs"]["align.sorted"][0].startswith(f"{folder}/sorted/")
    for word in ("first", f"{folder}/", report["directory"]):
        table = shell.run("miniwdl-aws", "report", word, "--format", "tsv")
        assert table.stdout.count("COMPLETED") == 2, table.stderr
    assert asked_for(shell, done.job_id) == {"3636"}

    # What a control group of the tasks' own would have measured.
    for call in (Path(report["directory"]) / "call-sort-0", Path(report["directory"]) / "call-sort-1"):
        used = Usage(Source.CGROUP2, wall_seconds=60, cpu_seconds=30, peak_memory=1 << 30)
        record = JobRecord("a", "sort", call.name, "sort", 1, "SUCCEEDED", vcpus=1, memory_mib=3636, usage=used)
        (call / BATCH_JOBS).write_bytes(line_of(record) + b"\n")
    right = shell.run("miniwdl-aws", "report", report["directory"], "--right-size", "--out", "right.json")
    assert right.code == 0, right.stderr
    assert json.loads((tmp_path / "right.json").read_text())["align.sort.runtime.memory"] == "1664 MiB"
    again = shell.submit(wdl, "-i", "right.json", "--wait", "--no-cache")
    assert again.code == 0, again.stderr
    assert asked_for(shell, again.job_id) == {"1325"}
