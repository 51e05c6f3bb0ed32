"""``miniwdl-aws status``."""

import json
from collections.abc import Callable
from typing import Any

from .jobs import NAME, child

Outcome = tuple[int, str, str]


def test_status_shows_the_tasks_of_this_run_only(aws: Any, manage: Callable[..., Outcome], job_id: str) -> None:
    mine, other = child(aws, job_id), child(aws, "another-run")
    _code, out, _err = manage("status", job_id)
    assert out.startswith(f"hello  {job_id}")
    assert f"└─ {NAME}" in out
    assert mine in out
    assert other not in out
    (call,) = json.loads(manage("status", job_id, "--json")[1])["calls"]
    assert [item["job_id"] for item in call["tries"]] == [mine]


def test_status_tells_of_earlier_attempts(manage: Callable[..., Outcome], tried_again: None, job_id: str) -> None:
    first, second = manage("status", job_id)[1].splitlines()
    assert "running" in first
    assert "attempt 2 of 3" in first
    assert second == "the host of attempt 1 was lost (Host EC2 (instance i-1) terminated.)"
    told = json.loads(manage("status", job_id, "--json")[1])
    assert (told["maxAttempts"], [item["status"] for item in told["attempts"]]) == (3, ["FAILED", "RUNNING"])


def test_the_list_tells_of_another_attempt(manage: Callable[..., Outcome], tried_again: None, job_id: str) -> None:
    (told,) = json.loads(manage("list", "--json")[1])
    assert told["attempts"][0]["logStream"] == "s1"
    assert manage("list")[1].splitlines()[1].startswith("running 2/3")


def test_status_ends_with_why_the_run_failed(
    manage: Callable[..., Outcome], ended: Callable[..., None], job_id: str
) -> None:
    ended("FAILED", 3, why="call say: no (such) file", hint="make it", run_dir="/mnt/fsx/r")
    said = manage("status", job_id)[1].splitlines()
    assert said[1] == "the run failed with exit code 3"
    assert said[-3:] == ["  run directory: /mnt/fsx/r", "  why: call say: no (such) file", "  hint: make it"]
    told = json.loads(manage("status", job_id, "--json")[1])
    assert (told["why"], told["runDir"], told["exitCode"]) == ("call say: no (such) file", "/mnt/fsx/r", 3)
    ended("FAILED", 3)
    assert manage("status", job_id)[1].splitlines()[-1] == (f"  why: its log alone says it: miniwdl-aws logs {job_id}")


def test_status_names_the_places_of_a_run_that_goes_on(
    manage: Callable[..., Outcome], ended: Callable[..., None], job_id: str
) -> None:
    ended("RUNNING", 0, run_dir="/mnt/fsx/r", results_to="s3://b/out/r/")
    assert manage("status", job_id)[1].splitlines()[-2:] == [
        "  run directory: /mnt/fsx/r",
        "  results will be in: s3://b/out/r/",
    ]
    told = json.loads(manage("status", job_id, "--json")[1])
    assert (told["runDir"], told["results"]) == ("/mnt/fsx/r", "s3://b/out/r/")
