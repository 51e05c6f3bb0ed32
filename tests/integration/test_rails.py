"""What the S3 rails promise, through the whole submission: staging, the upload folder, and what is left alone there."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pexpect
import pytest

from .conftest import BIN, TIMEOUT, WDL

STAGED = str(WDL / "staged.wdl")
HELLO = str(WDL / "hello.wdl")
GATED = str(WDL / "gated.wdl")


@pytest.fixture
def reads(tmp_path):
    """Files that no other test stages, with names that are not easy, in two folders; each has its index beside it."""
    files = [
        tmp_path / "s1" / "reads 1.fq",
        tmp_path / "s2" / "reads 1.fq",
        tmp_path / "s2" / "it's +20% \U0001f9ec.fq",
    ]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{file}\n")
        Path(f"{file}.idx").write_text(f"index of {file}\n")
    return [f"files={file}" for file in files] + [f"indexes={file}.idx" for file in reversed(files)]


def staged(shell):
    return [key for key in shell.keys("staging") if key.endswith(".fq")]


def at_terminal(shell, *arguments, **env):
    """Submit as somebody who sits at a terminal; give the exit code and what they see."""
    child = pexpect.spawn(
        str(BIN / "miniwdl-aws-submit"),
        list(arguments),
        cwd=str(shell.cwd),
        env={**shell.environ, "TERM": "dumb", **env},
        dimensions=(50, 400),
        encoding="utf-8",
        timeout=TIMEOUT,
    )
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def test_an_archived_input_is_refused_before_the_submission(shell):
    shell.client("s3").put_object(Bucket="staging", Key="archive/old.fq", Body=b"@r", StorageClass="DEEP_ARCHIVE")
    uri = "s3://staging/archive/old.fq"
    before = shell.jobs()
    refused = shell.submit(STAGED, f"files={uri}")
    assert (refused.code, refused.stdout) == (64, "")
    assert f"input files: {uri} can't be read: it is archived (DEEP_ARCHIVE)" in refused.stderr
    assert "--key archive/old.fq --restore-request Days=7" in refused.stderr
    assert shell.jobs() == before


def test_staging_is_listed_then_allowed_then_done_once(shell, reads, tmp_path):
    before = staged(shell)
    files = [Path(word.partition("=")[2]) for word in reads]
    size = sum(file.stat().st_size for file in files)
    names = ["reads 1.fq", "reads 1.fq", "it's +20% \U0001f9ec.fq"]
    listed = shell.submit(STAGED, *reads, "--dry-run")
    assert listed.code == 0, listed.stderr
    assert "would upload" in listed.stderr
    assert f"reads 1.fq ({files[0].stat().st_size} B) to s3://staging/" in listed.stderr
    assert json.loads(listed.stdout)["staging"]["bytesToUpload"] == size

    little = {"MINIWDL__S3_RAILS__CONFIRM_ABOVE": str(size - 1)}
    code, seen = at_terminal(shell, STAGED, *reads, **little)
    assert code == 64
    assert f"{size} B of local files would travel to s3://staging/" in seen
    assert "--yes" in seen
    assert "Traceback" not in seen
    assert staged(shell) == before

    code, seen = at_terminal(shell, STAGED, *reads, "--yes", "--wait", **little)
    assert code == 0, seen
    new = set(staged(shell)) - set(before)
    assert sorted(key.rsplit("/", 1)[-1] for key in new) == sorted(names)

    s3 = shell.client("s3")
    times = {key: s3.head_object(Bucket="staging", Key=key)["LastModified"] for key in new}
    again = shell.submit(STAGED, *reads, "--s3upload", "s3://demo/staged/", "--wait", env=little)
    assert again.code == 0, again.stderr
    outputs = shell.read_json("s3://demo/staged/outputs.json")
    assert outputs["staged.names"] == names
    assert outputs["staged.indexed"] == [f"index of {file}" for file in files[:3]]
    assert shell.read(outputs["staged.together"]).decode() == "".join(f"{file}\n" for file in files[:3])
    assert times == {key: s3.head_object(Bucket="staging", Key=key)["LastModified"] for key in new}


def test_no_overwrite(shell, folder):
    arguments = (HELLO, "--s3upload", folder + "/", "--no-overwrite")
    first = shell.submit(*arguments, "--wait")
    assert first.code == 0, first.stderr
    prefix = folder.removeprefix("s3://demo/") + "/"
    before = {key: shell.read(f"s3://demo/{key}") for key in shell.keys("demo", prefix)}
    manifest = json.loads(before[f"{prefix}upload_manifest.json"])
    assert {prefix + name for name in manifest["objects"]} == set(before) - {
        f"{prefix}outputs.json",
        f"{prefix}upload_manifest.json",
    }
    assert {item["check"] for item in manifest["objects"].values()} == {"md5"}
    early = shell.submit(*arguments, "names=Other")
    assert (early.code, early.stdout, "--no-overwrite protects the run" in early.stderr) == (64, "", True)
    second = shell.submit(*arguments, "names=Other", "--follow", "--no-check")
    assert second.code == 69, second.stderr
    assert f"{folder}/outputs.json is there already, and --no-overwrite protects the run" in second.stderr
    assert {key: shell.read(f"s3://demo/{key}") for key in shell.keys("demo", prefix)} == before


def test_options_reach_the_objects(shell, folder):
    env = {
        "MINIWDL__S3_RAILS__ENCRYPTION": "aws:kms",
        "MINIWDL__S3_RAILS__STORAGE_CLASS": "STANDARD_IA",
        "MINIWDL__S3_RAILS__OBJECT_TAGS": '{"project": "genomes"}',
    }
    done = shell.submit(HELLO, "--s3upload", folder + "/", "--wait", env=env)
    assert done.code == 0, done.stderr
    s3 = shell.client("s3")
    uri = shell.read_json(f"{folder}/outputs.json")["hello.letters"][0]
    for name in (uri.removeprefix(f"{folder}/"), "workflow.log", "outputs.json"):
        where = {"Bucket": "demo", "Key": f"{folder.removeprefix('s3://demo/')}/{name}"}
        head = s3.head_object(**where)
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head.get("StorageClass") == ("STANDARD_IA" if name.endswith(".txt") else None)
        assert s3.get_object_tagging(**where)["TagSet"] == [{"Key": "project", "Value": "genomes"}]


def until(condition, what):
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.1)


@pytest.mark.parametrize("content", ["", "fail"], ids=["succeeds", "fails"])
def test_outputs_travel_as_the_run_goes(shell, cloud, folder, content):
    gate = Path(cloud.environ["MINIWDL__FILE_IO__ROOT"], f"gate-{content}")
    prefix = folder.removeprefix("s3://demo/") + "/"
    early = {f"{prefix}letters/{index}/letter.txt" for index in (0, 1)}
    arguments = (f"gate={gate}", "--no-cache", "--s3upload", f"{folder}/", "--upload-as-you-go")
    submitted = shell.submit(GATED, *arguments)
    assert submitted.code == 0, submitted.stderr
    until(lambda: set(shell.keys("demo", prefix)) >= early, "outputs of finished calls are in S3")
    assert set(shell.keys("demo", prefix)) == early, "and nothing else, neither drafts nor a word of the end"
    assert shell.job(submitted.job_id)["status"] == "RUNNING"
    s3 = shell.client("s3")
    times = {key: s3.head_object(Bucket="demo", Key=key)["LastModified"] for key in early}
    gate.write_text(content)
    ended = shell.run("miniwdl-aws", "wait", submitted.job_id)
    keys = set(shell.keys("demo", prefix))
    assert times == {key: s3.head_object(Bucket="demo", Key=key)["LastModified"] for key in early}
    if content:
        assert ended.code == 1, ended.stderr
        assert f"{prefix}outputs.json" not in keys
        assert {f"{prefix}error.json", *early} <= keys
        return
    assert ended.code == 0, ended.stderr
    log = shell.run("miniwdl-aws", "logs", submitted.job_id)
    # The last call's output may be under way when the run ends.
    assert "; 2 were there already" in log.stdout + log.stderr or "; 3 were there already" in log.stdout + log.stderr
    outputs = shell.read_json(f"{folder}/outputs.json")
    assert set(outputs["gated.letters"]) == {f"s3://demo/{key}" for key in early}
    assert shell.read(outputs["gated.end"]) == b"Hello, Ada!\nHello, Grace!\n"


def test_inputs_that_changed_are_noticed_when_asked_for(shell, folder):
    s3 = shell.client("s3")
    key = folder.removeprefix("s3://demo/") + ".fq"
    env = {"MINIWDL__S3_RAILS__REVALIDATE": "true"}
    seen = []
    for content in (b"one", b"two"):
        s3.put_object(Bucket="demo", Key=key, Body=content)
        done = shell.submit(STAGED, f"files=s3://demo/{key}", "--s3upload", folder + "/", "--follow", env=env)
        assert done.code == 0, done.stderr
        seen.append(shell.read(f"{folder}/together/together.txt"))
    assert seen == [b"one", b"two"], "the call cache knows the URI alone"


def test_options_that_are_wrong_are_found_before_anything_runs(shell, folder):
    done = shell.submit(HELLO, "--s3upload", folder + "/", "--follow", env={"MINIWDL__S3_RAILS__ENCRYPTION": "rot13"})
    assert done.code == 64
    assert "[s3_rails] encryption must be AES256, aws:kms or aws:kms:dsse, not 'rot13'" in done.stderr
    assert "Traceback" not in done.stderr
    assert shell.keys("demo", folder.removeprefix("s3://demo/")) == []
