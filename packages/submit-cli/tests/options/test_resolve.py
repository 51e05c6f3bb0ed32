from typing import Any

import pytest

from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.options.resolve import Settings, find, parse_tags, resolve, within
from miniwdl_aws_submit_cli.options.table import option

LEAST = {"workflow_queue": "wq", "task_queue": "tq"}


def settings(environ: dict[str, str] | None = None, tags: dict[str, str] | None = None, **given: Any) -> Settings:
    return resolve({**LEAST, **given}, environ or {}, tags or {})


@pytest.mark.parametrize(
    ("given", "environ", "tags", "value", "source"),
    [
        ("a", "b", "c", "a", "--task-queue"),
        (None, "b", "c", "b", "MINIWDL__AWS__TASK_QUEUE"),
        (None, "", "c", "c", "the workflow queue's tag DefaultTaskQueue"),
        (None, "", "", "", "the default"),
        ("", "b", "c", "", "--task-queue"),
    ],
)
def test_precedence(given: str | None, environ: str, tags: str, value: str, source: str) -> None:
    found = find(
        option("--task-queue"),
        {"task_queue": given},
        {"MINIWDL__AWS__TASK_QUEUE": environ},
        {"DefaultTaskQueue": tags},
    )
    assert (found.value, found.source) == (value, source)


def test_defaults() -> None:
    found = settings()
    assert found.mount == "/mnt/fsx"
    assert found.run_dir == "/mnt/fsx/miniwdl_run"
    assert (found.cpu, found.memory_mib) == (1, 4096)
    assert found.staging is found.publish.destination is found.image is found.fsid is found.task_queue_fallback is None


def test_missing_queue_says_every_way_to_give_it() -> None:
    with pytest.raises(ConfigurationError, match="--task-queue is missing: give --task-queue, set MINIWDL__AWS__TASK_"):
        resolve({"workflow_queue": "wq"}, {}, {})


def test_an_empty_fallback_hides_the_tag() -> None:
    assert settings(tags={"DefaultTaskQueueFallback": "spare"}).task_queue_fallback == "spare"
    hidden = settings(tags={"DefaultTaskQueueFallback": "spare"}, task_queue_fallback="")
    assert hidden.task_queue_fallback is None


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("/mnt/fsx", "/mnt/fsx", True),
        ("/mnt/fsx/a/../b", "/mnt/fsx", True),
        ("/mnt/fsx2", "/mnt/fsx", False),
        ("/mnt/fsx/../fsx2", "/mnt/fsx", False),
        ("/a", "/", True),
    ],
)
def test_within(path: str, folder: str, expected: bool) -> None:
    assert within(path, folder) is expected


@pytest.mark.parametrize("path", ["/mnt/fsx2", "/mnt/fsx/../etc", "runs", "/"])
def test_dir_outside_the_mount(path: str) -> None:
    with pytest.raises(ConfigurationError, match="--dir must lie within the mount /mnt/fsx"):
        settings(dir=path)


def test_dir_is_normalized_but_keeps_miniwdls_final_dot() -> None:
    assert settings(dir="/mnt/fsx/a/../b/").run_dir == "/mnt/fsx/b"
    assert settings(dir="/mnt/fsx/exactly/.").run_dir == "/mnt/fsx/exactly/."


def test_dir_follows_the_mount() -> None:
    assert settings(environ={"MINIWDL__FILE_IO__ROOT": "/data/"}).run_dir == "/data/miniwdl_run"


@pytest.mark.parametrize("path", ["mnt", "/", "//"])
def test_mount_must_be_a_folder(path: str) -> None:
    with pytest.raises(ConfigurationError, match="--mount must be an absolute path"):
        settings(mount=path)


def test_staging_defaults_to_the_bucket_of_the_upload() -> None:
    assert settings(s3upload="s3://bucket/out/x").staging == "s3://bucket/miniwdl-aws-staging/"
    assert settings(s3upload="s3://bucket", staging="s3://other/st").staging == "s3://other/st/"
    assert settings(tags={"DefaultStaging": "s3://tagged/"}, s3upload="s3://bucket/").staging == "s3://tagged/"


@pytest.mark.parametrize("uri", ["bucket/x", "s3:/bucket", "s3://", "s3://-bucket/y", "https://b/x"])
def test_s3upload_must_be_an_s3_uri(uri: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--s3upload (must begin with s3://|names no valid bucket)"):
        settings(s3upload=uri)


def test_delete_after_needs_an_upload_from_either_source() -> None:
    with pytest.raises(ConfigurationError, match="MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD needs a folder"):
        settings(environ={"MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD": "always"})
    found = settings(environ={"MINIWDL__AWS__S3_UPLOAD_FOLDER": "s3://bucket/x"}, delete_after="success")
    assert (found.publish.destination, found.publish.delete_after) == ("s3://bucket/x", "success")


def test_choices_name_the_source() -> None:
    with pytest.raises(ConfigurationError, match="DELETE_AFTER_S3_UPLOAD must be one of always, success, failure"):
        settings(environ={"MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD": "never"}, s3upload="s3://bucket/")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cpu": "0"}, "--cpu must be"),
        ({"cpu": "1.5"}, "--cpu must be"),
        ({"memory_GiB": "much"}, "--memory-GiB must be"),
        ({"memory_GiB": "-1"}, "--memory-GiB must be"),
        ({"memory_GiB": "nan"}, "--memory-GiB must be"),
        ({"name": "-x"}, "--name"),
        ({"name": "a b"}, "--name"),
        ({"name": "a" * 129}, "--name"),
    ],
)
def test_values_out_of_range(given: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        settings(**given)


def test_memory_may_be_a_fraction() -> None:
    assert settings(memory_GiB="7.5").memory_mib == 7680


@pytest.mark.parametrize("pair", ["x", "=x", "aws:x=y", f"{'k' * 129}=v", f"k={'v' * 257}", "k=a\x00b", "k=a;b"])
def test_bad_tags(pair: str) -> None:
    with pytest.raises(ConfigurationError, match="--tag"):
        parse_tags([pair])


def test_tags() -> None:
    assert parse_tags(["a=b=c", "Kost ün=x@y", "a=b=c"]) == {"a": "b=c", "Kost ün": "x@y"}
    with pytest.raises(ConfigurationError, match="twice"):
        parse_tags(["a=b", "a=c"])
