"""What a cloud remembers of the jobs that ended before it was up."""

from __future__ import annotations

import argparse
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_local_cloud.errors import NothingLeftError
from miniwdl_aws_local_cloud.kept_jobs import KEPT_JOBS, KeptJobs
from miniwdl_aws_local_cloud.up.submitting import enter

if TYPE_CHECKING:
    from pathlib import Path

JOB_ID = "00000000-0000-0000-0000-{:012}"


def line(number: int = 0, **changes: Any) -> str:
    """A line about a job that ended."""
    detail = {
        "jobArn": f"arn:{number}",
        "jobName": f"job-{number}",
        "jobId": JOB_ID.format(number),
        "jobQueue": "arn:queue",
        "jobDefinition": "arn:definition",
        "status": "SUCCEEDED",
        "attempts": [],
        "createdAt": number,
        "startedAt": number,
        "stoppedAt": number,
        "container": {"exitCode": 0},
        **changes,
    }
    return json.dumps({"queue": "task", "definition": "d", "detail": detail}) + "\n"


def names(folder: Path, **bounds: int) -> list[str]:
    return [job.spec.name for job in KeptJobs(folder, **bounds).read()]


def test_jobs_outlive_their_cloud(open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path) as user:
        single = user.run("exit 3", tags={"a": "b"})
        array = user.run("exit $AWS_BATCH_JOB_ARRAY_INDEX", arrayProperties={"size": 2})
        user.batch.tag_resource(resourceArn=single["jobArn"], tags={"later": "c"})
    assert stat.S_IMODE((tmp_path / KEPT_JOBS).stat().st_mode) == 0o600
    with open_cloud(tmp_path) as user:
        assert user.describe(single["jobId"]) == {**single, "tags": {"a": "b", "later": "c"}}
        assert user.describe(array["jobId"])["arrayProperties"] == array["arrayProperties"]
        assert user.describe(f"{array['jobId']}:1")["container"]["exitCode"] == 1
        everything = [{"name": "AFTER_CREATED_AT", "values": ["0"]}]
        listed = user.batch.list_jobs(jobQueue="task", filters=everything)["jobSummaryList"]
        assert {job["jobId"] for job in listed} == {single["jobId"], array["jobId"]}


def test_the_tags_of_an_old_job_are_added_to(open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path) as user:
        job = user.run("true", tags={"a": "b"})
    with open_cloud(tmp_path) as user:
        # moto looks for resources in its own account alone, which is another one for each cloud of a process
        arn = user.batch.describe_jobs(jobs=[job["jobId"]])["jobs"][0]["jobArn"]
        user.batch.tag_resource(resourceArn=arn, tags={"later": "d"})
        assert user.describe(job["jobId"])["tags"] == {"a": "b", "later": "d"}


def test_an_old_job_can_be_run_again_by_its_definition(open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path) as user:
        definition = user.define("of-then", environment=[{"name": "A", "value": "kept"}])
        job = user.run("exit 3", jobDefinition=definition)
    with open_cloud(tmp_path) as user:
        again = user.run("echo $A", jobDefinition=job["jobDefinition"])
        assert (again["status"], user.log(again)) == ("SUCCEEDED", ["kept"])
        (registered,) = user.batch.describe_job_definitions(jobDefinitionName="of-then")["jobDefinitions"]
        assert registered["containerProperties"]["image"] == "none"
        before = user.submit("sleep 60")
        after = user.submit("true", jobDefinition=job["jobDefinition"], dependsOn=[{"jobId": before}])
        assert {"exitCode", "logStreamName"}.isdisjoint(user.describe(after)["container"])
        user.batch.terminate_job(jobId=before, reason="enough")
        user.batch.deregister_job_definition(jobDefinition="of-then:1")
        with pytest.raises(ClientError, match="not in ACTIVE status"):
            user.run("true", jobDefinition=job["jobDefinition"])


def test_the_newest_stay(tmp_path) -> None:
    (tmp_path / KEPT_JOBS).write_text("".join(map(line, range(9))))
    assert names(tmp_path, most_jobs=2) == ["job-7", "job-8"]
    assert names(tmp_path, most_bytes=len(line()) + 20) == ["job-8"]
    kept = KeptJobs(tmp_path, most_jobs=2)
    kept.tidy()
    assert names(tmp_path) == ["job-7", "job-8"]
    for job in kept.read() * 2:  # so the file is written anew in between
        kept.add(job)
    assert names(tmp_path) == ["job-7", "job-8"]
    assert len((tmp_path / KEPT_JOBS).read_text()) < 4 * len(line())


@pytest.mark.parametrize(
    "bad",
    [
        line(1)[:-9],
        "[]\n",
        "{}\n",
        "[" * 100_000 + "\n",
        line(1, jobId="../../x"),
        line(1, status="RUNNING"),
        line(1, status=["SUCCEEDED"]),
        line(1, container="none"),
        line(1, attempts=[5]),
        line(1, tags={"a": 1}),
        line(1, createdAt="yesterday"),
        line(1).replace('"task"', "5"),
        line(1)[:-2] + ', "children": [{"jobId": "other:0"}]}\n',
        line(1)[:-2] + ', "children": 5}\n',
        "\udcff\udcfe\n",
    ],
    ids=range(15),
)
def test_what_was_cut_or_is_no_job_is_skipped(tmp_path, bad) -> None:
    (tmp_path / KEPT_JOBS).write_text(line(0) + bad + "\n" + line(2), errors="surrogateescape")
    assert names(tmp_path) == ["job-0", "job-2"]


VALUES = st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner))


@given(st.binary(), VALUES)
def test_nothing_in_the_file_is_a_reason_to_fail(tmp_path_factory, text, value) -> None:
    folder = tmp_path_factory.mktemp("kept")
    (folder / KEPT_JOBS).write_bytes(text + b"\n" + json.dumps({"detail": value}).encode() + b"\n" + line(2).encode())
    assert names(folder) == ["job-2"]


def test_a_file_that_is_none(tmp_path) -> None:
    assert names(tmp_path) == []
    os.mkfifo(tmp_path / KEPT_JOBS)
    assert names(tmp_path) == []
    (tmp_path / KEPT_JOBS).unlink()
    (tmp_path / "other").write_text(line())
    (tmp_path / KEPT_JOBS).symlink_to(tmp_path / "other")
    assert names(tmp_path) == []


def everything_in(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_looking_starts_nothing_and_leaves_the_folder_as_it_is(open_cloud, tmp_path, monkeypatch, capsys) -> None:
    state = tmp_path / "state"
    monkeypatch.setenv("MINIWDL_AWS_LOCAL_DIR", str(state))
    looking = argparse.Namespace(looking=True)
    with pytest.raises(NothingLeftError, match="no local cloud has been in"), enter(looking):
        pass
    assert not state.exists()
    with open_cloud(state) as user:
        job = user.run("true")
        user.client("s3").put_object(Bucket="demo", Key="a/b", Body=b"content")
    before = everything_in(state)
    with enter(looking) as environment:
        for name, value in environment.environ.items():
            monkeypatch.setenv(name, value)
        session = boto3.Session()
        assert session.client("batch").describe_jobs(jobs=[job["jobId"]])["jobs"] == [job]
        assert session.client("s3").get_object(Bucket="demo", Key="a/b")["Body"].read() == b"content"
    assert everything_in(state) == before
    assert f"the local cloud of {state} ended" in capsys.readouterr().err
