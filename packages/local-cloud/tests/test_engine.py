"""Jobs in real containers; needs Docker or Podman, and an image with Python and bash."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psutil
import pytest

from miniwdl_aws_local_cloud import CloudSettings, LocalCloud, detached
from miniwdl_aws_local_cloud.engine import LABEL
from miniwdl_aws_local_cloud.engine_connection import connect
from miniwdl_aws_local_cloud.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.containers

IMAGE = os.environ.get("MINIWDL_AWS_TEST_IMAGE", "localhost/debian-python:bookworm")
SETTINGS = CloudSettings(slots=64, stop_timeout=1, minimum_timeout=1, runner="engine")
FSX = {"name": "fsx", "host": {"sourcePath": "/mnt/fsx"}}


@pytest.fixture(scope="module")
def engine():
    """Give a connection; where there is no engine, skip with the reason, but fail in CI."""
    try:
        connection = connect()
    except EngineError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(exc))
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def cloud(engine, tmp_path_factory):
    with LocalCloud(tmp_path_factory.mktemp("cloud"), SETTINGS) as cloud:
        yield cloud


@pytest.fixture
def run(user):
    def start(script: str, *, wait: bool = True, **properties):
        properties = {"image": IMAGE, "command": ["bash", "-c", script], **properties}
        user.define("container", **properties)
        job_id = user.submit(jobDefinition="container")
        return user.ended(job_id) if wait else job_id

    return start


def test_a_job(user, run) -> None:
    job = run("echo out; echo err >&2; exit 3")
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 3)
    assert job["statusReason"] == "Essential container in task exited"
    assert sorted(user.log(job)) == ["err", "out"]


def test_the_log_is_live(user, run, cloud) -> None:
    script = "echo first; until [ -e /mnt/fsx/go ]; do sleep 0.02; done; echo second"
    mount = {"sourceVolume": "fsx", "containerPath": "/mnt/fsx"}
    job_id = run(script, wait=False, volumes=[FSX], mountPoints=[mount])
    job = user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
    assert user.log(job) == ["first"]
    (cloud.state / "fsx" / "go").touch()
    assert user.log(user.ended(job_id)) == ["first", "second"]


def test_nothing_of_the_host_comes_along(user, run, monkeypatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    job = run("env; ls /mnt")
    log = user.log(job)
    assert f"AWS_BATCH_JOB_ID={job['jobId']}" in log
    assert f"AWS_ENDPOINT_URL={user.cloud.endpoint}" in log
    assert not any("SECRET_OF_THE_HOST" in line or line.startswith("MINIWDL_CFG=") for line in log)


def test_mounts(user, run, cloud) -> None:
    job = run(
        "touch /data/new; touch /readonly/new; touch /made/new; ls /readonly",
        volumes=[FSX, {"name": "made", "host": {"sourcePath": "/not/there"}}],
        mountPoints=[
            {"sourceVolume": "fsx", "containerPath": "/data"},
            {"sourceVolume": "fsx", "containerPath": "/readonly", "readOnly": True},
            {"sourceVolume": "made", "containerPath": "/made"},
        ],
    )
    assert (cloud.state / "fsx/new").exists()
    assert (cloud.state / "host/not/there/new").exists()
    log = user.log(job)
    assert any("Read-only file system" in line for line in log)
    assert "new" in log


def test_user_and_limits(user, run) -> None:
    job = run(
        "id -u; id -g; ulimit -Sn; df -m --output=size /dev/shm | tail -1",
        user="1234:99",
        ulimits=[{"name": "nofile", "softLimit": 100, "hardLimit": 200}],
        linuxParameters={"sharedMemorySize": 32},
    )
    assert [line.strip() for line in user.log(job)] == ["1234", "99", "100", "32"]


def test_processor_and_memory(engine, user, run, cloud) -> None:
    needs = [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "100"}]
    job_id = run("sleep 600", wait=False, resourceRequirements=needs)
    user.reach(job_id, "RUNNING")
    (container,) = ours(engine, cloud.state)
    limits = container.attrs["HostConfig"]
    assert (limits["CpuShares"], limits["Memory"], limits["MemorySwap"]) == (2048, 100 << 20, 100 << 20)
    user.batch.terminate_job(jobId=job_id, reason="seen")
    user.ended(job_id)


def test_out_of_memory(run) -> None:
    job = run("exec python3 -c 'bytearray(300 << 20)'")
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_an_image_that_cannot_be_pulled(run) -> None:
    job = run("true", image="localhost:1/nowhere/nothing:1")
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotPullContainerError: ")
    assert "exitCode" not in job["container"]


def test_a_program_that_does_not_exist(run) -> None:
    job = run("", command=["no-such-program"])
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotStartContainerError: ")


@pytest.mark.parametrize(("on_term", "code"), [("echo bye; exit 9", 9), ("", 137)])
def test_terminated(user, run, on_term, code) -> None:
    job_id = run(f"trap '{on_term}' TERM; echo up; while :; do sleep 0.05; done", wait=False)
    user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
    user.batch.terminate_job(jobId=job_id, reason="enough")
    job = user.ended(job_id)
    assert (job["status"], job["statusReason"], job["container"]["exitCode"]) == ("FAILED", "enough", code)
    assert "reason" not in job["container"]


def test_timeout(user, run) -> None:
    user.define("slow", image=IMAGE, command=["sleep", "600"])
    job = user.run(jobDefinition="slow", timeout={"attemptDurationSeconds": 1})
    assert job["statusReason"] == "Job attempt duration exceeded timeout"


def test_fifty_at_once(user, run, cloud) -> None:
    user.define(
        "meeting",
        image=IMAGE,
        command=MEETING,
        volumes=[FSX],
        mountPoints=[{"sourceVolume": "fsx", "containerPath": "/mnt/fsx"}],
    )
    (cloud.state / "fsx/meeting").mkdir()
    ids = [user.submit(jobDefinition="meeting") for _ in range(50)]
    for _ in range(1200):
        jobs = user.batch.describe_jobs(jobs=ids)["jobs"]
        if all(job["status"] in {"SUCCEEDED", "FAILED"} for job in jobs):
            break
        threading.Event().wait(0.1)
    assert {job["status"] for job in jobs} == {"SUCCEEDED"}


MEETING = [
    "bash",
    "-c",
    "touch /mnt/fsx/meeting/$AWS_BATCH_JOB_ID; until [ $(ls /mnt/fsx/meeting | wc -l) = 50 ]; do sleep 0.1; done",
]


def test_containers_never_outlive_the_cloud(engine, open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path, runner="engine") as user:
        user.define("forever", image=IMAGE, command=["sleep", "600"])
        user.reach(user.submit(jobDefinition="forever"), "RUNNING")
        assert len(ours(engine, tmp_path)) == 1
    assert ours(engine, tmp_path) == []


def test_what_a_killed_cloud_left(engine, user, open_cloud, tmp_path) -> None:
    record = detached.ensure(tmp_path, runner="engine")
    server = psutil.Process(record.pid)
    services = [child for child in server.children() if "service" in child.cmdline()]
    options = {**user.cloud.client_options, "endpoint_url": record.endpoint, "aws_access_key_id": record.access_key}
    theirs = replace(user, cloud=SimpleNamespace(client_options=options))
    theirs.define("forever", image=IMAGE, command=["sleep", "600"])
    theirs.reach(theirs.submit(jobDefinition="forever"), "RUNNING")
    server.kill()
    server.wait()
    assert len(ours(engine, tmp_path)) == 1
    assert psutil.wait_procs(services, timeout=10)[1] == [], "podman's service ends with the cloud"
    with open_cloud(tmp_path, runner="engine"):
        assert ours(engine, tmp_path) == []


def ours(engine, state: Path) -> list:
    return engine.client.containers.list(all=True, filters={"label": f"{LABEL}={state.resolve()}"})
