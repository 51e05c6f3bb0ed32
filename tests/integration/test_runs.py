"""Runs that succeed, each as a user submits it."""

from __future__ import annotations

import json
import random
import string

import pytest

from miniwdl_aws_core.records.jobs import BATCH_JOBS, JobRecord
from miniwdl_aws_core.records.lines import read_file
from miniwdl_aws_core.records.usage import Source

from .conftest import WDL

HELLO = str(WDL / "hello.wdl")


def test_wait_without_follow(shell, folder):
    done = shell.submit(HELLO, "names=Ada", "names=Grace", "--s3upload", f"{folder}/", "--wait")
    assert done.code == 0, done.stderr
    assert shell.job(done.job_id)["status"] == "SUCCEEDED"
    assert "task setup" not in done.stderr, "without --follow the workflow's log stays where it is"
    outputs = shell.read_json(f"{folder}/outputs.json")
    assert outputs["hello.messages"] == ["Hello, Ada!", "Hello, Grace!"]
    assert [shell.read(uri) for uri in outputs["hello.letters"]] == [b"Hello, Ada!\n", b"Hello, Grace!\n"]
    recorded = sorted((shell.cloud.state / "fsx").rglob(f"*_hello/call-greet-1-Grace/{BATCH_JOBS}"))
    (record,) = read_file(JobRecord, recorded[-1].parent, BATCH_JOBS).records
    job = shell.job(record.job_id)
    assert (record.created_at, record.started_at) == (job["createdAt"], job["startedAt"])
    assert record.stopped_at == job["stoppedAt"]
    assert record.container_instance_arn == job["container"]["containerInstanceArn"]
    assert (record.call_path, record.followed, record.vcpus) == ("call-greet-1-Grace", "done", 1.0)
    assert record.usage is not None
    assert record.usage.source is Source.TIMES, "a process of this machine has no memory of its own to tell of"


def test_follow_shows_the_log_to_its_end(shell):
    done = shell.submit(HELLO, "--no-cache", "--follow", "--verbose")
    assert done.code == 0, done.stderr
    assert "greeting Ada" in done.stderr, "--verbose streams the tasks' standard error"
    assert "end of log" not in done.stderr
    assert shell.job(done.job_id)["status"] == "SUCCEEDED"


def test_neither_returns_at_once_with_the_id_alone(shell):
    done = shell.submit(HELLO)
    assert done.code == 0, done.stderr
    assert shell.job(done.job_id)["status"] not in ("FAILED",)
    assert done.job_id in done.stderr, "says how to come back to the run"
    assert shell.run("miniwdl-aws", "wait", done.job_id).code == 0


@pytest.mark.parametrize("slash", ["", "/"])
def test_upload_folder_with_and_without_slash(shell, folder, slash):
    done = shell.submit(HELLO, "--s3upload", folder + slash, "--wait")
    assert done.code == 0, done.stderr
    names = sorted(
        key.removeprefix(folder.removeprefix("s3://demo/") + "/") for key in shell.keys("demo", folder[10:] + "/")
    )
    if not slash:
        runs = {name.split("/")[0] for name in names}
        assert len(runs) == 1, "one more subfolder, named like the run"
        (run,) = runs
        assert run[:8].isdigit()
        assert run.endswith("_hello")
        names = [name.removeprefix(run + "/") for name in names]
    assert "outputs.json" in names
    assert "workflow.log" in names
    results = f"{folder}/{'' if slash else run + '/'}"
    assert f"  results: {results}" in done.stderr.splitlines()
    if slash:
        return
    (letter,) = shell.read_json(f"{results}outputs.json")["hello.letters"]
    assert "  outputs:" in done.stderr.splitlines()
    for told in ("downloaded 1 file, 12 B, to here", "downloaded 0 files, 0 B, to here; 1 file was there already"):
        brought = shell.run("miniwdl-aws", "outputs", done.job_id, "--download", "here", "letters")
        assert (brought.code, brought.stderr) == (0, told + "\n")
    assert (shell.cwd / "here" / letter.removeprefix(results)).read_text() == "Hello, Ada!\n"
    assert any(name.startswith(("out/letters/", "letters/")) for name in names), names


