from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from miniwdl_aws_batch_backend.names import remember, task_name


def test_a_name_is_known_while_the_task_runs() -> None:
    task: Any = SimpleNamespace(name="align")
    nothing: Any = None
    steps = remember(nothing, nothing, ["w", "call-a"], "/runs/r/call-a", task, inputs=1)
    assert next(steps) == {"inputs": 1}
    assert task_name("/runs/r/call-a", "call-a") == "align"
    assert steps.send({"command": "c"}) == {"command": "c"}
    assert steps.send({"outputs": "o"}) == {"outputs": "o"}
    steps.close()
    assert task_name("/runs/r/call-a", "call-a") == "a"
