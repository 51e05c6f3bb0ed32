"""Outputs of finished calls travel while the rest runs, and are exactly those that the upload at the end would send."""

import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_hooks import PublishReport
from miniwdl_aws_s3_rails.errors import RailsError
from miniwdl_aws_s3_rails.inside_miniwdl.progressive import EarlyUploads
from miniwdl_aws_s3_rails.inside_miniwdl.routes import Route

LIMIT = 60
"""Seconds after which a test that waits has failed."""

TWO = """
version 1.1
workflow two {
  input { String gate  Boolean fail = false }
  call first
  scatter (i in range(11)) { call first as many }
  call second { input: done = first.file, gate, fail }
  output { File result = first.file  Array[File] all = many.file  File end = second.file }
}
task first {
  command { echo data > file.txt; echo private > other.txt }
  output { File file = "file.txt"  File intermediate = "other.txt" }
}
task second {
  input { File done  String gate  Boolean fail }
  command {
    until [ -e '~{gate}' ]; do sleep 0.05; done
    echo end > end.txt
    if ~{fail}; then exit 1; fi
  }
  output { File file = "end.txt" }
}
"""

EARLY = {"result/file.txt", *(f"all/{index:02d}/file.txt" for index in range(11))}


def start(folder: Path, bucket: Any, *arguments: str) -> subprocess.Popen[str]:
    (folder / "two.wdl").write_text(TWO)
    environ = {
        **os.environ, "MINIWDL__SCHEDULER__CONTAINER_BACKEND": "bare", "MINIWDL__FILE_IO__ROOT": str(folder),
        "MINIWDL__SCHEDULER__TASK_CONCURRENCY": "4",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "miniwdl_aws_s3_rails", "two.wdl", f"gate={folder}/gate", *arguments,
        "--s3upload", bucket.uri("run/"),
    ]  # fmt: skip
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=pipe, stderr=pipe, text=True)


def names(bucket: Any) -> set[str]:
    return {key.removeprefix("run/") for key in bucket.keys()}  # noqa: SIM118 - not a dict


def wait_for(what: Callable[[], bool], run: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not what():
        if time.monotonic() > deadline or run.poll() is not None:
            run.kill()
            pytest.fail(f"it did not happen:\n{run.communicate()[1][-3000:]}")
        time.sleep(0.05)


@pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)
@pytest.mark.parametrize("fail", [False, True])
def test_outputs_travel_while_the_rest_runs(bucket: Any, tmp_path: Path, fail: bool) -> None:
    folder = tmp_path.resolve()
    run = start(folder, bucket, "--upload-as-you-go", f"fail={str(fail).lower()}")
    wait_for(lambda: names(bucket) >= EARLY, run)
    assert names(bucket) == EARLY, "nothing else before the end, neither what is no output"
    (folder / "gate").touch()
    stdout, stderr = run.communicate(timeout=LIMIT)
    if fail:
        assert run.returncode == 1
        assert "outputs.json" not in names(bucket)
        assert {"error.json", *EARLY} <= names(bucket)
        return
    assert run.returncode == 0, stderr
    assert names(bucket) == EARLY | {"end/end.txt", "workflow.log", "outputs.json", "upload_manifest.json"}
    assert re.search(r"1[23] were there already", stderr), "the last call's output may be under way or not"
    assert json.loads(stdout)["outputs"]["two.result"] == bucket.uri("run/result/file.txt")


@pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)
def test_without_the_option_nothing_travels_early(bucket: Any, tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    run = start(folder, bucket)
    wait_for(lambda: any(folder.glob("20*/call-second/command")), run)
    assert names(bucket) == set()
    (folder / "gate").touch()
    run.communicate(timeout=LIMIT)
    assert "outputs.json" in names(bucket)


class Publisher:
    """Takes files, or does not."""

    def __init__(self, error: Exception | None = None, failed: Mapping[str, str] | None = None) -> None:
        self.files: dict[str, str] = {}
        self.error, self.failed = error, failed or {}

    def __call__(self, files: Mapping[str, str]) -> PublishReport:
        if self.error:
            raise self.error
        self.files.update(files)
        return PublishReport(len(files), 0, 0, 0.0, self.failed)


def finished(publisher: Publisher, products: Callable[[Path], Mapping[str, Path]]) -> None:
    uploads = EarlyUploads({"t": [Route("o", "x", 1)]}, products, publisher, logging.getLogger("test"))
    sent = uploads._send

    def send(files: Mapping[str, str]) -> None:
        sent(files)
        done.set()

    done = threading.Event()
    uploads._send = send  # type: ignore[method-assign]
    uploads.call_finished("call-other-0", Path("/run/call-other-0"))
    uploads.call_finished("call-t-0", Path("/run/call-t-0"))
    done.wait(5)
    uploads.finish()


def test_only_outputs_of_the_workflow_are_sent() -> None:
    publisher = Publisher()
    finished(publisher, lambda run_dir: {"o/a.txt": run_dir / "a", "o/d/b": run_dir / "b", "p/c": run_dir / "c"})
    assert publisher.files == {"x/0/a.txt": "/run/call-t-0/a", "x/0/d/b": "/run/call-t-0/b"}


@pytest.mark.parametrize(
    "publisher", [Publisher(RailsError("no network")), Publisher(ValueError("broken")), Publisher(None, {"x": "full"})]
)
def test_what_fails_is_a_warning(publisher: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    finished(publisher, lambda run_dir: {"o/a.txt": run_dir / "a"})
    assert "not uploaded early" in caplog.text


def test_a_call_whose_outputs_can_not_be_found_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    publisher = Publisher()

    def products(run_dir: Path) -> Mapping[str, Path]:
        if run_dir.name == "call-t-1":
            raise ValueError("odd")
        return {"o/a": run_dir / "a"}

    sent = threading.Event()

    def publish(files: Mapping[str, str]) -> PublishReport:
        report = publisher(files)
        sent.set()
        return report

    uploads = EarlyUploads({"t": [Route("o", "x", 1)]}, products, publish, logging.getLogger("test"))
    for number in ("1", "1", "0"):
        uploads.call_finished(f"call-t-{number}", Path(f"/run/call-t-{number}"))
    assert sent.wait(10)
    uploads.finish()
    assert publisher.files == {"x/0/a": "/run/call-t-0/a"}
    assert "not uploaded early" in caplog.text
