"""
Every kind of bad input gets one clear sentence on the submitting machine, and nothing is submitted.

A row is what a user writes, and what the sentence must have: the option, variable, tag or file that is to blame.
"""

from __future__ import annotations

import json
import os
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from miniwdl_aws_core.options.known import installed_sections
from miniwdl_aws_hooks import Mount, StageResult, get_manager, hookimpl
from miniwdl_aws_submit_cli.runs.batch import Batch, connect
from miniwdl_aws_submit_cli.submit.command import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WDL = "version 1.1\nworkflow w { input { Int n = 1 Map[String, Int]? m } output { Int k = n } }\n"
TAGS = {"DefaultTaskQueue": "workflow", "DefaultFsId": "fs-0123", "WorkflowImage": "registry/workflow:1"}
BIG = "9" * 5000
CONTROL = "a\x1b[2Jb"
LINES = "a\nb"

NOT_JSON = ["{bad", "[]", "1", '"a"', "null", "{'a': 1}", '{"a":' * 5000]
NOT_NUMBERS = ["abc", "-1", "1e300", BIG, "nan", "1,5", "ten"]
NOT_SWITCHES = ["maybe", "2", "[]", CONTROL]
NOT_TEXTS = [CONTROL, LINES]

OPTIONS: dict[str, list[str]] = {
    "aws.image_rewrite": [*NOT_JSON, '{"a": "b"}', '{"quay.io": 1}', '{"quay.io": "a b"}'],
    "aws.repository_credentials": [*NOT_JSON, '{"quay.io": "x"}', '{"quay.io": "arn:aws:s3:::b"}'],
    "aws.job_tags": [
        *NOT_JSON,
        '{"a": 1}',
        '{"aws:x": "1"}',
        '{"": "1"}',
        json.dumps(dict.fromkeys(map(str, range(60)), "a")),
    ],
    "aws.container_properties": [*NOT_JSON, '{"image": "x"}', '{"command": []}', '{"volumes": []}'],
    "aws.submit_rate": [*NOT_NUMBERS, "0"],
    "aws.describe_period_min": [*NOT_NUMBERS, "0", "100"],
    "aws.describe_period_max": [*NOT_NUMBERS, "0.5"],
    "aws.job_timeout": [*NOT_NUMBERS, "59", "1e10", "99999w"],
    "aws.retry_wait": [*NOT_NUMBERS, "2h"],
    "aws.runnable_timeout": [*NOT_NUMBERS, "400d"],
    "aws.memory_retry_multiplier": [*NOT_NUMBERS, "0.5", "11"],
    "aws.memory_retry_max": [*NOT_NUMBERS, "0", "99999"],
    "aws.infrastructure_retries": [*NOT_NUMBERS, "101", "1.5"],
    "aws.isolation": ["maybe", "[]", CONTROL],
    "aws.adopt": NOT_SWITCHES,
    "aws.array": ["maybe", CONTROL],
    "aws.enable_execute_command": NOT_SWITCHES,
    "aws.task_queue_arm64": NOT_TEXTS,
    "aws.task_queue_fallback_arm64": NOT_TEXTS,
    "s3_rails.concurrency": [*NOT_NUMBERS, "0", "1.5"],
    "s3_rails.max_memory": ["abc", "-1", BIG, "1X", "99999999999T"],
    "s3_rails.confirm_above": ["abc", "-1", BIG, "1X"],
    "s3_rails.requester_pays": NOT_SWITCHES,
    "s3_rails.revalidate": NOT_SWITCHES,
    "s3_rails.overwrite": NOT_SWITCHES,
    "s3_rails.progressive": NOT_SWITCHES,
    "s3_rails.bucket_key": [*NOT_SWITCHES, "true"],
    "s3_rails.checksum": ["md5", CONTROL],
    "s3_rails.encryption": ["rot13", CONTROL],
    "s3_rails.kms_key": [CONTROL, "alias/a"],
    "s3_rails.storage_class": ["standard", CONTROL, LINES],
    "s3_rails.object_tags": [
        *NOT_JSON,
        '{"a": 1}',
        '{"aws:x": "1"}',
        json.dumps(dict.fromkeys(map(str, range(11)), "a")),
        '{"a": "\\u0007"}',
    ],
    "fsx.host_path": ["x", "/a/../b", "/a:b", f"/{LINES}", f"/{CONTROL}"],
    "fsx.sentinel": ["a/b", "..", ".", LINES, CONTROL],
    "fsx.preload": NOT_SWITCHES,
    "cwlogs.request_rate": [*NOT_NUMBERS, "0"],
    "scheduler.task_concurrency": ["abc", "-1", "1e300", BIG, "9999999"],
    "scheduler.download_concurrency": ["abc", "-1"],
    "scheduler.subworkflow_concurrency": ["abc", "-1"],
    "scheduler.container_backend": ["nope", CONTROL],
    "scheduler.fail_fast": NOT_SWITCHES,
    "file_io.copy_input_files": NOT_SWITCHES,
    "file_io.copy_input_files_for": ["{}", "a", "[" * 5000],
    "task_runtime.defaults": NOT_JSON,
    "task_runtime.env": NOT_JSON,
    "task_runtime.cpu_max": ["abc", "1e300", BIG],
    "task_runtime.memory_limit_multiplier": ["abc"],
    "call_cache.get": NOT_SWITCHES,
    "call_cache.dir": ["/tmp/cache", "../cache", "~/cache"],
    "download_cache.enable_patterns": ["*", "{}"],
}
"""Options of the job, with values that they can't have; set by a variable, and by a file."""

