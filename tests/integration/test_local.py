"""`--local`, in the words of the README."""

from __future__ import annotations

import json
import subprocess

import pytest

from .conftest import BIN, WDL


@pytest.fixture
def environ(shell):
    """What a new user has: no AWS settings, nothing of ours."""
    return {name: value for name, value in shell.environ.items() if not name.startswith(("AWS_", "MINIWDL"))}


def submit(cwd, environ, *arguments):
    return subprocess.Popen(
        [str(BIN / "miniwdl-aws-submit"), "--local", *arguments],
        cwd=cwd,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


IN_A_SHELL = """
set -e
eval "$(miniwdl-aws local status --export)"
miniwdl-aws doctor
miniwdl-aws fsx show
miniwdl run hello.wdl names=shell --dir "$MINIWDL__FILE_IO__ROOT/miniwdl_run"
miniwdl-aws-submit hello.wdl names=shell --dry-run
"""


def down(cwd, environ):
    subprocess.run([str(BIN / "miniwdl-aws"), "local", "down"], cwd=cwd, env=environ, check=False, capture_output=True)


def test_two_at_once_from_two_folders(environ, tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    running = [
        submit(
            folder, environ, str(WDL / "hello.wdl"), f"names={folder.name}", "--s3upload", "s3://demo/h/", "--follow"
        )
        for folder in folders
    ]
    for folder, process in zip(folders, running, strict=True):
        _, stderr = process.communicate(timeout=180)
        assert process.returncode == 0, stderr
        found = folder / "miniwdl-aws-local" / "s3" / "demo" / "h"
        assert str(found) in stderr, "the last lines say where the results are"
        assert json.loads((found / "outputs.json").read_text())["hello.messages"] == [f"Hello, {folder.name}!"]
    for folder in folders:
        down(folder, environ)


def test_the_cloud_goes_on_when_nobody_waits_and_keeps_s3(environ, tmp_path):
    process = submit(tmp_path, environ, str(WDL / "hello.wdl"), "--s3upload", "s3://demo/h/")
    stdout, stderr = process.communicate(timeout=180)
    assert process.returncode == 0, stderr
    job_id = stdout.strip()
    waited = subprocess.run(
        [str(BIN / "miniwdl-aws"), "wait", job_id, "--local"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert waited.returncode == 0, waited.stderr
    down(tmp_path, environ)
    # nothing is up, and nothing is started to tell of the run
    for words, told in (
        (["status", "last"], "succeeded"),
        (["list"], job_id),
        (["outputs", "last"], "Hello"),
        (["logs", "last"], "hello"),
    ):
        looked = subprocess.run(
            [str(BIN / "miniwdl-aws"), *words, "--local"],
            cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert looked.returncode == 0, looked.stderr
        assert told in looked.stdout
        assert "ended; results are in" in looked.stderr
    assert not (tmp_path / "miniwdl-aws-local" / "cloud.json").exists()
    kept = tmp_path / "miniwdl-aws-local" / "s3" / "demo" / "h" / "outputs.json"
    assert kept.is_file()
    again = submit(
        tmp_path, environ, str(WDL / "directories.wdl"), "texts=s3://demo/h/", "--s3upload", "s3://demo/d/", "--wait"
    )
    _, stderr = again.communicate(timeout=180)
    assert again.returncode == 0, stderr
    (tmp_path / "hello.wdl").write_text((WDL / "hello.wdl").read_text())
    # the variables lead everything there that reads them, and nothing more has to be set
    commands = subprocess.run(
        ["bash", "-c", IN_A_SHELL],
        cwd=tmp_path, env={**environ, "PATH": f"{BIN}:{environ['PATH']}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert commands.returncode == 0, commands.stdout + commands.stderr
    assert "Hello, shell!" in commands.stdout
    assert "AWS Batch job change" in commands.stderr
    down(tmp_path, environ)


def test_self_test(environ, tmp_path):
    process = submit(tmp_path, environ, "--self-test", "--follow")
    _, stderr = process.communicate(timeout=180)
    assert process.returncode == 0, stderr
    assert "run_self_test OK" in stderr
    down(tmp_path, environ)
