"""A workflow job whose host is lost: AWS Batch starts it again, and the run goes on."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from claims import claimed

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_hooks.protocol import END_OF_LOG
from miniwdl_aws_local_cloud import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_local_cloud import LocalCloud

PATIENCE = 90.0
LOST = "Host EC2 (instance i-08784105ffff56b4f) terminated."

# Even calls end at once; odd ones when a gate is opened. Each tells what it did.
GATED = """version 1.1
workflow gated {
    input { String log  String gate }
    scatter (i in range(4)) { call work { input: i = i, log = log, gate = gate } }
    output { Array[File] made = work.made }
}
task work {
    input { Int i  String log  String gate }
    command <<<
        echo "~{i}" >> "~{log}"
        for _ in $(seq ~{if i % 2 == 0 then 0 else 900}); do [ -e "~{gate}" ] || sleep 0.1; done
        echo "~{i}" > made
    >>>
    output { File made = "made" }
}
"""


@pytest.fixture
def root(cloud: LocalCloud, tmp_path: Path) -> Path:
    folder = Path(cloud.environ["MINIWDL__FILE_IO__ROOT"]) / tmp_path.name
    folder.mkdir()
    return folder


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)
    return found


def cached(shared: Path) -> list[Path]:
    """Calls that the call cache knows."""
    return list((shared / "miniwdl_call_cache").rglob("*.json"))


def written(shell: Any, job: Any) -> list[list[str]]:
    """What each attempt of a job has written, without the end marker."""
    logs = shell.client("logs")

    def lines(stream: str) -> list[str]:
        events = logs.get_log_events(logGroupName="/aws/batch/job", logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events if event["message"] != END_OF_LOG]

    return [lines(attempt["container"]["logStreamName"]) for attempt in job["attempts"]]


def test_a_run_goes_on_when_the_host_of_its_workflow_job_is_lost(
    cloud: LocalCloud, shell: Any, root: Path, tmp_path: Path, folder: str
) -> None:
    source, did, gate, strike = tmp_path / "gated.wdl", root / "did.txt", root / "gate", root / "strike"
    source.write_text(GATED)
    shared = Path(cloud.environ["MINIWDL__FILE_IO__ROOT"])
    before = len(cached(shared)), claimed(shared)
    cloud.faults.add([Fault(FaultKind.HOST_LOST, job="lost-once-*", attempt=1, after=str(strike))])

    def begun() -> list[str]:
        return sorted(did.read_text().split()) if did.exists() else []

    with ThreadPoolExecutor(1) as pool:
        words = (f"log={did}", f"gate={gate}", "--dir", str(root / "runs"), "--name", "lost-once", "--s3upload", folder)
        followed = pool.submit(shell.submit, str(source), *words, "--follow")
        until(lambda: len(begun()) == 4 and len(cached(shared)) == before[0] + 2, "even calls ended, odd ones work")
        strike.touch()
        until(lambda: len(claimed(shared) - before[1]) == 2, "another attempt has taken the running tasks over")
        gate.touch()
        done = followed.result(PATIENCE)
    assert done.code == 0, done.stderr

    assert begun() == ["0", "1", "2", "3"], "each task ran once"
    job = shell.job(done.job_id)
    assert [attempt["statusReason"] for attempt in job["attempts"]] == [LOST, "Essential container in task exited"]
    assert len(shell.children(done.job_id)) == 4
    (uploaded,) = {key.split("/")[1] for key in shell.keys("demo", folder.rpartition("/")[2])}
    outputs = shell.read_json(f"{folder}/{uploaded}/outputs.json")
    assert [shell.read(uri) for uri in outputs["gated.made"]] == [f"{number}\n".encode() for number in range(4)]

    first, second = written(shell, job)
    note = f"attempt 2 of 3: the host of attempt 1 was lost ({LOST})"
    said = done.stderr.splitlines()
    shown = [line for line in said if line in {*first, *second, note}]
    expected = [*first, note, *second]
    assert [line for line in shown if line.strip()] == [line for line in expected if line.strip()]
    both = "".join(f"{line}\n" for line in (*first, *second))
    for command in (("miniwdl-aws", "logs"), ("miniwdl-aws-logs",)):
        logs = shell.run(*command, done.job_id)
        assert (logs.code, logs.stderr) == (0, f"{note}\n")
        assert logs.stdout.replace(f"{END_OF_LOG}\n", "") == both
    status = json.loads(shell.run("miniwdl-aws", "status", done.job_id, "--json").stdout)
    assert [(item["status"], item["reason"]) for item in status["attempts"]] == [("FAILED", LOST), ("SUCCEEDED", "")]


def test_a_workflow_job_that_loses_all_its_hosts_says_what_helps(cloud: LocalCloud, shell: Any, tmp_path: Path) -> None:
    source = tmp_path / "t.wdl"
    source.write_text("version 1.0\ntask t { command {} }\n")
    cloud.faults.add([Fault(FaultKind.HOST_LOST, job="lost-thrice-*", queue="workflow", times=3)])
    done = shell.submit(str(source), "--name", "lost-thrice", "--wait")
    assert done.code == ExitCode.FAILED
    assert "attempt 3 of 3: the host of attempt 2 was lost" in done.stderr
    assert "lost its host 3 times; submit it to a queue of on-demand hosts (--workflow-queue)" in done.stderr
