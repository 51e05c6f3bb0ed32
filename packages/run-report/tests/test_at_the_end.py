from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord, Market
from miniwdl_aws_core.records.jobs import BATCH_JOBS, JobRecord
from miniwdl_aws_core.records.lines import append
from miniwdl_aws_hooks import EndedRun, EnvironSettings, RunEnded
from miniwdl_aws_hooks.protocol import ENV_WHERE
from miniwdl_aws_run_report.plugin import miniwdl_aws_report_run, miniwdl_aws_run_ended

if TYPE_CHECKING:
    from pathlib import Path

LOG = """\
2026-11-27 12:00:00.000 wdl.w:align NOTICE workflow start :: name: "align", source: "a.wdl", dir: "/mnt/fsx/r"
2026-11-27 12:00:22.000 wdl.w:align NOTICE done
"""


CALL = """\
2026-11-27 12:00:01.000 wdl.w:align.t:call-sort NOTICE task setup :: name: "sort", dir: "/mnt/fsx/r/call-sort"
2026-11-27 12:00:21.000 wdl.w:align.t:call-sort NOTICE done
"""


@pytest.fixture
def ended(tmp_path: Path) -> EndedRun:
    (tmp_path / "workflow.log").write_text(LOG)
    outputs = {"align.y": f"{tmp_path}/out/y/y.txt", "align.z": [f"{tmp_path}/out/z/0/z", "/elsewhere"], "align.n": 1}
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))
    return EndedRun(str(tmp_path), 0, EnvironSettings({}), "s3://b/r/", "job-1")


def test_all_three_are_written(ended: EndedRun) -> None:
    report = miniwdl_aws_report_run(ended)
    assert set(report.files) == {"report.html", "report.json", "trace.tsv"}
    document = json.loads(report.files["report.json"])
    assert (document["jobId"], document["folder"], document["command"]) == (
        "job-1", "s3://b/r/", "miniwdl-aws rerun job-1",
    )  # fmt: skip
    assert document["outputs"] == {
        "align.y": "s3://b/r/y/y.txt", "align.z": ["s3://b/r/z/0/z", "/elsewhere"], "align.n": 1,
    }  # fmt: skip
    assert (report.summary, report.saving, report.totals["calls"]) == ("align succeeded after 22s: 0 calls.", "", 0)


def test_what_stands_for_aws_says_by_which_options_commands_find_the_run(
    ended: EndedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV_WHERE, "--local")
    files = miniwdl_aws_report_run(ended).files
    assert json.loads(files["report.json"])["command"] == "miniwdl-aws rerun job-1 --local"
    assert '"miniwdl-aws report job-1 --right-size --local"' in files["report.html"]


def test_what_it_cost_where_the_workflow_job_may_ask(
    ended: EndedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price is kept already, which stands for an answer of AWS's."""
    call = tmp_path / "call-sort"
    call.mkdir()
    (tmp_path / "workflow.log").write_text(LOG + CALL)
    hour = {"started_at": 1_795_780_800_000, "stopped_at": 1_795_784_400_000}
    job = JobRecord("j", "sort", "call-sort", "sort", 1, "SUCCEEDED", vcpus=1, container_instance_arn="arn", **hour)
    append(call, BATCH_JOBS, job)
    host = HostRecord("arn", "i-1", "m5.xlarge", "eu-central-1a", Market.ON_DEMAND, vcpus=4, memory_mib=16_000)
    append(tmp_path, BATCH_HOSTS, host)
    kept = tmp_path / "cache/miniwdl-aws/prices.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"eu-central-1/m5.xlarge": {"at": time.time(), "steps": [[0, 8.0]]}}))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    report = miniwdl_aws_report_run(ended)
    assert (report.totals["cost"], report.summary) == (2.0, "align succeeded after 22s: 1 call, about $2.00.")


def test_the_same_run_has_the_same_report(ended: EndedRun) -> None:
    assert miniwdl_aws_report_run(ended).files == miniwdl_aws_report_run(ended).files


def test_the_log_names_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    place = {"report.html": "s3://b/r/report.html"}
    settings = EnvironSettings({})
    miniwdl_aws_run_ended(RunEnded("/r", 0, settings, reports=place, summary="It succeeded.", saving="less will do"))
    miniwdl_aws_run_ended(RunEnded("/r", 0, settings))
    assert caplog.messages == ["report: s3://b/r/report.html (It succeeded; less will do)"]
