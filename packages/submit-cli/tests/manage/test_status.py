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
