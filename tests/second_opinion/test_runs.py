"""Runs from their submission to their results, their failure or their cancellation, all at the same time."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_hooks import ExitCode

from .plain_moto import until

if TYPE_CHECKING:
    from ..shell import Finished, Shell
    from .plain_moto import PlainMoto

pytestmark = pytest.mark.containers

WDL = Path(__file__).parent / "wdl"


@dataclass
class Runs:
    """Three runs that have ended."""

    greetings: Finished
    failing: Finished
    endless: Finished
    cancelling: Finished


@pytest.fixture(scope="module")
def runs(shell: Shell, task_image: str, file_system: Path) -> Runs:
    (shell.cwd / "greeting.txt").write_text("Hello")

    def submit(name: str, *options: str) -> Finished:
        wdl = str(WDL / f"{name}.wdl")
        done = shell.submit(wdl, f"image={task_image}", "--s3upload", f"s3://demo/{name}/", *options)
        assert done.job_id, done.stderr
        return done

    with ThreadPoolExecutor() as pool:
        greetings = pool.submit(submit, "greetings", "names=Alice", "names=Bob", "greeting=greeting.txt", "--wait")
        failing = pool.submit(submit, "failing", "--wait")
        endless = submit("endless")
        until(lambda: list(file_system.glob("miniwdl_run/*_endless/work/started")), "the task to cancel runs")
        cancelling = shell.run("miniwdl-aws", "cancel", endless.job_id)
        return Runs(greetings.result(), failing.result(), endless, cancelling)


def said(shell: Shell, command: str, *words: str) -> str:
    done = shell.run(command, *words)
    assert done.code == 0, done.stderr
    return done.stdout


def test_doctor_finds_nothing_wrong(shell: Shell) -> None:
    lines = said(shell, "miniwdl-aws", "doctor").splitlines()
    assert any("its launch template mounts fs-" in line for line in lines)
    # The log group is there once a job has run.
    wrong = [line for line in lines if not line.startswith(("ok ", "warning  log group /aws/batch/job ", " "))]
    assert wrong == []


def test_results_reach_s3(runs: Runs, shell: Shell, moto: PlainMoto) -> None:
    assert runs.greetings.code == 0, runs.greetings.stderr
    outputs = shell.read_json("s3://demo/greetings/outputs.json")
    assert outputs == {"greetings.all": "s3://demo/greetings/all/all.txt", "greetings.lines": 2}
    assert shell.read(outputs["greetings.all"]) == b"Hello, Alice\nHello, Bob\n"
    assert moto.written("demo", "greetings/")[-1] == "greetings/outputs.json"


def test_the_task_jobs_are_told_of(runs: Runs, shell: Shell) -> None:
    told = said(shell, "miniwdl-aws", "status", runs.greetings.job_id)
    assert [told.count(f"{call} ") for call in ("greet-0-Alice", "greet-1-Bob", "gather")] == [1, 1, 1]
    assert "the run succeeded" in told
    lines = said(shell, "miniwdl-aws", "list").splitlines()[1:]
    ids = (runs.greetings.job_id, runs.failing.job_id, runs.endless.job_id)
    states = [line.split()[0] for job_id in ids for line in lines if job_id in line.split()]
    # moto doesn't say of a job that it was stopped, but for the reason that was given.
    assert states[:2] == ["succeeded", "failed"]
    assert states[2:] in (["failed"], ["stopped"])


def test_logs_after_the_end(runs: Runs, shell: Shell) -> None:
    job_id = runs.greetings.job_id
    log = said(shell, "miniwdl-aws-logs", job_id)
    assert "workflow start" in log
    assert re.search("uploaded [0-9]+ objects to s3://demo/greetings/", log)
    assert log.replace("[miniwdl-aws] end of log\n", "") == said(shell, "miniwdl-aws", "logs", job_id)
    of_a_task = said(shell, "miniwdl-aws", "logs", job_id, "--task", "greet-0-Alice")
    assert of_a_task == "greet-0-Alice | about to greet Alice\n"


def test_a_failure_is_explained(runs: Runs, shell: Shell) -> None:
    cause = shell.read_json("s3://demo/failing/error.json")["cause"]
    assert (cause["class"], cause["exit_status"], cause["stderr"]) == ("tool-error", 3, ["so sorry"])
    assert "failing/outputs.json" not in shell.keys("demo", "failing/")
    assert said(shell, "miniwdl-aws", "logs", runs.failing.job_id, "--task", "failing") == "failing | so sorry\n"


def test_the_exit_code_of_a_failed_run(runs: Runs, shell: Shell, door: str) -> None:
    """moto tells DescribeJobs no exit code, so there is none to reproduce; with it, which a mend adds, there is."""
    assert runs.failing.code == ExitCode.FAILED
    assert "the workflow job failed without an exit code: AWS Batch gives no reason" in runs.failing.stderr
    mended = shell.run("miniwdl-aws", "wait", runs.failing.job_id, env={"AWS_ENDPOINT_URL_BATCH": door})
    assert mended.code == 3
    assert "the run failed with exit code 3" in mended.stderr


def test_cancel_ends_the_run_and_its_task(runs: Runs, shell: Shell, moto: PlainMoto) -> None:
    assert runs.cancelling.code == 0, runs.cancelling.stderr
    assert "stopped the workflow job, and 1 task job that it had left" in runs.cancelling.stderr
    (task,) = shell.children(runs.endless.job_id)
    states = [(job["status"], job["statusReason"]) for job in (shell.job(runs.endless.job_id), task)]
    assert {state for state, _reason in states} == {"FAILED"}
    assert all(reason.startswith("stopped by miniwdl-aws cancel") for _state, reason in states)
    until(lambda: not moto.containers(), "no container is left")
    assert shell.run("miniwdl-aws", "wait", runs.endless.job_id).code == ExitCode.TERMINATED