def test_inputs_by_file_and_by_key_together(shell, tmp_path, folder):
    (tmp_path / "in.json").write_text(json.dumps({"hello.names": ["Ada", "Grace"]}))
    done = shell.submit(HELLO, "-i", "in.json", "--no-cache", "--s3upload", folder + "/", "--wait")
    assert done.code == 0, done.stderr
    assert shell.read_json(f"{folder}/outputs.json")["hello.messages"] == ["Hello, Ada!", "Hello, Grace!"]
    done = shell.submit(HELLO, "-i", "in.json", "names=Joan", "--s3upload", folder + "/", "--wait")
    assert done.code == 0, done.stderr
    assert shell.read_json(f"{folder}/outputs.json")["hello.messages"] == ["Hello, Joan!"]


def test_miniwdl_variables_pass_through_unless_told_not_to(shell, folder):
    broken = {"MINIWDL__SCHEDULER__CONTAINER_BACKEND": "there_is_no_such_backend"}
    assert shell.submit(HELLO, "--no-cache", "--wait", env=broken).code != 0
    done = shell.submit(HELLO, "--no-cache", "--no-env", "--wait", env=broken)
    assert done.code == 0, done.stderr


def test_a_workflow_with_imports_and_inputs_in_s3(shell, tmp_path, folder):
    (tmp_path / "text.txt").write_text("a\nb\nc\n")
    s3, key = shell.client("s3"), folder.removeprefix("s3://demo/")
    for path in (WDL / "importing").rglob("*.wdl"):
        s3.upload_file(str(path), "demo", f"{key}/flow/{path.relative_to(WDL / 'importing')}")
    s3.put_object(Bucket="demo", Key=f"{key}/in.json", Body=b"{}")
    words = (f"{folder}/flow/main.wdl", "-i", f"{folder}/in.json", "text=text.txt", "--s3upload", folder + "/")
    done = shell.submit(*words, "--wait")
    assert done.code == 0, done.stderr
    assert shell.read_json(f"{folder}/outputs.json") == {"importing.lines": 3}


def test_a_workflow_too_large_for_the_environment_travels_by_staging(shell, tmp_path, folder):
    noise = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=100_000))
    lines = "\n".join("# " + noise[at : at + 100] for at in range(0, len(noise), 100))
    (tmp_path / "large.wdl").write_text((WDL / "hello.wdl").read_text() + "\n" + lines + "\n")
    done = shell.submit("large.wdl", "--s3upload", folder + "/", "--wait")
    assert done.code == 0, done.stderr
    assert shell.keys("staging"), "the workflow went to the staging folder"


def test_directory_input_and_output(shell, tmp_path, folder):
    (tmp_path / "texts" / "deep er").mkdir(parents=True)
    (tmp_path / "texts" / "a.txt").write_text("alpha")
    (tmp_path / "texts" / "deep er" / "b+c %.txt").write_text("beta")
    done = shell.submit(str(WDL / "directories.wdl"), "texts=texts", "--s3upload", folder + "/", "--wait")
    assert done.code == 0, done.stderr
    result = shell.read_json(f"{folder}/outputs.json")["directories.result"].rstrip("/")
    assert result.startswith(folder)
    assert shell.read(f"{result}/a.txt") == b"ALPHA"
    assert shell.read(f"{result}/deep er/b+c %.txt") == b"BETA"


