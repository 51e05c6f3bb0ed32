"""Signals end transfers early, up and down: nothing half-written under its name, nothing left running."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks import EnvironSettings, PublishRequest, StageItem, StageRequest
from miniwdl_aws_hooks.protocol import END_OF_LOG
from miniwdl_aws_s3_rails.errors import StoppedError, TransferError
from miniwdl_aws_s3_rails.products.s3_publisher import publish
from miniwdl_aws_s3_rails.staging.stage import stage
from miniwdl_aws_s3_rails.transfer.engine import Engine
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.sender import Sender

PATIENCE = 30
"""Seconds after which something that should have happened never will."""


def operations(recorded: Any) -> list[str]:
    return [operation for operation, _ in recorded.seen]


def await_operation(recorded: Any, operation: str, process: Any = None) -> None:
    """Wait until a server has seen an operation: events come from another process."""
    deadline = time.monotonic() + PATIENCE
    while operation not in operations(recorded):
        assert time.monotonic() < deadline, "it never came"
        assert process is None or process.poll() is None, process.communicate()
        threading.Event().wait(0.02)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    run_dir = tmp_path.resolve() / "20250101_000000_wf"
    (run_dir / "out/x").mkdir(parents=True)
    (run_dir / "work").mkdir()
    (run_dir / "work/small").write_text("data")
    (run_dir / "work/large").write_bytes(os.urandom(40 * MIB))
    for name in ("small", "large"):
        (run_dir / "out/x" / name).symlink_to(f"../../work/{name}")
    (run_dir / "outputs.json").write_text("{}")
    (run_dir / "workflow.log").write_text("log")
    return run_dir


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_server_that_never_answers_holds_nothing_up(recorded: Any, run_dir: Path, sent: int, code: int) -> None:
    recorded.answers["HEAD"] = (404, b"")
    recorded.hanging.update(("PUT", "PART"))
    command = [sys.executable, "-m", "miniwdl_aws_s3_rails", "--upload-only", str(run_dir), "--s3upload", "s3://b1/x/"]
    command += ["--delete-after", "always"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        await_operation(recorded, "PUT", process)
        await_operation(recorded, "PART", process)
        process.send_signal(sent)
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert stdout == ""
    assert stderr.splitlines()[-1] == END_OF_LOG
    assert f"stopped by {signal.Signals(sent).name}; the run directory is kept" in stderr
    assert "Traceback" not in stderr
    assert run_dir.is_dir()
    assert "COMPLETE" not in operations(recorded)
    puts = [headers for operation, headers in recorded.seen if operation == "PUT"]
    assert len(puts) == 1, "nothing new began after the signal, no outputs.json above all"


def test_an_upload_in_parts_is_given_up_and_cleared_away(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(16 * MIB))
    sizes: list[int] = []

    def sent(size: int) -> None:
        sizes.append(size)
        engine.stop()

    for key in ("plain", "odd//key"):
        with pytest.raises(StoppedError, match="stopped"):
            Sender(engine, sent).put(S3Uri(bucket.name, key), source, 16 * MIB)
    assert sum(sizes) == 0, "what went out in vain is taken back"
    assert bucket.keys() == []
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_a_try_that_waits_for_the_next_one_ends() -> None:
    engine = Engine(Options(), S3Access(Options()))
    tried = threading.Event()

    def attempt() -> None:
        tried.set()
        threading.Timer(0.05, engine.stop).start()
        raise TransferError("busy", retryable=True)

    begun = time.monotonic()
    with pytest.raises(StoppedError):
        engine.persist("x", attempt)
    assert tried.is_set()
    assert time.monotonic() - begun < 5


class Interrupted(BaseException):
    """What a signal raises in the main thread."""


def interrupt(*_args: Any) -> None:
    raise Interrupted


def publish_all(engine: Engine, bucket: Any, files: dict[str, str]) -> None:
    publish(PublishRequest("/run", bucket.uri("run/"), files, EnvironSettings({})), engine)


def stage_all(engine: Engine, bucket: Any, files: dict[str, str]) -> None:
    stage(StageRequest(tuple(StageItem(path) for path in files.values()), bucket.uri("staging/")), engine)


@pytest.mark.parametrize(("transfer", "tried"), [(publish_all, publish), (stage_all, stage)], ids=["publish", "stage"])
def test_the_rest_is_never_begun(
    engine: Engine,
    bucket: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    transfer: Callable[..., None],
    tried: Callable[..., object],
) -> None:
    files = {}
    for index in range(50):
        path = tmp_path / f"f{index}"
        path.write_text("data")
        files[path.name] = str(path)
    gate = threading.Event()
    put, stop = Sender.put, engine.stop

    def late_put(self: Sender, *args: Any) -> Any:
        gate.wait(PATIENCE)
        return put(self, *args)

    def stop_and_open() -> None:
        stop()
        gate.set()

    monkeypatch.setattr(Sender, "put", late_put)
    monkeypatch.setattr(engine, "stop", stop_and_open)
    monkeypatch.setattr(sys.modules[tried.__module__], "as_completed", interrupt)
    with pytest.raises(Interrupted):
        transfer(engine, bucket, files)
    assert bucket.keys() == []


TWO_INPUTS = """
version 1.2
workflow two {
  input { File file  Directory folder }
  call look { input: file, folder }
}
task look { input { File file  Directory folder } command { } }
"""

ONE_LISTED = (
    b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>in/folder/x</Key><Size>12</Size>"
    b'<ETag>"e"</ETag><LastModified>2025-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>'
)


@pytest.mark.parametrize("hanging", [{"GET"}, {"HEAD", "LIST"}])
def test_downloads_from_a_server_that_hangs_end_and_leave_nothing(
    recorded: Any, tmp_path: Path, hanging: set[str]
) -> None:
    recorded.described["Size"] = "12"
    recorded.answers["LIST"] = (200, ONE_LISTED)
    recorded.hanging.update(hanging)
    root = tmp_path.resolve()
    (root / "two.wdl").write_text(TWO_INPUTS)
    cfg = {"MINIWDL__SCHEDULER__CONTAINER_BACKEND": "bare", "MINIWDL__FILE_IO__ROOT": str(root)}
    cfg |= {"MINIWDL__DOWNLOAD_CACHE__PUT": "true", "MINIWDL__DOWNLOAD_CACHE__DIR": str(root / "cache")}
    command = [sys.executable, "-m", "miniwdl_aws_s3_rails", "two.wdl", "file=s3://b1/in/file"]
    command += ["folder=s3://b1/in/folder/", "--dir", str(root / "runs")]
    with subprocess.Popen(
        command, cwd=root, env={**os.environ, **cfg}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for operation in hanging:
            await_operation(recorded, operation, process)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - begun < 15, "a job has 30 seconds to end"
    assert process.returncode not in (0, None)
    assert "the transfer was stopped" in stderr
    assert stderr.splitlines()[-1] == END_OF_LOG
    downloads = [path for path in root.rglob("*") if path.name in ("x", "file", "folder", "incomplete")]
    assert downloads == []
