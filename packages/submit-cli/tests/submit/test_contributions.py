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
from miniwdl_aws_submit_cli.submit.contributions import Stager, collect_changes, collect_mounts

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


def test_the_file_system_may_be_mounted_above_the_mount_point(manager: pluggy.PluginManager) -> None:
    manager.register(Mounts("/mnt"))
    assert [mount.container_path for mount in collect_mounts(manager, settings(), EnvironSettings({}))] == ["/mnt"]


def test_nothing_at_the_mount_point(manager: pluggy.PluginManager) -> None:
    manager.register(Mounts("/elsewhere"))
    with pytest.raises(ConfigurationError, match="--fsid is missing: give --fsid, set MINIWDL__AWS__FS or tag"):
        collect_mounts(manager, settings(), EnvironSettings({}))
    with pytest.raises(MissingPartError, match="file system fs-1 at /mnt/fsx needs miniwdl-aws-fsx-mount: pip install"):
        collect_mounts(manager, settings(fsid="fs-1"), EnvironSettings({}))


def test_changes_add_up(manager: pluggy.PluginManager) -> None:
    manager.register(Changes(JobChanges(tags={"a": "1"}, environment={"E": "1"})))
    manager.register(Changes(None))
    ours = JobChanges(tags={"a": "1", "b": "2"}, container_properties={"jobRoleArn": "r"})
    assert collect_changes(manager, CONTEXT, ours) == JobChanges({"a": "1", "b": "2"}, {"E": "1"}, {"jobRoleArn": "r"})


def test_plugins_may_not_contradict_options(manager: pluggy.PluginManager) -> None:
    manager.register(Changes(JobChanges(tags={"a": "1"})))
    with pytest.raises(PluginError, match="two values for the tag a of the workflow job: '2' and '1'"):
        collect_changes(manager, CONTEXT, JobChanges(tags={"a": "2"}))


def test_staging_needs_a_part(manager: pluggy.PluginManager) -> None:
    with pytest.raises(MissingPartError, match="staging to s3://b/x/ needs miniwdl-aws-s3-rails"):
        stager(manager, "s3://b/x/")((), "a file")


def test_staging_needs_a_folder(manager: pluggy.PluginManager) -> None:
    with pytest.raises(ConfigurationError, match="a file must be staged in S3, and no folder is configured"):
        stager(manager, None)((), "a file")


def stager(manager: pluggy.PluginManager, folder: str | None) -> Stager:
    return Stager(manager, folder, dry_run=False, progress=lambda _text: None, confirm=lambda _question: True)
