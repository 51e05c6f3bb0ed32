"""``miniwdl-aws wait``."""

import json
from collections.abc import Callable

Outcome = tuple[int, str, str]


def test_wait_reproduces_the_exit_code(manage: Callable[..., Outcome], job_id: str) -> None:
    code, out, err = manage("wait", "last", "--json", "--follow")
    assert code == json.loads(out)["exitCode"] == 0
    assert "second line" in err
