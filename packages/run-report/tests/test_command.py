from __future__ import annotations

import argparse
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_hooks import MiniwdlAwsError, get_manager
from miniwdl_aws_hooks.testing import PluginConformance
from miniwdl_aws_run_report import command

if TYPE_CHECKING:
    from pathlib import Path

LOG = """\
2026-11-27 12:00:00.000 wdl.w:align NOTICE workflow start :: name: "align", source: "a.wdl", dir: "/mnt/fsx/r"
2026-11-27 12:00:01.000 wdl.w:align.t:call-sort NOTICE task setup :: name: "sort", dir: "/mnt/fsx/r/call-sort"
2026-11-27 12:00:21.000 wdl.w:align.t:call-sort NOTICE done
2026-11-27 12:00:22.000 wdl.w:align NOTICE done
"""
RECORD: dict[str, Any] = {
    "job_id": "a", "job_name": "sort", "call_path": "call-sort", "task_name": "sort", "try_number": 1,
    "status": "SUCCEEDED", "followed": "done", "created_at": 1, "started_at": 1, "stopped_at": 3_600_001, "vcpus": 4.0,
    "memory_mib": 8192, "usage": {"source": "cgroup2", "cpu_seconds": 3600.0, "peak_memory": 1 << 30}, "version": 1,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "20261127_120000_align"
    (folder / "call-sort").mkdir(parents=True)
    (folder / "workflow.log").write_text(LOG)
    (folder / "inputs.json").write_text('{"align.x": 1}')
    (folder / "call-sort/batch_jobs.jsonl").write_text(json.dumps(RECORD) + "\n")
    return folder


def report(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return command.run(parser.parse_args(words))


def test_the_page(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert report(str(folder)) == 0
    assert "20261127_120000_align: succeeded" in (tmp_path / "report.html").read_text()
    said = capsys.readouterr().err.splitlines()
    less = "1325 MiB instead of 8192 and 1 vCPU instead of 4"
    saving = f"sort would do with {less}, and save 6.71 GiB-hours and 3.00 vCPU-hours"
    assert said == [
        "align succeeded after 22s: 1 call.",
        f"{saving}: --right-size writes the inputs for it",
        "report: report.html",
    ]


def test_the_page_is_shown(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    report(str(folder), "--open", "--out", str(tmp_path / "a b.html"))
    assert opened == [(tmp_path / "a b.html").as_uri()]


def test_all_others_go_to_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(str(folder), "--format", "tsv")
    assert capsys.readouterr().out.splitlines()[1].split("\t")[2:6] == ["sort", "call-sort", "1", "COMPLETED"]
    report(str(folder), "--format", "json")
    assert json.loads(capsys.readouterr().out)["totals"]["gibHours"] == 8
    report(str(folder), "--format", "ro-crate")
    assert "ro-crate-metadata.json" in {item["@id"] for item in json.loads(capsys.readouterr().out)["@graph"]}


def test_right_size_writes_whole_inputs(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(str(folder), "--right-size")
    out, err = capsys.readouterr()
    wanted = {"align.x": 1, "align.sort.runtime.memory": "1664 MiB", "align.sort.runtime.cpu": 1}
    assert json.loads(out) == wanted
    assert err.startswith("sort: 1325 MiB instead of 8192 (peak 1024), 1 vCPU instead of 4, saves 6.71 GiB-hours")
    report(str(folder), "--right-size", "--out", str(tmp_path / "right.json"))
    assert json.loads((tmp_path / "right.json").read_text()) == wanted


def test_a_peak_that_was_mostly_caches_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usage = {**RECORD["usage"], "peak_memory": 8000 << 20, "held_memory": 900 << 20, "cpu_seconds": 14000.0}
    (folder / "call-sort/batch_jobs.jsonl").write_text(json.dumps({**RECORD, "usage": usage}))
    report(str(folder), "--right-size")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"align.x": 1}
    assert "sort: its peak of 8000 MiB was mostly caches of files; it held 900 without them" in err


def test_several_runs_say_more(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    record = json.dumps({**RECORD, "usage": {**RECORD["usage"], "peak_memory": 2 << 30}})
    (other / "call-sort/batch_jobs.jsonl").write_text(record)
    report(str(folder), str(other), "--right-size")
    assert "(peak 2048)" in capsys.readouterr().err


def test_two_runs_side_by_side(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(str(folder), "--compare", str(folder))
    assert capsys.readouterr().out.splitlines()[2].split() == ["time", "22s", "22s"]
    report(str(folder), "--compare", str(folder), "--format", "json")
    assert json.loads(capsys.readouterr().out)["figures"]["seconds"] == [22, 22]
    report(str(folder), "--compare", str(folder), "--format", "html")
    assert capsys.readouterr().out.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "there is no directory nowhere"),
        (["{folder}", "--right-size", "--open"], "--right-size prints something of its own"),
        (["{folder}", "--right-size", "--compare", "{folder}"], "--right-size prints something of its own"),
        (["{folder}", "--compare", "{folder}", "--format", "tsv"], "--compare prints something of its own"),
        (["{folder}", "{folder}"], "only --right-size takes several runs"),
        (["{folder}", "--open", "--format", "tsv"], "--open shows the page"),
        (["{folder}", "--out", "{folder}/no/where"], "can't be written: No such file"),
        (["/"], "is not a run directory"),
    ],
)
def test_mistakes(folder: Path, words: list[str], message: str) -> None:
    with pytest.raises(MiniwdlAwsError, match=message):
        report(*(word.format(folder=folder) for word in words))


class TestPlugin(PluginConformance):
    plugin_name = "run-report"


def test_the_command_is_found() -> None:
    found = [item.name for commands in get_manager().hook.miniwdl_aws_commands() for item in commands]
    assert "report" in found
