from typing import Any

import pluggy
import pytest

from miniwdl_aws_hooks import (
    ConfigurationError,
    EnvironSettings,
    JobChanges,
    JobContext,
    JobRole,
    MissingPartError,
    Mount,
    PluginError,
    hookimpl,
)
from miniwdl_aws_submit_cli.options.resolve import resolve
from miniwdl_aws_submit_cli.submit.contributions import Stager, collect_changes, collect_mounts, merge, sentinel_of

CONTEXT = JobContext(JobRole.WORKFLOW, "n", "q", "i", EnvironSettings({}))


def settings(**given: str) -> Any:
    return resolve({"workflow_queue": "wq", "task_queue": "tq", **given}, {}, {})


class Changes:
    def __init__(self, changes: JobChanges | None) -> None:
        self.changes = changes

    @hookimpl
    def miniwdl_aws_prepare_job(self, context: JobContext) -> JobChanges | None:
        return self.changes


class Mounts:
    def __init__(self, path: str) -> None:
        self.path = path

    @hookimpl
    def miniwdl_aws_mounts(self) -> list[Mount]:
        return [Mount("other", self.path, {"efsVolumeConfiguration": {"fileSystemId": "fs-9"}}, sentinel="mark")]


def test_any_plugin_may_provide_the_file_system(manager: pluggy.PluginManager) -> None:
    manager.register(Mounts("/mnt/fsx"))
    mounts = collect_mounts(manager, settings(), EnvironSettings({}))
    assert [mount.name for mount in mounts] == ["other"]
    assert sentinel_of(mounts, "/mnt/fsx") == "/mnt/fsx/mark"
    assert sentinel_of(mounts, "/elsewhere") is None


def test_nothing_at_the_mount_point(manager: pluggy.PluginManager) -> None:
    manager.register(Mounts("/elsewhere"))
    with pytest.raises(ConfigurationError, match="--fsid is missing: give --fsid, set MINIWDL__AWS__FS or tag"):
        collect_mounts(manager, settings(), EnvironSettings({}))
    with pytest.raises(MissingPartError, match="file system fs-1 at /mnt/fsx needs miniwdl-aws-fsx-mount: pip install"):
        collect_mounts(manager, settings(fsid="fs-1"), EnvironSettings({}))


def test_changes_add_up(manager: pluggy.PluginManager) -> None:
    manager.register(Changes(JobChanges(tags={"a": "1"}, environment={"E": "1"})))
    manager.register(Changes(None))
    manager.register(Changes(JobChanges(tags={"a": "1", "b": "2"}, container_properties={"privileged": True})))
    found = collect_changes(manager, CONTEXT)
    assert found == JobChanges({"a": "1", "b": "2"}, {"E": "1"}, {"privileged": True})


def test_contradictions_are_errors(manager: pluggy.PluginManager) -> None:
    manager.register(Changes(JobChanges(tags={"a": "1"})))
    manager.register(Changes(JobChanges(tags={"a": "2"})))
    with pytest.raises(PluginError, match=r"two values for the tag a of the workflow job: '[12]' and '[12]'"):
        collect_changes(manager, CONTEXT)


def test_what_is_ours_can_not_be_set(manager: pluggy.PluginManager) -> None:
    manager.register(Changes(JobChanges(container_properties={"image": "other"})))
    with pytest.raises(PluginError, match="a plugin sets the container property image of the workflow job"):
        collect_changes(manager, CONTEXT)


def test_merge_takes_equal_values() -> None:
    assert merge("tag", {"a": 1}, {"a": 1, "b": 2}) == {"a": 1, "b": 2}


def test_staging_needs_a_part(manager: pluggy.PluginManager) -> None:
    with pytest.raises(MissingPartError, match="staging to s3://b/x/ needs miniwdl-aws-s3-rails"):
        stager(manager, "s3://b/x/")((), "a file")


def test_staging_needs_a_folder(manager: pluggy.PluginManager) -> None:
    with pytest.raises(ConfigurationError, match="a file must be staged in S3, and no folder is configured"):
        stager(manager, None)((), "a file")


def stager(manager: pluggy.PluginManager, folder: str | None) -> Stager:
    return Stager(manager, folder, dry_run=False, progress=lambda _text: None, confirm=lambda _question: True)
