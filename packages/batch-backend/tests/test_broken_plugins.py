"""Plugins that do what they should not, as a user of the backend meets them: under a real miniwdl."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import WDL

from miniwdl_aws_hooks import JobChanges, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

TASK = "version 1.1\ntask t { command { true } output { Boolean ran = true } }"
FAILING = "version 1.1\ntask t { command { exit 3 } output {} }"


def _raises(**_kwargs: Any) -> Any:
    raise ValueError("boom")


def _exits(**_kwargs: Any) -> Any:
    raise SystemExit(3)


FAULTS = [
    (_raises, "failed in {hook}: ValueError: boom"),
    (_exits, "failed in {hook}: SystemExit: 3"),
    (lambda **_kwargs: 3.5, "gave a wrong answer to {hook}: it is of type float, not"),
]


def plugin(hook: str, behave: Callable[..., Any]) -> SimpleNamespace:
    names = {"miniwdl_aws_classify_failure": "failure", "miniwdl_aws_job_changed": "change"}
    scope: dict[str, Any] = {"behave": behave}
    exec(f"def {hook}({names.get(hook, 'context')}):\n    return behave()", scope)
    return SimpleNamespace(**{hook: hookimpl(scope[hook])})


@pytest.mark.parametrize(("behave", "said"), FAULTS)
@pytest.mark.parametrize(
    "hook",
    ["miniwdl_aws_mounts", "miniwdl_aws_prepare_file_system", "miniwdl_aws_prepare_job", "miniwdl_aws_select_queue"],
)
def test_the_task_fails_by_one_sentence(run: Any, hook: str, behave: Callable[..., Any], said: str) -> None:
    run.manager.register(plugin(hook, behave), name="odd")
    with pytest.raises((WDL.runtime.RunFailed, WDL.Error.RuntimeError)) as caught:
        run(TASK)
    # What is asked once for a process is not yet a task's own failure.
    error = caught.value.__cause__ if isinstance(caught.value, WDL.runtime.RunFailed) else caught.value
    assert isinstance(error, WDL.Error.RuntimeError)
    assert str(error).startswith(f"plugin odd {said.format(hook=hook)}")
    assert "MINIWDL_AWS_DISABLE_PLUGINS=odd" in str(error)
    assert run.batch.submitted == []


@pytest.mark.parametrize(("behave", "said"), FAULTS)
@pytest.mark.parametrize(
    ("hook", "wdl"),
    [("miniwdl_aws_job_changed", TASK), ("miniwdl_aws_classify_failure", FAILING)],
    ids=["told", "asked"],
)
def test_the_run_goes_on_and_its_log_says_it(
    run: Any, caplog: pytest.LogCaptureFixture, hook: str, wdl: str, behave: Callable[..., Any], said: str
) -> None:
    run.manager.register(plugin(hook, behave), name="odd")
    with caplog.at_level(logging.ERROR):
        if wdl is TASK:
            assert run(TASK)[1] == {"ran": True}
        else:
            with pytest.raises(WDL.runtime.RunFailed):
                run(wdl)
    (first, *_others) = [record for record in caplog.records if "plugin odd" in record.getMessage()]
    assert f"plugin odd {said.format(hook=hook)}" in first.getMessage()
    assert first.exc_info is None


def test_what_contradicts_a_job_is_the_plugins_error(run: Any) -> None:
    run.manager.register(plugin("miniwdl_aws_prepare_job", lambda: JobChanges(tags={"a": 1})), name="odd")  # type: ignore[dict-item]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(TASK)
    assert "tags: the value of 'a' is of type int, not text" in str(caught.value.__cause__)