WORDS: dict[str, list[str]] = {
    "--mount": ["x", "/", "", "/a:b", "/a/../b", "/a/..", f"/{LINES}", f"/{CONTROL}"],
    "--dir": ["/x", "x", "/mnt/fsx/../x", f"/mnt/fsx/{LINES}"],
    "--cpu": ["0", "-1", "1e3", BIG, "1.5", "abc", "99999"],
    "--memory-GiB": ["0", "-1", "1e300", "1e9", BIG, "nan", "inf", "abc"],
    "--image": ["a b", LINES, "x" * 300, CONTROL],
    "--workflow-role": [
        "nope",
        "arn:aws:iam::1:role/x",
        "arn:aws:iam::123456789012:user/x",
        "arn:aws:iam::123456789012:role/a b",
        LINES,
    ],
    "--fsid": ["a b", CONTROL, LINES, "fs/0123"],
    "--name": ["a b", "x" * 129, "-a", LINES],
    "--tag": ["x", "=x", "aws:a=b", "a=b\x07", "a" * 129 + "=b", "a=" + "b" * 257],
    "--s3upload": ["nope", "s3://", "s3://B!/x", "http://b/x"],
    "--staging": ["nope", "s3://"],
    "--share": ["a b", "x" * 300],
    "--task-queue": ["nope", CONTROL],
    "--task-queue-fallback": ["nope"],
    "--publish": ["nope"],
    "--delete-after": ["nope"],
    "--env": ["1A=x", "A B=x", "=x", "A\n=x", "AWS_BATCH_X=1", "A-B=x"],
    "--runtime-defaults": ["{bad", "{" * 5000, "missing.json"],
    "--cfg": ["here.cfg"],
}
"""Options of the command, with values that they can't have."""

