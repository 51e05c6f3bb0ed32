import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord
from miniwdl_aws_core.records.jobs import BATCH_JOBS, JobRecord
from miniwdl_aws_core.records.lines import append
from miniwdl_aws_hooks import EnvironSettings, PublishReport, PublishRequest
from miniwdl_aws_s3_rails.errors import AccessError, UploadError
from miniwdl_aws_s3_rails.products.ending import Ending
from miniwdl_aws_s3_rails.products.finished_run import FinishedRun, Layout, upload_run

FOLDER = "s3://bucket/run/"


class Recorder:
    """A destination that takes everything, except for names it was told to fail."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.groups: list[dict[str, bytes]] = []

    def __call__(self, request: PublishRequest) -> PublishReport:
        assert request.folder == FOLDER
        if "everything" in self.broken:
            raise AccessError("no bucket")
        failed = {name: "it broke" for name in request.files if name in self.broken}
        taken = {name: Path(path).read_bytes() for name, path in request.files.items() if name not in failed}
        self.groups.append(taken)
        checks = dict.fromkeys(taken, "md5")
        return PublishReport(len(taken), 0, sum(map(len, taken.values())), 0.1, failed, checks)

    @property
    def names(self) -> list[list[str]]:
        return [sorted(group) for group in self.groups]


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    root = tmp_path.resolve()
    run_dir = root / "20250101_000000_wf"
    work = run_dir / "call-t/work"
    work.mkdir(parents=True)
    (work / "x.txt").write_text("data")
    (run_dir / "out/x").mkdir(parents=True)
    (run_dir / "out/x/x.txt").symlink_to("../../call-t/work/x.txt")
    (run_dir / "workflow.log").write_text("log")
    outputs = {"wf.x": str(run_dir / "out/x/x.txt"), "wf.n": 1}
    return FinishedRun(run_dir, Layout(root), EnvironSettings({}), Ending(outputs))


def failed(run: FinishedRun, **cause: str) -> FinishedRun:
    return replace(run, ending=Ending(None, {"error": "RunFailed", "dir": str(run.run_dir), "cause": cause}))


def test_a_run_directory_that_is_gone_claims_no_outputs(run: FinishedRun) -> None:
    send = Recorder()
    run.run_dir.rename(run.run_dir.with_name("away"))
    with pytest.raises(UploadError, match="the run directory is not there any more"):
        upload_run(run, FOLDER, send)
    assert send.names == []


def test_data_then_logs_then_outputs(run: FinishedRun) -> None:
    send = Recorder()
    outputs = upload_run(run, FOLDER, send)
    assert send.names == [["x/x.txt"], ["workflow.log"], ["upload_manifest.json"], ["outputs.json"]]
    assert outputs == json.loads(send.groups[-1]["outputs.json"]) == {"wf.x": FOLDER + "x/x.txt", "wf.n": 1}


def test_the_manifest_says_what_proves_each_object(run: FinishedRun) -> None:
    send = Recorder()
    upload_run(run, FOLDER, send)
    assert json.loads(send.groups[2]["upload_manifest.json"]) == {
        "format": 1,
        "run": "20250101_000000_wf",
        "objects": {"workflow.log": {"size": 3, "check": "md5"}, "x/x.txt": {"size": 4, "check": "md5"}},
    }


def test_the_plan_comes_first_the_sum_last(run: FinishedRun, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    upload_run(run, FOLDER, Recorder())
    first, *_, last = caplog.messages
    assert first == f"to upload: 2 objects, 7 B, to {FOLDER}"
    assert caplog.messages[1:3] == ["  x: 1 object, 4 B", "  workflow.log: 1 object, 3 B"]
    assert last.startswith(f"uploaded 4 objects to {FOLDER}, ")
    assert last.endswith("/s)")


def test_failed_run(run: FinishedRun) -> None:
    stderr = run.run_dir / "call-t/stderr.txt"
    stderr.write_text("oh no")
    send = Recorder()
    assert upload_run(failed(run, stderr_file=str(stderr), stdout_file="/x"), FOLDER, send) is None
    assert send.names[1:] == [["CommandFailed_stderr.txt", "error.json", "workflow.log"], ["upload_manifest.json"]]
    assert send.groups[1]["CommandFailed_stderr.txt"] == b"oh no"
    error = json.loads(send.groups[1]["error.json"])
    assert error["cause"]["stderr_s3file"] == FOLDER + "CommandFailed_stderr.txt"
    assert "stdout_s3file" not in error["cause"]


def test_a_task_that_failed_by_something_else_than_its_exit_code(run: FinishedRun) -> None:
    task = run.run_dir / "call-t"
    for name, text in {
        "stderr.txt": "1st try",
        "stderr2.txt": "2nd",
        "stderr10.txt": "10th",
        "stdout.txt": "x",
    }.items():
        (task / name).write_text(text)
    send = Recorder()
    upload_run(failed(run, error="OutputError", dir=str(task)), FOLDER, send)
    streams = {name: data for name, data in send.groups[1].items() if name.startswith("CommandFailed_")}
    assert streams == {"CommandFailed_stderr.txt": b"10th", "CommandFailed_stdout.txt": b"x"}


def test_a_workflow_that_failed_by_itself(run: FinishedRun) -> None:
    send = Recorder()
    upload_run(failed(run, error="EvalError", dir=str(run.run_dir)), FOLDER, send)
    assert send.names[1] == ["error.json", "workflow.log"]


@pytest.mark.parametrize("how", ["outside", "link"])
def test_streams_that_lead_elsewhere_stay(run: FinishedRun, tmp_path: Path, how: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    stderr = run.run_dir / "call-t/stderr.txt"
    stderr.symlink_to(secret)
    send = Recorder()
    upload_run(failed(run, stderr_file=str(stderr if how == "link" else secret)), FOLDER, send)
    assert b"not yours" not in [data for group in send.groups for data in group.values()]
    assert "stderr_s3file" not in json.loads(send.groups[1]["error.json"])["cause"]


@pytest.mark.parametrize(
    ("broken", "groups"),
    [
        (["x/x.txt"], [[], ["workflow.log"]]),
        (["workflow.log"], [["x/x.txt"], []]),
        (["upload_manifest.json"], [["x/x.txt"], ["workflow.log"], []]),
        (["outputs.json"], [["x/x.txt"], ["workflow.log"], ["upload_manifest.json"], []]),
        (["everything"], []),
    ],
)
def test_whole_or_not_at_all(run: FinishedRun, broken: list[str], groups: list[list[str]]) -> None:
    send = Recorder(*broken)
    with pytest.raises(UploadError) as caught:
        upload_run(run, FOLDER, send)
    assert send.names == groups
    assert (broken[0] in caught.value.more_info["failed"]) != (broken == ["everything"])
    assert f"--upload-only {run.run_dir} --s3upload {FOLDER}" in str(caught.value.hint)


def test_outputs_that_are_nested_too_deeply(run: FinishedRun) -> None:
    deep: Any = 1
    for _ in range(2000):
        deep = [deep]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)  # miniwdl raises it in processes that have loaded a WDL
    try:
        with pytest.raises(UploadError, match=r"outputs\.json \(it is nested too deeply"):
            upload_run(replace(run, ending=Ending({"wf.deep": deep})), FOLDER, Recorder())
    finally:
        sys.setrecursionlimit(limit)


def test_refused_outputs_fail_the_upload(run: FinishedRun) -> None:
    work = run.run_dir / "call-t/work"
    (work / "x.txt").unlink()
    (work / "x.txt").symlink_to("/etc/passwd")
    send = Recorder()
    with pytest.raises(UploadError, match=r"x/x\.txt .*link was changed"):
        upload_run(run, FOLDER, send)
    assert send.names == [["workflow.log"]]


def test_reports_travel_with_the_logs(run: FinishedRun) -> None:
    send = Recorder()
    upload_run(replace(run, reports={"report.html": "<p>"}), FOLDER, send)
    assert send.groups[1] == {"workflow.log": b"log", "report.html": b"<p>"}


def test_records_of_all_calls_travel_as_one_file(run: FinishedRun) -> None:
    append(run.run_dir, f"call-t/{BATCH_JOBS}", JobRecord("j", "t", "call-t", "t", 1, "SUCCEEDED"))
    append(run.run_dir, BATCH_HOSTS, HostRecord("arn", "i-1"))
    send = Recorder()
    upload_run(run, FOLDER, send)
    assert sorted(send.groups[1]) == [BATCH_HOSTS, BATCH_JOBS, "workflow.log"]
    assert json.loads(send.groups[1][BATCH_JOBS])["call_path"] == "call-t"


def test_no_upload_fails_for_a_report(run: FinishedRun, caplog: pytest.LogCaptureFixture) -> None:
    send = Recorder("report.html")
    assert upload_run(replace(run, reports={"report.html": "<p>"}), FOLDER, send) is not None
    assert "report.html was not uploaded: it broke" in caplog.text
    assert "report.html" not in json.loads(send.groups[2]["upload_manifest.json"])["objects"]
