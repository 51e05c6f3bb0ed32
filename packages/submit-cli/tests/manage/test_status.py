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