PLACES: dict[str, list[str]] = {
    "AWS_ENDPOINT_URL": [
        "nope",
        "http://",
        "ftp://x",
        "http://[",
        "http://a b",
        "http://localhost:99999",
        "http://localhost:0",
        LINES,
    ],
    "AWS_ENDPOINT_URL_BATCH": ["nope"],
    "AWS_DEFAULT_REGION": ["a b", "../..", CONTROL],
    "MINIWDL__AWS__REGION": ["a b", "x/y"],
    "MINIWDL__AWS__FS": ["a b", CONTROL],
    "MINIWDL__AWS__WORKFLOW_ROLE": ["nope"],
    "MINIWDL__AWS__WORKFLOW_IMAGE": ["a b"],
    "MINIWDL__AWS__STAGING": ["nope"],
    "MINIWDL__AWS__S3_UPLOAD_FOLDER": ["nope"],
    "MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD": ["nope", "always"],
    "MINIWDL__AWS__PUBLISH": ["nope"],
    "MINIWDL__AWS__SHARE_IDENTIFIER": ["a b"],
    "MINIWDL__AWS__TASK_QUEUE": ["nope"],
    "MINIWDL__FILE_IO__ROOT": ["x", "/a:b"],
    "MINIWDL__AWS__JOB_TIMEOT": ["60"],
}
"""Variables that the submitting machine reads, and one that nobody does."""

NAMED_OTHERWISE = {"MINIWDL__AWS__WORKFLOW_IMAGE": "image", "--image": "image", "--cfg": "--cfg"}
"""How a sentence names what the option says, where it doesn't name the option."""

MANIFESTS = [
    "1", "[]", "{bad", '{"mainWorkflowURL": 1}', '{"mainWorkflowURL": ["w.wdl"]}', '{"mainWorkflowURL": ""}',
    '{"mainWorkflowURL": "."}', '{"mainWorkflowURL": "../w.wdl"}', '{"mainWorkflowURL": "/etc/passwd"}',
    '{"mainWorkflowURL": "w\\u0000.wdl"}', '{"mainWorkflowURL": "none.wdl"}', '{"mainWorkflowURL": null}',
    '{"mainWorkflowURL": "w.wdl", "inputFileURLs": "x"}', '{"mainWorkflowURL": "w.wdl", "inputFileURLs": {"a": 1}}',
    '{"mainWorkflowURL": "w.wdl", "inputFileURLs": [1]}', '{"mainWorkflowURL": "w.wdl", "inputFileURLs": [["a"]]}',
    '{"mainWorkflowURL": "w.wdl", "inputFileURLs": ["none.json"]}', "[" * 100_000,
]  # fmt: skip

FOLDERS: dict[str, Callable[[Path], object]] = {
    "loop": lambda odd: odd.symlink_to(odd.parent, target_is_directory=True),
    "dangling link": lambda odd: odd.symlink_to("nowhere"),
    "link to itself": lambda odd: odd.symlink_to("odd"),
    "pipe": os.mkfifo,
    "link that leads out": lambda odd: odd.symlink_to("/etc/passwd"),
}

DEEP: dict[str, tuple[str, str]] = {
    "sections": ("workflow w { " + "if (true) { " * 2000 + "}" * 2000 + " }", "nested"),
    "arrays": ("workflow w { Array[Int] a = " + "[" * 2000 + "]" * 2000 + " }", "nested"),
    "negations": ("workflow w { Boolean b = " + "!" * 15_000 + "true }", "nested"),
    "nothing": ("", "no workflow or tasks|Empty|Expected|No workflow|found"),
}


def cases() -> Iterator[Any]:
    """All rows: words of the command line, variables, and what is to be named."""
    for option, values in OPTIONS.items():
        section, key = option.split(".")
        variable = f"MINIWDL__{section.upper()}__{key.upper()}"
        for number, value in enumerate(values):
            yield pytest.param([], {variable: value}, f"[{section}] {key}", variable, id=f"{variable}-{number}")
    for flag, values in WORDS.items():
        for number, value in enumerate(values):
            where = NAMED_OTHERWISE.get(flag, flag)
            yield pytest.param([f"{flag}={value}"], {}, where, where, id=f"{flag}-{number}")
    for variable, values in PLACES.items():
        for number, value in enumerate(values):
            where = NAMED_OTHERWISE.get(variable, variable)
            yield pytest.param([], {variable: value}, where, where, id=f"{variable}-{number}")


