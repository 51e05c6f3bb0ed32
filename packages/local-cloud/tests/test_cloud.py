from __future__ import annotations

import os
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_hooks.protocol import SENTINEL_NAME
from miniwdl_aws_local_cloud import CloudSettings, LocalCloud
from miniwdl_aws_local_cloud.batch.process.leftovers import end_leftovers
from miniwdl_aws_local_cloud.batch.runner import Ended
from miniwdl_aws_local_cloud.cloud_settings import JOB_MARKER
from miniwdl_aws_local_cloud.errors import StateFolderError

if TYPE_CHECKING:
    from miniwdl_aws_local_cloud.batch.runner import Execution, Launch


def test_environ_leads_there(cloud, monkeypatch) -> None:
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    assert boto3.Session().client("sts").get_caller_identity()["Account"]  # no other test's session
    assert cloud.environ["MINIWDL__AWS__WORKFLOW_QUEUE"] == "workflow"
    assert cloud.environ["MINIWDL__FILE_IO__ROOT"] == str(cloud.state / "fsx")
    assert (cloud.state / "fsx" / SENTINEL_NAME).exists()


def test_two_clouds_know_nothing_of_each_other(user, open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path) as other:
        job = other.run("true")
        assert user.describe(job["jobId"]) is None
        other.client("s3").put_object(Bucket="demo", Key="only-there", Body=b"x")
        user.client("s3").create_bucket(Bucket="only-here")
        with pytest.raises(ClientError, match="404"):
            user.client("s3").head_object(Bucket="demo", Key="only-there")
        with pytest.raises(ClientError, match="NoSuchBucket"):
            other.client("s3").list_objects_v2(Bucket="only-here")
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            other.client("batch", aws_access_key_id=user.cloud.access_key).describe_job_queues()
    assert user.run("true")["status"] == "SUCCEEDED"
    user.client("s3").delete_bucket(Bucket="only-here")


def test_one_cloud_for_a_folder(cloud) -> None:
    with pytest.raises(StateFolderError, match="another local cloud"), LocalCloud(cloud.state, lock_patience=0):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written(tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateFolderError, match="can't write"), LocalCloud(tmp_path / "state"):
        pass


def test_folder_that_is_a_file(tmp_path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StateFolderError, match="can't write"), LocalCloud(tmp_path / "state"):
        pass


def test_jobs_never_outlive_the_cloud(open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path, farewell=120) as user:
        ids = [
            user.submit(f"trap 'echo told > {tmp_path}/$AWS_BATCH_JOB_ID; exit' TERM; echo up; sleep 60 & wait")
            for _ in range(6)
        ]
        for job_id in ids[:4]:
            user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
        jobs = [user.cloud._scheduler.jobs[job_id] for job_id in ids]
    assert {job.status for job in jobs} == {"FAILED"}
    assert {job.detail["statusReason"] for job in jobs} == {"the local cloud goes down"}
    assert all((tmp_path / job_id).exists() for job_id in ids[:4])
    assert not (tmp_path / "work").exists()
    assert end_leftovers(tmp_path) == 0


def test_a_cloud_does_not_wait_long_for_jobs_that_go_on(open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path, farewell=0.1) as user:
        job_id = user.submit("trap '' TERM; echo up; while :; do sleep 0.02; done")
        user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
        job = user.cloud._scheduler.jobs[job_id]
    assert (job.status, job.detail["container"]["exitCode"]) == ("FAILED", 137)
    assert end_leftovers(tmp_path) == 0


def test_what_a_killed_cloud_left_running_is_ended(open_cloud, tmp_path) -> None:
    left = subprocess.Popen(["sleep", "60"], env={**os.environ, JOB_MARKER: str(tmp_path.resolve())})
    other = subprocess.Popen(["sleep", "60"], env={**os.environ, JOB_MARKER: str(tmp_path / "other")})
    try:
        with open_cloud(tmp_path):
            assert not psutil.pid_exists(left.pid)
            left.wait()
            assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_sigkill_comes_30_seconds_after_sigterm(open_cloud, tmp_path, monkeypatch) -> None:
    given: list[float] = []

    class Runner:
        def __init__(self, *_: object) -> None:
            """Take what a process runner takes."""

        def start(self, launch: Launch) -> Execution:
            launch.started()
            return SimpleNamespace(stop=lambda timeout: (given.append(timeout), launch.ended(Ended(137))), kill=None)

        def close(self) -> None:
            """Have nothing to close."""

    monkeypatch.setattr("miniwdl_aws_local_cloud.cloud.ProcessRunner", Runner)
    with open_cloud(tmp_path, stop_timeout=CloudSettings().stop_timeout) as user:
        job_id = user.submit("never runs")
        user.reach(job_id, "RUNNING")
        user.batch.terminate_job(jobId=job_id, reason="enough")
        user.ended(job_id)
    assert given == [30]


def test_a_rate_limit_like_that_of_aws(open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path, submit_rate=0.001) as user:
        user.submit("true")
        with pytest.raises(ClientError, match="TooManyRequests"):
            user.submit("true")


def test_many_connections_at_once(user) -> None:
    errors = []

    def work() -> None:
        try:
            client = user.client("batch")
            for _ in range(10):
                client.describe_job_queues()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the test tells
            errors.append(exc)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_import_of_the_package_is_light() -> None:
    script = (
        "import sys, miniwdl_aws_local_cloud as m; assert 'moto' not in sys.modules;"
        "assert all(getattr(m, name) for name in m.__all__)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    import miniwdl_aws_local_cloud

    with pytest.raises(AttributeError):
        miniwdl_aws_local_cloud.Nothing  # noqa: B018 - the access is what is tested


def test_what_moto_does_not_have(user) -> None:
    with pytest.raises(ClientError, match="has no fsx:DescribeSnapshots"):
        user.client("fsx").describe_snapshots()
