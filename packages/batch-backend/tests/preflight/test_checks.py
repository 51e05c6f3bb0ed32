from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_batch_backend.preflight.checks import check
from miniwdl_aws_hooks import Check, CheckState, ConfigurationError, EnvironSettings, PreflightContext

if TYPE_CHECKING:
    from fake_batch import FakeBatch


def look(batch: FakeBatch, task_queue: str | None, **options: str) -> list[tuple[str, CheckState]]:
    settings = EnvironSettings({}, {("aws", key): value for key, value in options.items()})
    context = PreflightContext(workflow_queue=None, task_queue=task_queue, mount_point="/mnt/fsx", settings=settings)
    found = check(context, lambda _region: batch)
    return [(item.subject, item.state) for item in found if not item.subject.startswith("compute environment")]


def test_queues_that_take_jobs(batch: FakeBatch) -> None:
    assert look(batch, "task", task_queue_fallback="spare") == [
        ("task queue task", CheckState.OK),
        ("fallback task queue spare", CheckState.OK),
    ]


def test_queues_of_another_architecture(batch: FakeBatch) -> None:
    assert look(batch, "task", task_queue_arm64="arm", task_queue_fallback_arm64="spare") == [
        ("task queue task", CheckState.OK),
        ("arm64 task queue arm", CheckState.FAILED),
        ("arm64 fallback task queue spare", CheckState.OK),
    ]


def test_no_queue(batch: FakeBatch) -> None:
    assert look(batch, None) == [("task queue", CheckState.FAILED)]


def test_an_unknown_queue(batch: FakeBatch) -> None:
    assert look(batch, "nowhere") == [("task queue nowhere", CheckState.FAILED)]


@pytest.mark.parametrize("change", [{"state": "DISABLED"}, {"status": "INVALID", "statusReason": "no CE"}])
def test_a_queue_that_takes_nothing(batch: FakeBatch, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]) -> None:
    answer = batch.describe_job_queues(["task"])["jobQueues"][0]

    def describe(jobQueues: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"jobQueues": [{**answer, **change}]}

    monkeypatch.setattr(batch, "describe_job_queues", describe)
    assert look(batch, "task") == [("task queue task", CheckState.FAILED)]


def test_images_that_are_known_before_a_run_are_looked_into(batch: FakeBatch) -> None:
    defaults = {("task_runtime", "defaults"): '{"docker": "lab/tools"}', ("aws", "workflow_image"): "lab/workflow"}
    context = PreflightContext(None, "task", "/mnt/fsx", EnvironSettings({}, defaults))
    found = check(context, lambda _region: batch, lambda what, image: [Check(what, CheckState.OK, image)])
    assert [(item.subject, item.message) for item in found[2:]] == [
        ("workflow image lab/workflow", "lab/workflow"),
        ("default task image lab/tools", "lab/tools"),
    ]


def test_the_default_image_is_looked_into_where_it_comes_from(batch: FakeBatch) -> None:
    options = {
        ("task_runtime", "defaults"): '{"docker": "lab/tools"}',
        ("aws", "workflow_image"): "lab/workflow",
        ("aws", "image_rewrite"): '{"docker.io": "quay.io/cache"}',
    }
    context = PreflightContext(None, "task", "/mnt/fsx", EnvironSettings({}, options))
    found = check(context, lambda _region: batch, lambda what, image: [Check(what, CheckState.OK, image)])
    assert [item.message for item in found[2:]] == ["lab/workflow", "quay.io/cache/lab/tools"]


@pytest.mark.parametrize("defaults", ["{bad", "[]", '{"docker": 1}'])
def test_odd_defaults_are_miniwdls_business(batch: FakeBatch, defaults: str) -> None:
    context = PreflightContext(None, "task", "/mnt/fsx", EnvironSettings({}, {("task_runtime", "defaults"): defaults}))
    assert len(check(context, lambda _region: batch, lambda *_names: pytest.fail("asked"))) == 2


def test_wrong_options_are_found_here_too(batch: FakeBatch) -> None:
    with pytest.raises(ConfigurationError, match=r"\[aws\] job_timeout"):
        look(batch, "task", job_timeout="1")


def test_quotas_are_looked_at(batch: FakeBatch) -> None:
    class Few:
        def get_service_quota(self, **_request: str) -> dict[str, Any]:
            return {"Quota": {"Value": 5.0}}

    context = PreflightContext(None, "task", "/mnt/fsx", EnvironSettings({}))
    found = check(context, lambda _region: batch, quotas=lambda _region: Few())
    assert found[-1].subject == "quota of spot hosts, standard (A, C, D, H, I, M, R, T, Z)"
    assert found[-1].state is CheckState.WARNING