class Site:
    """What the command needs of other parts to come to an end."""

    @hookimpl
    def miniwdl_aws_mounts(self, context: Any) -> list[Mount]:
        return [Mount("fsx", context.mount_point, {"host": {"sourcePath": context.mount_point}})]

    @hookimpl
    def miniwdl_aws_stage(self, request: Any) -> StageResult:
        return StageResult({item.path: request.folder + "x" for item in request.items}, 0, 0)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cloud, and a working directory with `w.wdl`; made once, since nothing here changes anything."""
    here = tmp_path_factory.mktemp("here")
    (here / "w.wdl").write_text(WDL)
    (here / "here.cfg").write_text("[aws]\n")
    with pytest.MonkeyPatch.context() as patch, mock_aws(config={"batch": {"use_docker": False}}):
        for name in list(os.environ):
            if name.startswith(("AWS_", "MINIWDL")):
                patch.delenv(name)
        for name, value in {"ACCESS_KEY_ID": "t", "SECRET_ACCESS_KEY": "t", "DEFAULT_REGION": "us-west-2"}.items():
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("MINIWDL_AWS_DISABLE_PLUGINS", "batch-backend,cwlogs,fsx-mount,local-cloud,s3-rails,efs-mount")
        patch.chdir(here)
        batch = boto3.client("batch")
        role = boto3.client("iam").create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        hosts = batch.create_compute_environment(computeEnvironmentName="hosts", type="UNMANAGED", serviceRole=role)
        order = [{"order": 1, "computeEnvironment": hosts["computeEnvironmentArn"]}]
        queues = {"workflow": {}, "odd-role": {"WorkflowEngineRoleArn": "nope"}, "odd-fs": {"DefaultFsId": "a b"},
                  "odd-staging": {"DefaultStaging": "nope"}, "odd-task": {"DefaultTaskQueue": "nope"}}  # fmt: skip
        for name, tags in queues.items():
            batch.create_job_queue(
                jobQueueName=name, state="ENABLED", priority=1, computeEnvironmentOrder=order, tags={**TAGS, **tags}
            )
        get_manager.cache_clear()
        get_manager().register(Site(), name="site")
        connected.cache_clear()
        yield here
    get_manager.cache_clear()


@pytest.fixture
def client(site: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one client for all rows but those that say where AWS is: to make one takes longer than all else."""
    if "AWS_ENDPOINT" not in request.node.name and "_REGION" not in request.node.name:
        monkeypatch.setattr("miniwdl_aws_submit_cli.runs.batch.connect", connected)


@cache
def connected() -> Batch:
    return connect()


