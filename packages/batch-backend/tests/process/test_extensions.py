from __future__ import annotations

from typing import Any

import pytest

from miniwdl_aws_batch_backend.process.extensions import Extensions
from miniwdl_aws_hooks import (
    EnvironSettings,
    FailureClass,
    FailurePolicy,
    FailureVerdict,
    FileSystemContext,
    JobChange,
    JobFailure,
    PluginError,
    create_manager,
    hookimpl,
)

FAILURE = JobFailure(job={"jobId": "j", "status": "FAILED", "container": {"exitCode": 1}}, exit_file=1, stderr_tail="")


def extensions(*plugins: object) -> Extensions:
    manager = create_manager([], {})
    for plugin in plugins:
        manager.register(plugin)
    return Extensions(manager)


class Preparing:
    def __init__(self) -> None:
        self.contexts: list[FileSystemContext] = []

    @hookimpl
    def miniwdl_aws_prepare_file_system(self, context: FileSystemContext) -> None:
        self.contexts.append(context)


def test_the_file_system_is_made_ready() -> None:
    plugin, settings = Preparing(), EnvironSettings({})
    extensions(plugin).prepare_file_system("/mnt/fsx", settings)
    assert plugin.contexts == [FileSystemContext("/mnt/fsx", settings)]


class Site:
    @hookimpl
    def miniwdl_aws_classify_failure(self, failure: JobFailure) -> FailureVerdict:
        return FailureVerdict(FailureClass.TOOL_ERROR, FailurePolicy.INFRASTRUCTURE, "no seats left")


class Broken:
    @hookimpl
    def miniwdl_aws_classify_failure(self, failure: JobFailure) -> FailureVerdict:
        raise ValueError("broken")

    @hookimpl
    def miniwdl_aws_job_changed(self, change: JobChange) -> None:
        raise ValueError("broken")


class Listener:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    @hookimpl
    def miniwdl_aws_job_changed(self, change: JobChange) -> None:
        self.heard.append(change)


def test_a_sites_own_verdict_counts() -> None:
    assert extensions(Site()).verdict(FAILURE, pytest.fail).message == "no seats left"


def test_without_one_ours_does() -> None:
    assert extensions().verdict(FAILURE, pytest.fail).failure_class is FailureClass.TOOL_ERROR


def test_a_broken_one_is_left_out() -> None:
    errors: list[PluginError] = []
    assert extensions(Broken()).verdict(FAILURE, errors.append).failure_class is FailureClass.TOOL_ERROR
    assert len(errors) == 1


def test_after_a_broken_one_the_next_is_asked() -> None:
    errors: list[PluginError] = []
    assert extensions(Site(), Broken()).verdict(FAILURE, errors.append).message == "no seats left"
    assert len(errors) == 1


def test_every_listener_hears() -> None:
    one, other = Listener(), Listener()
    errors: list[PluginError] = []
    change: Any = object()
    extensions(one, Broken(), other).tell(change, errors.append)
    assert one.heard == other.heard == [change]
    assert len(errors) == 1