def test_inputs_that_are_in_s3_already(shell, folder):
    s3 = shell.client("s3")
    prefix = folder[10:]
    s3.put_object(Bucket="demo", Key=f"{prefix}/in/a.txt", Body=b"from s3")
    s3.put_object(Bucket="demo", Key=f"{prefix}/in/deep/b.txt", Body=b"deeper")
    s3.put_object(Bucket="demo", Key=f"{prefix}/extra.txt", Body=b"extra")
    done = shell.submit(
        str(WDL / "directories.wdl"),
        f"texts={folder}/in/",
        f"extra={folder}/extra.txt",
        "--s3upload",
        f"{folder}/out/",
        "--wait",
    )
    assert done.code == 0, done.stderr
    outputs = shell.read_json(f"{folder}/out/outputs.json")
    result = outputs["directories.result"].rstrip("/")
    assert shell.read(f"{result}/a.txt") == b"FROM S3"
    assert shell.read(f"{result}/deep/b.txt") == b"DEEPER"
    assert shell.read(f"{result}/extra.txt") == b"extra"
    assert shell.read(outputs["directories.same"]) == b"extra"


def test_tries_of_a_task_stay_apart(shell, tmp_path, folder):
    (tmp_path / "counter.txt").write_text("0\n")
    done = shell.submit(str(WDL / "flaky.wdl"), "counter=counter.txt", "--s3upload", folder + "/", "--wait",
                        env={"MINIWDL__AWS__RETRY_WAIT": "0"})  # fmt: skip
    assert done.code == 0, done.stderr
    outputs = shell.read_json(f"{folder}/outputs.json")
    assert not [name for name in outputs["flaky.listing"] if name.startswith("left-by")]
    assert shell.read(outputs["flaky.out"]) == b"out of try 3\n"
    assert shell.read(outputs["flaky.err"]).strip() == b"err of try 3"
    assert len(shell.children(done.job_id)) == 3


def test_the_call_cache_spares_the_second_run_its_tasks(shell, folder):
    first = shell.submit(HELLO, "names=Cache", "--s3upload", folder + "/1/", "--wait")
    second = shell.submit(HELLO, "names=Cache", "--s3upload", folder + "/2/", "--wait")
    third = shell.submit(HELLO, "names=Cache", "--no-cache", "--wait")
    assert (first.code, second.code, third.code) == (0, 0, 0), second.stderr
    assert [len(shell.children(run.job_id)) for run in (first, second, third)] == [1, 0, 1]
    for run in ("1", "2"):
        outputs = shell.read_json(f"{folder}/{run}/outputs.json")
        assert outputs["hello.letters"][0].startswith(f"{folder}/{run}/"), "also what the cache gave is uploaded here"
        assert shell.read(outputs["hello.letters"][0]) == b"Hello, Cache!\n"


def test_miniwdl_run_directly_with_the_backend(shell, cloud):
    """Without a workflow job: on a machine that mounts the file system itself."""
    root = cloud.environ["MINIWDL__FILE_IO__ROOT"]
    done = shell.run(
        "miniwdl", "run", HELLO, "names=Direct", "--dir", root,
        env={
            "AWS_ACCESS_KEY_ID": cloud.job_key,  # with a workflow job's permissions, as the documentation says
            "MINIWDL__SCHEDULER__CONTAINER_BACKEND": "aws_batch",
            "MINIWDL__AWS__TASK_QUEUE": "task",
            "MINIWDL__AWS__FS": shell.client("fsx").describe_file_systems()["FileSystems"][0]["FileSystemId"],
        },
    )  # fmt: skip
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["outputs"]["hello.messages"] == ["Hello, Direct!"]


def test_equal_tasks_share_one_job_definition(shell):
    done = shell.submit(HELLO, *[f"names=N{n}" for n in range(8)], "--no-cache", "--wait")
    assert done.code == 0, done.stderr
    children = shell.children(done.job_id)
    assert len(children) == 8
    assert len({job["jobDefinition"] for job in children}) == 1


@pytest.mark.parametrize(("when", "kept"), [("success", False), ("failure", True)])
def test_delete_after_success(shell, cloud, folder, when, kept):
    done = shell.submit(HELLO, "--s3upload", folder, "--delete-after", when, "--wait")
    assert done.code == 0, done.stderr
    (run,) = {key.split("/")[1] for key in shell.keys("demo", folder[10:] + "/")}
    runs = list((cloud.state / "fsx" / "miniwdl_run").glob(run))
    assert bool(runs) is kept
