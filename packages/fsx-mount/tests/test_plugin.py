import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from miniwdl_aws_core.run_files import StaleFileError
from miniwdl_aws_fsx_mount.errors import FileSystemError, FsxAccessError, FsxError
from miniwdl_aws_fsx_mount.hosts import marker
from miniwdl_aws_fsx_mount.inputs.localize import path_map
from miniwdl_aws_hooks import (
    CheckState,
    ConfigurationError,
    DestinationContext,
    FileSystemContext,
    JobRole,
    LocalizeRequest,
    MountContext,
    PreflightContext,
    PublishOptions,
    PublishRequest,
    create_manager,
)
from miniwdl_aws_hooks.testing import PluginConformance

EXPORT = PublishOptions(publisher="export")


@pytest.fixture
def outside_of_jobs(monkeypatch):
    monkeypatch.delenv("AWS_BATCH_JOB_ID", raising=False)


@pytest.mark.usefixtures("outside_of_jobs")
class TestPlugin(PluginConformance):
    plugin_name = "fsx-mount"

    def test_nothing_is_mounted_unless_configured(self, hooks, make_settings):
        context = MountContext(JobRole.WORKFLOW, "/mnt/fsx", make_settings())
        assert hooks.miniwdl_aws_mounts(context=context) == []

    def test_mounts_the_file_system(self, hooks, fsx, make_settings, make_description, fsid):
        fsx.add_response("describe_file_systems", {"FileSystems": [make_description()]})
        context = MountContext(JobRole.WORKFLOW, "/mnt/fsx", make_settings(aws__fs=fsid))
        ((mount,),) = hooks.miniwdl_aws_mounts(context=context)
        assert (mount.container_path, mount.sentinel) == ("/mnt/fsx", ".miniwdl-aws-mounted")

    def test_what_is_no_id_is_not_even_asked_about(self, hooks, fsx, make_settings):
        context = MountContext(JobRole.WORKFLOW, "/mnt/fsx", make_settings(aws__fs="lustre"))
        with pytest.raises(ConfigurationError, match="--fsid"):
            hooks.miniwdl_aws_mounts(context=context)

    def test_a_file_system_that_cannot_be_used(self, hooks, fsx, make_settings, make_description, fsid):
        fsx.add_response("describe_file_systems", {"FileSystems": [make_description(Lifecycle="DELETING")]})
        context = MountContext(JobRole.TASK, "/mnt/fsx", make_settings(aws__fs=fsid))
        with pytest.raises(FileSystemError, match="DELETING"):
            hooks.miniwdl_aws_mounts(context=context)

    def test_who_may_not_look_may_still_submit(self, hooks, fsx, make_settings, fsid, caplog):
        fsx.add_client_error("describe_file_systems", "AccessDeniedException", "alice is not authorized")
        context = MountContext(JobRole.WORKFLOW, "/mnt/fsx", make_settings(aws__fs=fsid))
        assert len(hooks.miniwdl_aws_mounts(context=context)) == 1
        assert "alice is not authorized" in caplog.text

    def test_expired_credentials_are_another_matter(self, hooks, fsx, make_settings, fsid):
        fsx.add_client_error("describe_file_systems", "ExpiredTokenException", "expired")
        context = MountContext(JobRole.WORKFLOW, "/mnt/fsx", make_settings(aws__fs=fsid))
        with pytest.raises(FsxAccessError, match="expired"):
            hooks.miniwdl_aws_mounts(context=context)

    def test_a_workflow_job_needs_no_lookup(self, hooks, fsx, make_settings, fsid, monkeypatch, tmp_path):
        monkeypatch.setenv("AWS_BATCH_JOB_ID", "j-1")
        context = MountContext(JobRole.TASK, str(tmp_path), make_settings(aws__fs=fsid))
        ((mount,),) = hooks.miniwdl_aws_mounts(context=context)
        assert mount.container_path == str(tmp_path)

    def test_a_workflow_job_writes_the_marker_where_it_sees_lustre(
        self, hooks, make_settings, fsid, monkeypatch, tmp_path
    ):
        (tmp_path / "fsx").mkdir()
        monkeypatch.setattr(marker.ensure_marker, "__kwdefaults__", {"proc_mounts": tmp_path / "mounts"})
        (tmp_path / "mounts").write_text(f"x {tmp_path}/fsx lustre rw 0 0\n")

        def prepare(**settings):
            context = FileSystemContext(str(tmp_path / "fsx"), make_settings(**settings))
            return hooks.miniwdl_aws_prepare_file_system(context=context)

        assert prepare(aws__fs=fsid) == [], "a submitting machine may have something else there"
        monkeypatch.setenv("AWS_BATCH_JOB_ID", "j-1")
        assert prepare() == prepare(aws__fs=fsid, fsx__sentinel="none") == []
        assert list((tmp_path / "fsx").iterdir()) == []
        assert prepare(aws__fs=fsid) == [True]
        assert (tmp_path / "fsx/.miniwdl-aws-mounted").exists()
        (tmp_path / "mounts").write_text(f"x {tmp_path}/fsx ext4 rw 0 0\n")
        assert prepare(aws__fs=fsid, fsx__sentinel=".other") == [False]

    def test_a_wrong_id_is_said_before_the_marker_is_missed(self, hooks, make_settings):
        context = FileSystemContext("/mnt/fsx", make_settings(aws__fs="lustre"))
        with pytest.raises(ConfigurationError, match="--fsid"):
            hooks.miniwdl_aws_prepare_file_system(context=context)

    def test_preflight(self, hooks, fsx, make_settings, make_description, fsid):
        description = make_description(SubnetIds=[], NetworkInterfaceIds=[])
        fsx.add_response("describe_file_systems", {"FileSystems": [description]})
        fsx.add_response("describe_data_repository_associations", {"Associations": []})
        context = PreflightContext(None, None, "/mnt/fsx", make_settings(aws__fs=fsid))
        ((*checks,),) = hooks.miniwdl_aws_preflight(context=context)
        assert {check.state for check in checks} == {CheckState.OK}
        assert any("PERSISTENT_2" in check.message for check in checks)

    def test_preflight_finds_what_is_wrong(self, hooks, fsx, make_settings, make_description, fsid):
        description = make_description(Lifecycle="FAILED", SubnetIds=[], NetworkInterfaceIds=[])
        fsx.add_response("describe_file_systems", {"FileSystems": [description]})
        fsx.add_response("describe_data_repository_associations", {"Associations": []})
        context = PreflightContext(None, None, "/usr/fsx", make_settings(aws__fs=fsid))
        ((*checks,),) = hooks.miniwdl_aws_preflight(context=context)
        failed = [check.subject for check in checks if check.state is CheckState.FAILED]
        assert failed == ["mount point /usr/fsx", f"file system {fsid}"]

    def test_preflight_survives_a_wrong_id(self, hooks, make_settings, fsx):
        context = PreflightContext(None, None, "/mnt/fsx", make_settings(aws__fs="lustre"))
        ((*checks,),) = hooks.miniwdl_aws_preflight(context=context)
        assert checks[-1].state is CheckState.FAILED
        assert "--fsid" in checks[-1].message

    def test_preflight_without_a_file_system(self, hooks, make_settings):
        context = PreflightContext(None, None, "/mnt/fsx", make_settings())
        assert hooks.miniwdl_aws_preflight(context=context) == [[]]


