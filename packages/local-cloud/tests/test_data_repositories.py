"""Data repository associations and tasks, seen through boto3 and the folder."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
import threading

import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_local_cloud import Fault, FaultKind, LocalCloud
from miniwdl_aws_local_cloud.fsx.tasks import report_of

REPORT = {"Enabled": True, "Format": "REPORT_CSV_20191124", "Scope": "FAILED_FILES_ONLY"}


class Linked:
    """A user with a link between a prefix and a folder, and what can be done with it."""

    def __init__(self, user, name: str, **options) -> None:
        self.user, self.name = user, name
        self.fsx, self.s3 = user.client("fsx"), user.client("s3")
        self.root = user.cloud.state / "fsx"
        self.folder = self.root / "data" / name
        (queue,) = user.batch.describe_job_queues(jobQueues=["workflow"])["jobQueues"]
        self.fsid = queue["tags"]["DefaultFsId"]
        self.id = self.fsx.create_data_repository_association(
            FileSystemId=self.fsid,
            FileSystemPath=f"/data/{name}/",
            DataRepositoryPath=f"s3://demo/{name}",
            **options,
        )["Association"]["AssociationId"]

    def put(self, key: str, body: bytes = b"x") -> None:
        self.s3.put_object(Bucket="demo", Key=f"{self.name}/{key}", Body=body)

    def get(self, key: str) -> bytes:
        return self.s3.get_object(Bucket="demo", Key=f"{self.name}/{key}")["Body"].read()

    def write(self, path: str, text: str = "x") -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def task(self, kind: str, *paths: str, **options) -> dict:
        options.setdefault("Report", {"Enabled": False})
        task = self.fsx.create_data_repository_task(FileSystemId=self.fsid, Type=kind, Paths=list(paths), **options)[
            "DataRepositoryTask"
        ]
        return self.ended(task["TaskId"])

    def ended(self, task_id: str) -> dict:
        for _ in range(12_000):
            (task,) = self.fsx.describe_data_repository_tasks(TaskIds=[task_id])["DataRepositoryTasks"]
            if task["Lifecycle"] in {"SUCCEEDED", "FAILED", "CANCELED"}:
                return task
            threading.Event().wait(0.01)
        raise AssertionError(task)

    def import_(self, *paths: str, **options) -> dict:
        return self.task("IMPORT_METADATA_FROM_REPOSITORY", *paths, **options)

    def export(self, *paths: str, **options) -> dict:
        return self.task("EXPORT_TO_REPOSITORY", *paths, **options)


@pytest.fixture
def linked(user, request):
    found = Linked(user, re.sub(r"[^a-z_]+", "-", request.node.name))
    yield found
    for item in found.fsx.describe_data_repository_associations()["Associations"]:
        found.fsx.delete_data_repository_association(AssociationId=item["AssociationId"])


class TestAssociations:
    def test_described(self, linked) -> None:
        wanted = [{"Name": "file-system-id", "Values": [linked.fsid]}]
        (found,) = linked.fsx.describe_data_repository_associations(Filters=wanted)["Associations"]
        assert found["AssociationId"] == linked.id
        assert found["FileSystemPath"] == "/data/test_described"
        assert found["DataRepositoryPath"] == "s3://demo/test_described/"
        assert found["Lifecycle"] == "AVAILABLE"
        other = [{"Name": "file-system-id", "Values": ["fs-00000000"]}]
        assert linked.fsx.describe_data_repository_associations(Filters=other)["Associations"] == []

    def test_updated(self, linked) -> None:
        policy = {"AutoImportPolicy": {"Events": ["NEW"]}}
        linked.fsx.update_data_repository_association(AssociationId=linked.id, S3=policy, ImportedFileChunkSize=64)
        (found,) = linked.fsx.describe_data_repository_associations(AssociationIds=[linked.id])["Associations"]
        assert (found["S3"], found["ImportedFileChunkSize"]) == (policy, 64)

    @pytest.mark.parametrize(
        ("path", "repository", "code"),
        [
            ("/data", "s3://demo/elsewhere", "BadRequest"),
            ("/", "s3://demo/elsewhere", "BadRequest"),
            ("/other", "s3://demo", "BadRequest"),
            ("/other/../x", "s3://demo/y", "BadRequest"),
            pytest.param(
                "/other",
                "nfs://demo/y",
                "BadRequest",
                marks=pytest.mark.sends_what_aws_refuses(
                    "fsx-association-repository", reason="the cloud is to refuse it"
                ),
            ),
        ],
    )
    def test_refused(self, linked, path, repository, code) -> None:
        with pytest.raises(ClientError) as caught:
            linked.fsx.create_data_repository_association(
                FileSystemId=linked.fsid, FileSystemPath=path, DataRepositoryPath=repository
            )
        assert caught.value.response["Error"]["Code"] == code

    def test_at_most_eight(self, linked) -> None:
        for number in range(7):
            Linked(linked.user, f"eight-{number}")
        with pytest.raises(ClientError, match="ServiceLimitExceeded"):
            Linked(linked.user, "one-too-many")

    def test_unknown_ones(self, linked) -> None:
        with pytest.raises(ClientError, match="DataRepositoryAssociationNotFound"):
            linked.fsx.describe_data_repository_associations(AssociationIds=["dra-00000000000000000"])
        with pytest.raises(ClientError, match="DataRepositoryAssociationNotFound"):
            linked.fsx.delete_data_repository_association(AssociationId="dra-00000000000000000")
        with pytest.raises(ClientError, match="FileSystemNotFound"):
            linked.fsx.create_data_repository_association(
                FileSystemId="fs-00000000", FileSystemPath="/x", DataRepositoryPath="s3://demo/x"
            )


class TestImport:
    def test_objects_become_files(self, linked) -> None:
        linked.put("a.txt", b"one")
        linked.put("deep/b.txt", b"two")
        linked.put("folder/", b"")
        assert not linked.folder.exists()
        task = linked.import_("s3://demo/test_objects_become_files/")
        assert (task["Lifecycle"], task["Status"]["TotalCount"], task["Status"]["SucceededCount"]) == (
            "SUCCEEDED",
            3,
            3,
        )
        assert (linked.folder / "a.txt").read_bytes() == b"one"
        assert (linked.folder / "deep/b.txt").read_bytes() == b"two"
        assert (linked.folder / "folder").is_dir()
        assert stat.S_IMODE((linked.folder / "a.txt").stat().st_mode) == 0o755

    def test_of_a_part(self, linked) -> None:
        for key in ("in/a", "in/b", "inner", "out"):
            linked.put(key)
        linked.import_("s3://demo/test_of_a_part/in")
        assert sorted(path.name for path in linked.folder.rglob("*") if path.is_file()) == ["a", "b"]

    def test_changes(self, linked) -> None:
        for key in ("same", "changed-there", "changed-here"):
            linked.put(key, b"before")
        linked.import_()
        (linked.folder / "changed-here").write_text("mine")
        linked.put("changed-there", b"after")
        linked.put("changed-here", b"after")
        linked.import_()
        found = {path.name: path.read_text() for path in linked.folder.iterdir()}
        assert found == {"same": "before", "changed-there": "after", "changed-here": "mine"}

    def test_keys_that_are_no_paths(self, linked) -> None:
        linked.put("good")
        linked.put("../../../escape")
        linked.put("a//b")
        report = {**REPORT, "Path": "s3://demo/test_keys_that_are_no_paths/reports"}
        task = linked.import_(Report=report)
        assert (task["Lifecycle"], task["Status"]["FailedCount"]) == ("FAILED", 2)
        lines = linked.get(f"reports/{task['TaskId']}/report.csv").decode().splitlines()
        assert lines[-1] == "test_keys_that_are_no_paths/a//b,failed,InvalidPath"
        assert (linked.folder / "good").exists()
        assert not (linked.root / "escape").exists()

    @pytest.mark.parametrize("path", ["s3://staging/x", "s3://demo/elsewhere", "nonsense"])
    def test_of_what_is_not_linked(self, linked, path) -> None:
        task = linked.import_(path)
        assert (task["Lifecycle"], path in task["FailureDetails"]["Message"]) == ("FAILED", True)

    def test_without_download_requests(self, linked, cloud) -> None:
        linked.put("a")
        cloud.counts.reset()
        linked.import_()
        assert not any(call.startswith("s3:") for call in cloud.counts.read())

    def test_at_once_and_by_itself(self, user) -> None:
        user.client("s3").put_object(Bucket="demo", Key="auto/before", Body=b"1")
        policy = {"AutoImportPolicy": {"Events": ["NEW", "CHANGED", "DELETED"]}}
        linked = Linked(user, "auto", BatchImportMetaDataOnCreate=True, S3=policy)
        tasks = linked.fsx.describe_data_repository_tasks(
            Filters=[{"Name": "file-system-id", "Values": [linked.fsid]}]
        )["DataRepositoryTasks"]
        linked.ended(tasks[-1]["TaskId"])
        assert (linked.folder / "before").read_bytes() == b"1"
        linked.put("later", b"2")
        assert (linked.folder / "later").read_bytes() == b"2"
        linked.put("later", b"33")
        assert (linked.folder / "later").read_bytes() == b"33"
        linked.s3.delete_object(Bucket="demo", Key="auto/later")
        assert not (linked.folder / "later").exists()
        linked.fsx.delete_data_repository_association(AssociationId=linked.id)
        linked.put("no-more", b"")
        assert not (linked.folder / "no-more").exists()


class TestExport:
    def test_files_become_objects(self, linked) -> None:
        linked.write("out/a.txt", "one")
        linked.write("out/deep/ünï çode", "two")
        linked.write("other", "three")
        task = linked.export("data/test_files_become_objects/out")
        assert (task["Lifecycle"], task["Status"]["SucceededCount"]) == ("SUCCEEDED", 4)
        assert linked.get("out/a.txt") == b"one"
        assert linked.get("out/deep/ünï çode") == b"two"
        assert (linked.get("out/"), linked.get("out/deep/")) == (b"", b"")
        with pytest.raises(ClientError, match="NoSuchKey"):
            linked.get("other")
        head = linked.s3.head_object(Bucket="demo", Key="test_files_become_objects/out/a.txt")
        assert head["Metadata"]["file-permissions"] == "0100644"

    def test_links_become_texts_and_links_again(self, linked) -> None:
        linked.write("file", "content")
        (linked.folder / "link").symlink_to("file")
        linked.export("data/test_links_become_texts_and_links_again/link")
        assert linked.get("link") == b"file"
        (linked.folder / "link").unlink()
        linked.import_()
        assert str((linked.folder / "link").readlink()) == "file"

    def test_only_what_changed(self, linked, cloud) -> None:
        linked.write("a", "1")
        linked.export("data/test_only_what_changed")
        linked.put("a", b"changed in S3")
        assert linked.export("data/test_only_what_changed")["Status"]["SucceededCount"] == 1
        assert linked.get("a") == b"changed in S3"
        linked.write("a", "22")
        linked.export("data/test_only_what_changed")
        assert linked.get("a") == b"22"

    def test_the_whole_file_system(self, linked) -> None:
        linked.write("a")
        assert linked.export()["Status"]["TotalCount"] == 1
        assert linked.get("a") == b"x"

    @pytest.mark.parametrize("path", ["no/such/file", "../fsx/data", "elsewhere"])
    def test_invalid_paths(self, linked, path) -> None:
        (linked.root / "elsewhere").mkdir(exist_ok=True)
        task = linked.export(path)
        assert (task["Lifecycle"], path in task["FailureDetails"]["Message"]) == ("FAILED", True)

    def test_failures_are_reported(self, linked, cloud) -> None:
        for name in ("a", "b", "=c,d"):
            linked.write(name)
        cloud.faults.add([Fault(FaultKind.EXPORT_FAILURE, path="*/b"), Fault(FaultKind.EXPORT_FAILURE, path="*/=c*")])
        name = "test_failures_are_reported"
        task = linked.export(f"data/{name}", Report={**REPORT, "Path": f"s3://demo/{name}/reports/"})
        assert task["Lifecycle"] == "FAILED"
        assert (task["Status"]["SucceededCount"], task["Status"]["FailedCount"]) == (1, 2)
        report = linked.get(f"reports/{task['TaskId']}/failures.csv").decode()
        rows = list(csv.reader(io.StringIO(report)))
        assert rows == [
            [f"data/{name}/=c,d", "failed", "S3AccessDenied"],
            [f"data/{name}/b", "failed", "S3AccessDenied"],
        ]
        assert linked.export(f"data/{name}")["Lifecycle"] == "SUCCEEDED"

    def test_not_along_with_automatic_export(self, linked) -> None:
        linked.fsx.update_data_repository_association(
            AssociationId=linked.id, S3={"AutoExportPolicy": {"Events": ["NEW"]}}
        )
        with pytest.raises(ClientError, match="automatic export"):
            linked.export("data")

    def test_too_many_paths(self, linked) -> None:
        with pytest.raises(ClientError, match="at most 32"):
            linked.export(*["data"] * 33)

    @pytest.mark.sends_what_aws_refuses("fsx-report", reason="the cloud is to refuse it")
    def test_incomplete_report(self, linked) -> None:
        with pytest.raises(ClientError, match="report"):
            linked.export("data", Report={"Enabled": True})


class TestPlanted:
    """Jobs in containers see no file of this machine; links that they leave must not have the cloud see it for them."""

    @pytest.fixture
    def host(self, tmp_path):
        """A folder of this machine's."""
        (tmp_path / "key").write_text("precious")
        return tmp_path

    @pytest.mark.parametrize("key", ["sub/key", "sub/new", "sub/new/"], ids=["old", "new", "folder"])
    def test_nothing_is_imported_through_a_link(self, linked, host, key) -> None:
        linked.folder.mkdir(parents=True)
        (linked.folder / "sub").symlink_to(host)
        linked.put(key, b"")
        assert linked.import_()["Status"]["FailedCount"] == 1
        assert [(path.name, path.read_text()) for path in host.iterdir()] == [("key", "precious")]

    def test_nothing_is_removed_through_a_link(self, linked, host) -> None:
        policy = {"AutoImportPolicy": {"Events": ["NEW", "DELETED"]}}
        linked.fsx.update_data_repository_association(AssociationId=linked.id, S3=policy)
        linked.put("sub/key", b"mine")
        (linked.folder / "sub").rename(host / "sub")
        (linked.folder / "sub").symlink_to(host / "sub")
        linked.s3.delete_object(Bucket="demo", Key=f"{linked.name}/sub/key")
        assert (host / "sub/key").exists()

    @pytest.mark.parametrize("what", ["file", "folder"])
    def test_what_is_exchanged_during_an_export(self, linked, host, monkeypatch, what) -> None:
        linked.write("sub/key", "mine")

        def exchange(_plan, path) -> None:
            victim = linked.folder / ("sub/key" if what == "file" else "sub")
            victim.rename(linked.folder / "aside")
            victim.symlink_to(host / "key" if what == "file" else host)

        monkeypatch.setattr("miniwdl_aws_local_cloud.door.faults.FaultPlan.for_file", exchange)
        linked.export(f"data/{linked.name}/sub")
        keys = [item["Key"] for item in linked.s3.list_objects_v2(Bucket="demo", Prefix=linked.name)["Contents"]]
        assert f"{linked.name}/sub/key" in keys
        assert linked.get("sub/key") != b"precious"

    def test_a_pipe_is_not_waited_for(self, linked) -> None:
        linked.write("a")
        os.mkfifo(linked.folder / "pipe")
        task = linked.export(f"data/{linked.name}")
        assert (task["Status"]["SucceededCount"], task["Status"]["FailedCount"]) == (1, 1)


