"""What is saved of a run whose file system has let it down; real ones that are full are in tests/faults."""

import json
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_hooks import EnvironSettings, ExitCode
from miniwdl_aws_hooks.protocol import ENV_SENTINEL
from miniwdl_aws_s3_rails.errors import UploadError
from miniwdl_aws_s3_rails.products.ending import Ending
from miniwdl_aws_s3_rails.workflow_job.child import Ended
from miniwdl_aws_s3_rails.workflow_job.file_system import find_trouble, trouble_of_run
from miniwdl_aws_s3_rails.workflow_job.rescue import NOWHERE, rescue

TROUBLE = "the file system fs-1 at /mnt/fsx is read-only"
ENDED = Ended(2, b"", b"what it said\n")


def settings(root: Path) -> EnvironSettings:
    return EnvironSettings({"MINIWDL__FILE_IO__ROOT": str(root), "MINIWDL__AWS__FS": "fs-1"})


def test_a_file_system_without_trouble(tmp_path: Path) -> None:
    assert find_trouble(tmp_path, settings(tmp_path)) is None
    assert trouble_of_run(None, str(tmp_path / "not/yet"), settings(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = {"dir": str(tmp_path / "20250101_000000_wf")}
    assert str(trouble_of_run(run, None, settings(tmp_path))).startswith(
        f"the file system fs-1 at {tmp_path} is gone: "
    )
    monkeypatch.setenv(ENV_SENTINEL, str(tmp_path / ".mounted"))
    assert "its marker" in str(find_trouble(tmp_path, settings(tmp_path)))


class Uploads:
    def __init__(self) -> None:
        self.run_dirs: list[str] = []
        self.logs: list[str] = []
        self.error: Any = None

    def __call__(self, run_dir: Path, ending: Ending) -> str:
        self.run_dirs.append(str(run_dir))
        self.logs.append((run_dir / "workflow.log").read_text())
        self.error = ending.error
        return "s3://b/x/"


def test_a_run_directory_that_can_be_read_is_uploaded_itself(tmp_path: Path) -> None:
    (tmp_path / "workflow.log").write_text("log")
    uploads = Uploads()
    said, error = rescue(ENDED, {"error": "RunFailed", "dir": str(tmp_path)}, TROUBLE, "wf", uploads)
    assert uploads.run_dirs == [str(tmp_path)]
    assert said == {"error": "RunFailed", "dir": str(tmp_path), "file_system": TROUBLE, "s3upload": "s3://b/x/"}
    assert uploads.error["file_system"] == TROUBLE
    assert error.exit_code == ExitCode.UPLOAD_FAILED
    assert error.message == (
        f"{TROUBLE}; the run failed (miniwdl's exit code is 2), and the log and error.json are in s3://b/x/"
    )


@pytest.mark.parametrize(
    "said", [{}, {"error": "OSError", "message": "[Errno 30]"}, {"dir": "/gone/20250101_000000_wf"}]
)
def test_what_this_process_saw_of_the_log_takes_the_place_of_one_that_is_gone(said: dict[str, Any]) -> None:
    uploads = Uploads()
    rescue(ENDED, said, TROUBLE, "wf", uploads)
    assert uploads.logs == ["what it said\n"]
    (run_dir,) = uploads.run_dirs
    assert run_dir.endswith("_wf")
    json.dumps(uploads.error)


def test_what_can_not_be_saved_is_said(tmp_path: Path) -> None:
    def fail(run_dir: Path, _ending: Ending) -> str:
        raise UploadError({"error.json": "no"}, folder="s3://b/x/", run_dir=str(run_dir))

    assert NOWHERE in rescue(ENDED, {}, TROUBLE, "wf", None)[1].message
    said, error = rescue(ENDED, {}, TROUBLE, "wf", fail)
    assert "nothing may be saved: 1 of the run's products could not be uploaded" in error.message
    assert "s3upload" not in said