WITHOUT_REQUESTS = """
import sys
from miniwdl_aws_fsx_mount.plugin import miniwdl_aws_localize, miniwdl_aws_publish
from miniwdl_aws_hooks import EnvironSettings, LocalizeRequest, PublishRequest
settings = EnvironSettings({})
assert miniwdl_aws_publish(PublishRequest("/mnt/fsx/run", "s3://results/", {}, settings)) is None
assert miniwdl_aws_localize(LocalizeRequest("s3://in/a", "/mnt/fsx", False, settings)) is None
print("botocore" in sys.modules)
"""


def test_hooks_that_ask_aws_nothing_load_nothing_heavy():
    command = [sys.executable, "-c", WITHOUT_REQUESTS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"


class TestLocalize:
    @pytest.fixture
    def hooks(self):
        (point,) = [point for point in entry_points(group="miniwdl_aws") if point.name == "fsx-mount"]
        path_map.cache_clear()
        yield create_manager([point], {}).hook
        path_map.cache_clear()

    def test_an_input_under_an_association(self, hooks, fsx, make_settings, fsid, tmp_path):
        association = {
            "AssociationId": "dra-0123456789abcdef0",
            "FileSystemPath": "/refs",
            "DataRepositoryPath": "s3://bucket/v1",
            "Lifecycle": "AVAILABLE",
            "S3": {"AutoImportPolicy": {"Events": ["NEW", "CHANGED"]}},
        }
        fsx.add_response("describe_data_repository_associations", {"Associations": [association]})
        (tmp_path / "refs").mkdir()
        (tmp_path / "refs/x").write_text("x")
        settings = make_settings(aws__fs=fsid, fsx__preload="true")
        for uri, expected in (("s3://bucket/v1/x", str(tmp_path / "refs/x")), ("s3://other/x", None)):
            request = LocalizeRequest(uri, False, str(tmp_path), settings)
            assert hooks.miniwdl_aws_localize(request=request) == expected

    def test_who_may_not_ask_downloads(self, hooks, fsx, make_settings, fsid, caplog):
        fsx.add_client_error("describe_data_repository_associations", "AccessDeniedException", "not authorized")
        for _ in range(3):
            request = LocalizeRequest("s3://bucket/x", False, "/mnt/fsx", make_settings(aws__fs=fsid))
            assert hooks.miniwdl_aws_localize(request=request) is None
        assert caplog.text.count("will be downloaded, since the associations are not known") == 1

    @pytest.mark.parametrize(("uri", "fs"), [("gs://bucket/x", "fs-0123456789abcdef0"), ("s3://bucket/x", "")])
    def test_what_is_not_ours(self, hooks, fsx, make_settings, uri, fs):
        request = LocalizeRequest(uri, False, "/mnt/fsx", make_settings(aws__fs=fs))
        assert hooks.miniwdl_aws_localize(request=request) is None


def test_the_command_is_there(monkeypatch):
    (point,) = [point for point in entry_points(group="miniwdl_aws") if point.name == "fsx-mount"]
    ((command,),) = create_manager([point], {}).hook.miniwdl_aws_commands()
    assert command.name == "fsx"


class TestPublish:
    @pytest.fixture
    def hooks(self):
        (point,) = [point for point in entry_points(group="miniwdl_aws") if point.name == "fsx-mount"]
        return create_manager([point], {}).hook

    @pytest.fixture
    def publish(self, hooks, make_settings, tmp_path):
        def call(folder="s3://bucket/v1/run/", files=None, options=EXPORT, **settings):
            made = make_settings(file_io__root=str(tmp_path), **settings)
            return hooks.miniwdl_aws_publish(request=PublishRequest("/run", folder, files or {}, made, options))

        return call

    def test_only_when_asked_for(self, publish, fsx, fsid):
        assert publish(aws__fs=fsid, options=PublishOptions()) is None
        assert publish(aws__fs=fsid, options=PublishOptions(publisher="upload", overwrite=False)) is None
        assert publish(folder="gs://bucket/x/", aws__fs=fsid) is None

    def test_can_not_protect_what_is_there(self, publish, fsx, fsid):
        with pytest.raises(ConfigurationError, match="--no-overwrite can't be kept"):
            publish(aws__fs=fsid, options=PublishOptions(publisher="export", overwrite=False))

    def test_needs_a_file_system(self, publish, fsx):
        with pytest.raises(ConfigurationError, match=r"\[aws\] fs"):
            publish()

    @pytest.mark.parametrize("linked", [True, False])
    def test_the_destination_is_checked_before_the_run(self, hooks, make_settings, fsx, fsid, linked):
        association = {
            "AssociationId": "dra-0123456789abcdef0",
            "FileSystemPath": "/results",
            "DataRepositoryPath": "s3://bucket/v1",
            "Lifecycle": "AVAILABLE",
        }
        fsx.add_response("describe_data_repository_associations", {"Associations": [association] if linked else []})

        def check(folder="s3://bucket/v1/run", options=EXPORT):
            context = DestinationContext(folder, make_settings(aws__fs=fsid), options)
            return hooks.miniwdl_aws_check_destination(context=context)

        assert check("gs://bucket/x") is check(options=PublishOptions(publisher="upload")) is None
        if linked:
            assert check() is True
        else:
            with pytest.raises(FsxError, match="no data repository association covers it"):
                check()

    def test_exports(self, publish, fsx, s3, fsid, tmp_path):
        (tmp_path / "result").write_text("12345")
        association = {
            "AssociationId": "dra-0123456789abcdef0",
            "FileSystemPath": "/results",
            "DataRepositoryPath": "s3://bucket/v1",
            "Lifecycle": "AVAILABLE",
        }
        task = {
            "TaskId": "task-0123456789abcdef0",
            "Lifecycle": "SUCCEEDED",
            "Type": "EXPORT_TO_REPOSITORY",
            "CreationTime": 0,
        }
        fsx.add_response("describe_data_repository_associations", {"Associations": [association]})
        fsx.add_response("create_data_repository_task", {"DataRepositoryTask": task})
        fsx.add_response("describe_data_repository_tasks", {"DataRepositoryTasks": [task]})
        s3.add_client_error("head_object", "404", http_status_code=404)  # there is no older outputs.json
        s3.add_response("head_object", {"ContentLength": 5}, {"Bucket": "bucket", "Key": "v1/run/result"})
        report = publish(files={"result": str(tmp_path / "result")}, aws__fs=fsid)
        assert (report.uploaded, report.size, report.failed) == (1, 5, {})
        assert (tmp_path / "results/run/result").read_text() == "12345"


class TestAnEarlierRunsFiles:
    """outputs.json stands for a whole publication, so an older one goes before anything else changes."""

    @pytest.fixture
    def publish(self, make_settings, fsx, fsid, tmp_path):
        (point,) = [point for point in entry_points(group="miniwdl_aws") if point.name == "fsx-mount"]
        hooks = create_manager([point], {}).hook
        association = {
            "AssociationId": "dra-0123456789abcdef0",
            "FileSystemPath": "/results",
            "DataRepositoryPath": "s3://bucket/v1",
            "Lifecycle": "AVAILABLE",
        }
        fsx.add_response("describe_data_repository_associations", {"Associations": [association]})
        for name in ("outputs.json", "error.json"):
            (tmp_path / "results/run").mkdir(parents=True, exist_ok=True)
            (tmp_path / "results/run" / name).write_text("{}")
        settings = make_settings(aws__fs=fsid, file_io__root=str(tmp_path))

        def call(name):
            request = PublishRequest("/run", "s3://bucket/v1/run/", {name: str(tmp_path / "gone")}, settings, EXPORT)
            return hooks.miniwdl_aws_publish(request=request)

        return call

    def test_are_not_removed_through_a_planted_folder(self, publish, s3, tmp_path):
        s3.add_client_error("head_object", "404", http_status_code=404)
        (tmp_path / "results/run").rename(tmp_path / "elsewhere")
        (tmp_path / "results/run").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StaleFileError, match="Not a directory"):
            publish("a.bam")
        assert (tmp_path / "elsewhere/outputs.json").exists()

    @pytest.mark.parametrize(("sent", "stale"), [("a.bam", "outputs.json"), ("outputs.json", "error.json")])
    def test_go_on_both_sides(self, publish, s3, tmp_path, sent, stale):
        where = {"Bucket": "bucket", "Key": f"v1/run/{stale}"}
        s3.add_response("head_object", {"ContentLength": 2}, where)
        s3.add_response("delete_object", {}, where)
        assert list(publish(sent).failed) == [sent]
        assert not (tmp_path / "results/run" / stale).exists()

    def test_nothing_changes_when_it_stays(self, publish, s3, tmp_path):
        s3.add_response("head_object", {"ContentLength": 2})
        s3.add_client_error("delete_object", "AccessDenied", "not authorized")
        with pytest.raises(StaleFileError, match=r"earlier run's outputs\.json, and does not fit") as caught:
            publish("a.bam")
        assert "s3:DeleteObject" in caught.value.hint
        assert (tmp_path / "results/run/outputs.json").exists()

    def test_a_stale_error_is_only_said(self, publish, s3, caplog):
        s3.add_response("head_object", {"ContentLength": 2})
        s3.add_client_error("delete_object", "AccessDenied", "not authorized")
        assert list(publish("outputs.json").failed) == ["outputs.json"]
        assert "an earlier run's error.json" in caplog.text