def test_release(linked) -> None:
    linked.write("a")
    linked.export("data/test_release")
    linked.write("b")
    task = linked.task("RELEASE_DATA_FROM_FILESYSTEM", "data/test_release")
    assert (task["Status"]["SucceededCount"], task["Status"]["FailedCount"]) == (1, 1)
    assert (linked.folder / "a").read_text() == "x"


def test_cancel(linked) -> None:
    linked.write("a")
    task = linked.export("data")
    with pytest.raises(ClientError, match="DataRepositoryTaskEnded"):
        linked.fsx.cancel_data_repository_task(TaskId=task["TaskId"])
    with pytest.raises(ClientError, match="DataRepositoryTaskNotFound"):
        linked.fsx.cancel_data_repository_task(TaskId="task-00000000000000000")


def test_a_file_system_without_links(user) -> None:
    fsx = user.client("fsx")
    system = fsx.create_file_system(FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=["subnet-00000001"])
    with pytest.raises(ClientError, match="not linked"):
        fsx.create_data_repository_task(
            FileSystemId=system["FileSystem"]["FileSystemId"], Type="EXPORT_TO_REPOSITORY", Report={"Enabled": False}
        )


def test_links_from_the_start(tmp_path) -> None:
    folder = tmp_path / "s3" / "given"
    folder.mkdir(parents=True)
    (folder / "genome.fa").write_text(">x")
    with LocalCloud(tmp_path, links={"s3://given": "/ref", "s3://made/x": "/y"}):
        pass  # at the end the import has been waited for
    assert (tmp_path / "fsx/ref/genome.fa").read_text() == ">x"
    assert (tmp_path / "s3/made").is_dir()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("dir/large", "dir/large"),
        ("@filename.txt", '"""@filename.txt"""'),
        ("+filename.txt", '"""+filename.txt"""'),
        ("file,name.txt", '"file,name.txt"'),
        ('file"name.txt', '"file""name.txt"'),
    ],
)
def test_reports_look_like_those_of_aws(path, shown) -> None:
    assert report_of([(path, "FileSizeTooLarge")]) == f"{shown},failed,FileSizeTooLarge\n"
