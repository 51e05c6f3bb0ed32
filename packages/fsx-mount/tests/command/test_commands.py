import argparse
import base64
import os

import pytest

from miniwdl_aws_fsx_mount.command.commands import configure, run
from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_fsx_mount.hosts.user_data import AMAZON_LINUX, LAYOUTS
from miniwdl_aws_hooks import ConfigurationError

ASSOCIATIONS = {
    "Associations": [
        {
            "AssociationId": "dra-0123456789abcdef0",
            "FileSystemPath": "/refs",
            "DataRepositoryPath": "s3://bucket/v1",
            "Lifecycle": "AVAILABLE",
        }
    ]
}


def parser():
    made = argparse.ArgumentParser()
    configure(made)
    return made


def fsx_command(*arguments):
    return run(parser().parse_args(arguments))


def task(kind, lifecycle, **status):
    return {
        "TaskId": "task-0123456789abcdef0",
        "Lifecycle": lifecycle,
        "Type": kind,
        "CreationTime": 0,
        "Status": {"TotalCount": 2, "SucceededCount": 0, "FailedCount": 0, **status},
    }


@pytest.fixture
def described(fsx, make_description):
    fsx.add_response("describe_file_systems", {"FileSystems": [make_description()]})


def test_user_data_to_standard_output(described, fsid, capsys):
    assert fsx_command("user-data", "--fsid", fsid, "--mount", "/mnt/net", "--layout", "genomics") == 0
    out = capsys.readouterr().out
    assert out.startswith("MIME-Version: 1.0\n")
    assert f"FSX_SOURCE={fsid}.fsx.eu-west-1.amazonaws.com@tcp:/abcdefgh\n" in out
    assert "FSX_MOUNT_POINT=/mnt/net\n" in out


def test_user_data_to_a_file(described, fsid, tmp_path, capsys):
    out = tmp_path / "user-data"
    assert fsx_command("user-data", "--fsid", fsid, "--out", str(out), "--base64") == 0
    assert base64.b64decode(out.read_text()).startswith(b"MIME-Version")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("out", ["", "nowhere/user-data"])
def test_user_data_to_a_file_that_can_not_be_written(described, fsid, tmp_path, out):
    with pytest.raises(ConfigurationError, match=f"--out {tmp_path / out} can't be written: "):
        fsx_command("user-data", "--fsid", fsid, "--out", str(tmp_path / out))


def test_amazon_linux_2_is_warned_of(described, fsid, capsys):
    assert fsx_command("user-data", "--fsid", fsid, "--amazon-linux", "2") == 0
    shown = capsys.readouterr()
    assert "FSX_AMAZON_LINUX=2\n" in shown.out
    assert "Amazon Linux 2 ended on 2026-06-30" in shown.err
    assert "warning" not in shown.out


def test_the_file_system_may_come_from_the_environment(described, fsid, monkeypatch, capsys):
    monkeypatch.setenv("MINIWDL__AWS__FS", fsid)
    monkeypatch.setenv("MINIWDL__FILE_IO__ROOT", "/mnt/lustre")
    assert fsx_command("user-data") == 0
    assert "FSX_MOUNT_POINT=/mnt/lustre\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show"], "no file system is given"),
        (["show", "--fsid", "lustre"], "--fsid"),
        (["user-data", "--fsid", "fs-01234567", "--mount", "/usr"], "mount point /usr"),
        (["user-data", "--fsid", "fs-01234567", "--mount", "/var/lib/docker"], "is a folder of the system"),
        (["user-data", "--fsid", "fs-01234567", "--launch-template", ""], "--launch-template is empty"),
        (["user-data", "--fsid", "fs-01234567", "--out", ""], "--out is empty"),
        (["release", "--fsid", "fs-01234567", "--unused-days", "-1", "x"], "--unused-days"),
    ],
)
def test_bad_input(fsx, monkeypatch, arguments, words):
    monkeypatch.delenv("MINIWDL__AWS__FS", raising=False)
    with pytest.raises(ConfigurationError, match=words):
        fsx_command(*arguments)


def test_import(fsx, fsid, capsys):
    kind = "IMPORT_METADATA_FROM_REPOSITORY"
    fsx.add_response("describe_data_repository_associations", ASSOCIATIONS)
    fsx.add_response("create_data_repository_task", {"DataRepositoryTask": task(kind, "PENDING")})
    fsx.add_response(
        "describe_data_repository_tasks", {"DataRepositoryTasks": [task(kind, "SUCCEEDED", SucceededCount=2)]}
    )
    assert fsx_command("import", "--fsid", fsid, "s3://bucket/v1/idx/") == 0
    assert capsys.readouterr().out == "succeeded: 2 of 2 files\n"


def test_import_without_waiting(fsx, fsid, capsys):
    fsx.add_response("describe_data_repository_associations", ASSOCIATIONS)
    answer = {"DataRepositoryTask": task("IMPORT_METADATA_FROM_REPOSITORY", "PENDING")}
    fsx.add_response("create_data_repository_task", answer)
    assert fsx_command("import", "--fsid", fsid, "s3://bucket/v1/idx/", "--no-wait") == 0
    assert capsys.readouterr().out == "task-0123456789abcdef0\n"