@pytest.fixture
def refused(client: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Submit in vain; give the one sentence, with its hint."""

    def submit(*words: str, wdl: str = "w.wdl", queue: str = "workflow") -> str:
        # Not --dry-run: whatever came through would be submitted, and seen.
        code = main(["--workflow-queue", queue, wdl, *words])
        out, err = capsys.readouterr()
        assert code == 64, (code, err)
        assert out == ""
        message, *hint = err.rstrip("\n").split("\n  hint: ")
        assert message.startswith("miniwdl-aws-submit: ")
        assert message.isprintable()
        assert len(err) < 2000
        assert "Traceback" not in err
        return "\n".join([message, *hint])

    return submit


def test_what_is_right_is_submitted(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dry-run", "--workflow-queue", "workflow", "w.wdl"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(("words", "environ", "named", "source"), list(cases()))
def test_a_wrong_value_is_named(
    refused: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    environ: dict[str, str],
    named: str,
    source: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    said = refused(*words)
    assert named in said
    assert source in said


def test_the_table_has_every_option_of_the_job() -> None:
    """What the command itself looks at is in the other tables; that anything is text is true of a queue's name."""
    known = {
        f"{option.section}.{option.name}"
        for section in installed_sections()
        for option in section.options()
        if option.variable not in PLACES
    }
    elsewhere = {"aws.task_queue_fallback", "aws.workflow_queue"}
    assert known - elsewhere <= set(OPTIONS)


@pytest.mark.parametrize("option", [name for name, values in OPTIONS.items() if any(map(str.isprintable, values))])
def test_a_wrong_value_in_a_file_is_named_with_the_file(
    refused: Callable[..., str], tmp_path: Path, option: str
) -> None:
    section, key = option.split(".")
    file = tmp_path / "odd.cfg"
    value = next(value for value in OPTIONS[option] if value.isprintable())
    file.write_text(f"[{section}]\n{key} = {value}\n")
    said = refused("--mount", str(tmp_path), "--cfg", str(file), *(["--no-env"] if section == "fsx" else []))
    assert f"[{section}] {key}" in said
    assert str(file) in said


@pytest.mark.parametrize("text", ["garbage", "[aws]\n[aws]\n", "[aws]\njob_timeout\n", "[aws]\ntask_que = a\n", "\xff"])
def test_a_file_that_is_none_is_named(refused: Callable[..., str], tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.cfg").write_text(text, encoding="latin-1")
    assert str(tmp_path / "odd.cfg") in refused("--mount", str(tmp_path), "--cfg", str(tmp_path / "odd.cfg"))


def test_variables_that_stay_here_need_not_be_right(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__JOB_TIMEOUT", "soon")
    assert main(["--dry-run", "--no-env", "--workflow-queue", "workflow", "w.wdl"]) == 0, capsys.readouterr().err


def test_what_is_read_here_must_be_right_even_so(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIWDL__CWLOGS__REQUEST_RATE", "fast")
    assert "MINIWDL__CWLOGS__REQUEST_RATE" in refused("--no-env")


@pytest.mark.parametrize(
    ("queue", "tag"),
    [
        ("odd-role", "WorkflowEngineRoleArn"),
        ("odd-fs", "DefaultFsId"),
        ("odd-staging", "DefaultStaging"),
        ("odd-task", "DefaultTaskQueue"),
    ],
)
def test_a_wrong_tag_is_named(refused: Callable[..., str], queue: str, tag: str) -> None:
    assert f"the workflow queue's tag {tag}" in refused(queue=queue)


@pytest.mark.parametrize("number", range(len(MANIFESTS)))
def test_a_wrong_manifest_is_named(refused: Callable[..., str], tmp_path: Path, number: int) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("MANIFEST.json", MANIFESTS[number])
        archive.writestr("w.wdl", WDL)
    said = refused(wdl=str(tmp_path / "odd.zip"))
    assert "MANIFEST.json" in said
    assert "odd.zip" in said


@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_odd_in_a_folder_is_named(refused: Callable[..., str], tmp_path: Path, kind: str) -> None:
    (tmp_path / "MANIFEST.json").write_text('{"mainWorkflowURL": "w.wdl"}')
    (tmp_path / "w.wdl").write_text(WDL)
    FOLDERS[kind](tmp_path / "odd")
    assert "odd' " in refused(wdl=str(tmp_path))


@pytest.mark.parametrize("kind", DEEP)
def test_a_wdl_that_nests_too_deeply_ends_in_a_sentence(refused: Callable[..., str], tmp_path: Path, kind: str) -> None:
    text, said = DEEP[kind]
    (tmp_path / "odd.wdl").write_text(f"version 1.1\n{text}")
    assert any(word in refused(wdl=str(tmp_path / "odd.wdl")) for word in said.split("|"))


@pytest.mark.parametrize(
    "words",
    [
        ["-i", '{"w.m":' + "[" * 100_000], ["-i", "deep.json"], ["m=" + "[" * 100_000], ["-i", '{"w.n": ' + BIG + "}"],
        ["n=" + BIG], ["n=1e300"], ["-i", '{"w.n": 1e300}'], ["-i", "[1]"], ["-i", '{"w.n": "x"}'], ["-i", "{bad"],
    ],
)  # fmt: skip
def test_inputs_that_can_not_be_read_end_in_a_sentence(
    refused: Callable[..., str], site: Path, words: list[str]
) -> None:
    (site / "deep.json").write_text('{"w.m":' + '{"a":' * 100_000)
    refused(*words)
