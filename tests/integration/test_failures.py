"""Runs that fail, and submissions that are refused."""

from __future__ import annotations

import json
import re

import pytest

from .conftest import WDL

HELLO = str(WDL / "hello.wdl")
USAGE = 64


def test_exit_code_and_error_of_a_failing_task(shell, folder):
    done = shell.submit(str(WDL / "failing.wdl"), "--s3upload", folder + "/", "--follow")
    assert done.code == 42, done.stderr
    assert shell.job(done.job_id)["container"]["exitCode"] == 42
    error = shell.read_json(f"{folder}/error.json")
    cause = error["cause"]
    assert cause["exit_status"] == 42
    assert cause["logStreamName"]
    stream = next(value for name, value in cause.items() if name.startswith("stderr_s3"))
    assert b"something went wrong in here" in shell.read(stream)
    assert not [key for key in shell.keys("demo", folder[10:]) if key.endswith("/outputs.json")]
    assert "something went wrong in here" in done.stderr
    *places, report, why = done.stderr.splitlines()[-4:]
    assert places == [f"  logs and error.json: {folder}/", f"  run directory: {error['dir']}"]
    assert report.startswith(f"  report: {folder}/report.html (")
    assert why == f"  why: {WHY.format(code=42)}"


WHY = "call fail (failing.wdl, line 3): the task's command failed with exit code {code}"


def test_wait_reproduces_the_exit_code_and_says_why_as_the_other_commands_do(shell):
    done = shell.submit(str(WDL / "failing.wdl"), "code=7", "--wait")
    assert done.code == 7, done.stderr
    why = WHY.format(code=7)
    assert done.stderr.splitlines()[-1] == f"  why: {why}"
    assert shell.run("miniwdl-aws", "status", done.job_id).stdout.splitlines()[-1] == f"  why: {why}"
    assert [row for row in shell.run("miniwdl-aws", "list").stdout.splitlines() if row.endswith(f"  {why}")]
    (told,) = json.loads(f"[{shell.run('miniwdl-aws', 'wait', done.job_id, '--json').stdout}]")
    assert told["why"] == why


NO_OUTPUT = """version 1.1
task solo {
    command <<< echo hello >>>
    output { File made = "made.txt" }
}
"""


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["solo.wdl"], 2, "task solo (solo.wdl, line 2): File/Directory path not found in task output made: made.txt"),
        (
            [HELLO, "--no-check", "--s3upload", "s3://no-bucket-of-ours/out"],
            69,
            "can't write to s3://no-bucket-of-ours/out",
        ),
    ],
)
def test_why_a_run_failed_that_has_no_failed_job(shell, tmp_path, arguments, code, why):
    (tmp_path / "solo.wdl").write_text(NO_OUTPUT)
    done = shell.submit(*arguments, "--wait")
    assert done.code == code, done.stderr
    assert f"  why: {why}" in done.stderr


SYNTAX = "version 1.1\nworkflow broken {\n    call nothing_of_this_name\n}\n"

REFUSED = {
    "missing queue": ([HELLO], {"MINIWDL__AWS__WORKFLOW_QUEUE": ""}, ["--workflow-queue"]),
    "unknown queue": ([HELLO, "--workflow-queue", "nowhere"], {}, ["nowhere"]),
    "unknown task queue": ([HELLO, "--task-queue", "nowhere"], {}, ["nowhere"]),
    "unknown file system": ([HELLO, "--fsid", "fs-00000000000000000"], {}, ["fs-00000000000000000"]),
    "odd file system": ([HELLO, "--fsid", "nfs"], {}, ["--fsid", "nfs"]),
    "syntax error": (["broken.wdl"], {}, ["broken.wdl", "3", "5"]),
    "no such file": (["nowhere.wdl"], {}, ["nowhere.wdl"]),
    "missing input": ([str(WDL / "importing" / "main.wdl")], {}, ["text"]),
    "unknown input": ([HELLO, "colour=red"], {}, ["colour"]),
    "mistyped input": ([str(WDL / "failing.wdl"), "code=many"], {}, ["code"]),
    "mistyped input in JSON": ([HELLO, "-i", '{"hello.names": 3}'], {}, ["names"]),
    "missing input file": ([str(WDL / "importing" / "main.wdl"), "text=gone.txt"], {}, ["gone.txt"]),
    "missing inputs JSON": ([HELLO, "-i", "gone.json"], {}, ["gone.json"]),
    "run directory outside the mount": ([HELLO, "--dir", "/tmp/elsewhere"], {}, ["--dir", "/tmp/elsewhere"]),
    "delete without upload": ([HELLO, "--delete-after", "always"], {}, ["--delete-after", "--s3upload"]),
    "odd upload folder": ([HELLO, "--s3upload", "demo/x"], {}, ["--s3upload", "demo/x"]),
    "no bucket": (
        [HELLO, "--s3upload", "s3://no-bucket-of-ours/x"],
        {},
        ["--s3upload s3://no-bucket-of-ours/x: can't"],
    ),
    "odd tag": ([HELLO, "--tag", "colour"], {}, ["--tag", "colour"]),
    "no workflow": (["--wait"], {}, ["WDL"]),
    "unknown miniwdl option": ([HELLO, "--no-such-option"], {}, ["--no-such-option"]),
    "no image": ([HELLO], {"MINIWDL__AWS__WORKFLOW_IMAGE": ""}, ["--image"]),
    "misspelled variable": (
        [HELLO],
        {"MINIWDL__AWS__TASK_QUEU": "task"},
        ["MINIWDL__AWS__TASK_QUEU", "mean MINIWDL__AWS__TASK_QUEUE?"],
    ),
    "variable of a former option": (
        [HELLO],
        {"MINIWDL__AWS__GPU_VALUE": "2"},
        ["MINIWDL__AWS__GPU_VALUE", "acceleratorCount"],
    ),
    "no region": ([HELLO], {"AWS_DEFAULT_REGION": "", "AWS_REGION": ""}, ["region"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_sentence_and_submits_nothing(shell, tmp_path, case):
    (tmp_path / "broken.wdl").write_text(SYNTAX)
    arguments, environ, words = REFUSED[case]
    before = shell.jobs()
    done = shell.submit(*arguments, env=environ)
    assert done.code != 0
    assert shell.jobs() == before
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    lines = done.stderr.strip().splitlines()
    shown = [line for line in lines if re.match(r"  +[0-9]* \| ", line)]  # the line of the WDL, with a caret below
    assert len(lines) - len(shown) <= 3, f"one sentence and perhaps a hint:\n{done.stderr}"


def test_unreadable_input_file(shell, tmp_path):
    import os

    if os.geteuid() == 0:
        pytest.skip("root can read every file")
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    secret.chmod(0)
    done = shell.submit(str(WDL / "importing" / "main.wdl"), "text=secret.txt")
    assert done.code == USAGE
    assert "secret.txt" in done.stderr


def test_dry_run_submits_and_stages_nothing(shell, tmp_path):
    (tmp_path / "text.txt").write_text("a\n")
    before, staged = shell.jobs(), set(shell.keys("staging"))
    done = shell.submit(str(WDL / "importing" / "main.wdl"), "text=text.txt", "--dry-run")
    assert done.code == 0, done.stderr
    assert (shell.jobs(), set(shell.keys("staging"))) == (before, staged)
    assert "text.txt" in done.stdout + done.stderr


def test_json_is_one_object_with_the_id(shell):
    done = shell.submit(HELLO, "--json")
    assert done.code == 0, done.stderr
    assert shell.job(json.loads(done.stdout)["jobId"])["jobName"]