@pytest.mark.parametrize(("uri", "error"), [("s3://elsewhere/x", FsxError), ("bucket/v1", ConfigurationError)])
def test_what_cannot_be_imported(fsx, fsid, uri, error):
    fsx.add_response("describe_data_repository_associations", ASSOCIATIONS)
    with pytest.raises(error, match=uri):
        fsx_command("import", "--fsid", fsid, uri)


def test_release(fsx, s3, fsid, capsys):
    kind = "RELEASE_DATA_FROM_FILESYSTEM"
    fsx.add_response("describe_data_repository_associations", ASSOCIATIONS)
    s3.add_response("list_objects_v2", {"IsTruncated": False, "Contents": [{"Key": "v1/run/a", "Size": 5}]})
    fsx.add_response(
        "create_data_repository_task",
        {"DataRepositoryTask": task(kind, "PENDING")},
        {
            "FileSystemId": fsid,
            "Type": kind,
            "Paths": ["refs/run"],
            "Report": {"Enabled": False},
            "ReleaseConfiguration": {"DurationSinceLastAccess": {"Unit": "DAYS", "Value": 3}},
        },
    )
    failed = task(kind, "FAILED", SucceededCount=1, FailedCount=1) | {"FailureDetails": {"Message": "in use"}}
    fsx.add_response("describe_data_repository_tasks", {"DataRepositoryTasks": [failed]})
    assert fsx_command("release", "--fsid", fsid, "--unused-days", "3", "--mount", "/nowhere", "/nowhere/refs/run") == 1
    assert capsys.readouterr().out.splitlines() == [
        "/refs/run: 1 files, 5 bytes are in S3 (s3://bucket/v1/run)",
        "failed: 1 of 2 files, 1 failed",
        "task-0123456789abcdef0 did not succeed: in use",
    ]


def test_release_on_trial(fsx, s3, fsid, capsys, tmp_path):
    (tmp_path / "refs/run").mkdir(parents=True)
    (tmp_path / "refs/run/a").write_text("12345")
    (tmp_path / "refs/run/new").write_text("1")
    fsx.add_response("describe_data_repository_associations", ASSOCIATIONS)
    s3.add_response("list_objects_v2", {"IsTruncated": False, "Contents": [{"Key": "v1/run/a", "Size": 5}]})
    assert fsx_command("release", "--fsid", fsid, "--dry-run", "--mount", str(tmp_path), "s3://bucket/v1/run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "/refs/run: 1 files, 5 bytes are in S3 (s3://bucket/v1/run)",
        "  stays, since S3 does not have it: new",
    ]


def test_what_files_are_called_and_aws_says_stays_in_its_line(fsx, s3, fsid, capsys, tmp_path):
    (tmp_path / "refs/run").mkdir(parents=True)
    for name in ("a", "b\x1b]52;c;cm0=\x07\x9b2J\u202e\nrefs: 9 files", os.fsdecode(b"caf\xe9")):
        (tmp_path / "refs/run" / name).write_text("12345")
    fsx.add_response("describe_data_repository_associations", ASSOCIATIONS)
    s3.add_response("list_objects_v2", {"Contents": [{"Key": "v1/run/a", "Size": 5}], "IsTruncated": False})
    kind = "RELEASE_DATA_FROM_FILESYSTEM"
    fsx.add_response("create_data_repository_task", {"DataRepositoryTask": task(kind, "PENDING")})
    failed = task(kind, "FAILED") | {"FailureDetails": {"Message": "in\x1bcuse\nsucceeded"}}
    fsx.add_response("describe_data_repository_tasks", {"DataRepositoryTasks": [failed]})
    assert fsx_command("release", "--fsid", fsid, "--mount", str(tmp_path), "s3://bucket/v1/run") == 1
    assert capsys.readouterr().out.splitlines() == [
        "/refs/run: 1 files, 5 bytes are in S3 (s3://bucket/v1/run)",
        "  stays, since S3 does not have it: b refs: 9 files",
        "  stays, since S3 does not have it: caf\\udce9",
        "failed: 0 of 2 files",
        "task-0123456789abcdef0 did not succeed: inuse succeeded",
    ]


def test_nothing_to_release(fsx, s3, fsid):
    fsx.add_response("describe_data_repository_associations", ASSOCIATIONS)
    s3.add_response("list_objects_v2", {"IsTruncated": False})
    with pytest.raises(FsxError, match="nothing to release"):
        fsx_command("release", "--fsid", fsid, "s3://bucket/v1/run")


def test_choices_are_what_the_code_knows():
    (subcommands,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    choices = {action.dest: action.choices for action in subcommands.choices["user-data"]._actions}
    assert choices["layout"] == tuple(LAYOUTS)
    assert choices["amazon_linux"] == AMAZON_LINUX
