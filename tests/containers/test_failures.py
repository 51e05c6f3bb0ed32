"""What a failed task in a real container leaves in the upload folder."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.containers

WDL = Path(__file__).parent / "fail.wdl"


def run_failing(shell, image: str, command: str, name: str):
    folder = f"s3://demo/failing/{name}/"
    done = shell.submit(
        str(WDL), f"image={image}", f"script={command}", "--s3upload", folder, "--wait",
        env={"MINIWDL__AWS__INFRASTRUCTURE_RETRIES": "0"},
    )  # fmt: skip
    assert done.job_id, done.stderr
    assert f"failing/{name}/outputs.json" not in shell.keys("demo", f"failing/{name}/")
    return done.code, folder, shell.read_json(f"{folder}error.json")["cause"]


@pytest.mark.parametrize(
    ("name", "command", "code", "kind"),
    [
        ("exit-code", "echo so sorry >&2; exit 3", 3, "tool-error"),
        ("no-output", "echo so sorry >&2", None, None),
        ("memory", "echo so sorry >&2; exec python3 -c 'bytearray(300 << 20)'", 137, "out-of-memory"),
    ],
)
def test_the_streams_travel(shell, task_image, name, command, code, kind) -> None:
    exit_code, folder, cause = run_failing(shell, task_image, command, name)
    assert exit_code == code or (code is None and exit_code != 0)
    assert cause.get("class") == kind
    assert "so sorry" in shell.read(cause["stderr_s3file"]).decode()
    assert cause["stderr_s3file"] == f"{folder}CommandFailed_stderr.txt"
    assert shell.keys("demo", f"failing/{name}/workflow.log")


def test_an_image_that_cannot_be_pulled(shell) -> None:
    exit_code, _, cause = run_failing(shell, "localhost:1/nowhere/absent:1", "true", "pull")
    assert exit_code != 0
    assert cause["class"].startswith("image"), cause
    assert cause["reason"].startswith("CannotPullContainerError: Error response from daemon: ")
