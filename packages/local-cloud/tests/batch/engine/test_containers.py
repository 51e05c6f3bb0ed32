"""Jobs in real containers; needs Docker or Podman, and an image with Python and bash."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psutil
import pytest

from miniwdl_aws_local_cloud import CloudSettings, LocalCloud
from miniwdl_aws_local_cloud.batch.engine.connection import connect
from miniwdl_aws_local_cloud.batch.engine.containers import containers_of
from miniwdl_aws_local_cloud.errors import EngineError
from miniwdl_aws_local_cloud.up import detached

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.containers

IMAGE = os.environ.get("MINIWDL_AWS_TEST_IMAGE", "localhost/debian-python:bookworm")
SETTINGS = CloudSettings(slots=64, stop_timeout=5, minimum_timeout=1, runner="engine")
ELSEWHERE = "localhost:1/nowhere/nothing:1"
"""An image of a registry that nobody can reach."""
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


def test_nothing_of_the_host_comes_along(engine, open_cloud, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "config.json").write_text('{"proxies": {"default": {"httpProxy": "http://me:secret@proxy:1"}}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with open_cloud(tmp_path / "state", runner="engine") as user:
        user.define("look", image=IMAGE, command=["env", "-0"])
        job = user.run(jobDefinition="look")
        found = dict(item.split("=", 1) for item in "".join(user.log(job)).split("\0") if item)
        assert found.pop("AWS_BATCH_JOB_ID") == job["jobId"]
        assert found.pop("AWS_ENDPOINT_URL") == user.cloud.endpoint
        assert found.pop("WDL_WHERE") == "--local"
        assert found.pop("AWS_ACCESS_KEY_ID") == user.cloud.job_key
        user.define("look", image=IMAGE, command=["cut", "-d ", "-f2", "/proc/mounts"])
        mounted = user.log(user.run(jobDefinition="look"))
    image = engine.client.images.get(IMAGE).attrs["Config"].get("Env") or []
    assert set(found) <= OF_THE_CLOUD | OF_THE_ENGINE | {item.partition("=")[0] for item in image}
    assert not [path for path in mounted if path.startswith((str(tmp_path), "/root", "/home", "/mnt"))]


OF_THE_CLOUD = {
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_BATCH_JOB_ATTEMPT",
    "AWS_BATCH_CE_NAME",
    "AWS_BATCH_JQ_NAME",
}
OF_THE_ENGINE = {"PATH", "HOME", "HOSTNAME", "TERM", "container"}


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


def test_another_user_in_a_folder_that_is_closed_to_others(open_cloud, tmp_path) -> None:
    before = os.umask(0o077)
    try:
        with open_cloud(tmp_path / "state", runner="engine") as user:
            (tmp_path / "state/fsx/task").mkdir()
            (tmp_path / "state/fsx/task").chmod(0o777)
            user.define(
                "other",
                image=IMAGE,
                command=["bash", "-c", "id -u > /mnt/fsx/task/made && cat /mnt/fsx/task/made"],
                user="1234:99",
                volumes=[FSX],
                mountPoints=[{"sourceVolume": "fsx", "containerPath": "/mnt/fsx"}],
            )
            assert user.log(user.run(jobDefinition="other")) == ["1234"]
    finally:
        os.umask(before)


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
    container.reload()
    limits = container.attrs["HostConfig"]
    assert (limits["CpuShares"], limits["Memory"], limits["MemorySwap"]) == (2048, 100 << 20, 100 << 20)
    user.batch.terminate_job(jobId=job_id, reason="seen")
    user.ended(job_id)


def test_out_of_memory(run) -> None:
    job = run("exec python3 -c 'bytearray(300 << 20)'")
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_an_image_that_cannot_be_pulled(run) -> None:
    job = run("true", image=ELSEWHERE)
    assert job["statusReason"] == "Task failed to start"
    reason = job["container"]["reason"]
    assert reason.startswith("CannotPullContainerError: Error response from daemon: ")
    assert "connection refused" in reason, "the engine's own words, which say what is wrong"
    assert "exitCode" not in job["container"]


@pytest.fixture
def present(engine):
    """An image that is here under a name by which no registry has it."""
    engine.client.images.get(IMAGE).tag(*ELSEWHERE.rsplit(":", 1))
    yield ELSEWHERE
    engine.client.images.remove(ELSEWHERE)


def test_an_image_that_is_here_is_used(run, present) -> None:
    assert run("true", image=present)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("pull", "image", "words"),
    [
        ("always", ELSEWHERE, ["CannotPullContainerError: ", "connection refused"]),
        ("never", ELSEWHERE, []),
        ("never", f"{ELSEWHERE}-but-absent", ["CannotPullContainerError: ", "No such image"]),
    ],
)
def test_pull_policy(open_cloud, tmp_path, present, pull, image, words) -> None:
    with open_cloud(tmp_path, runner="engine", pull=pull) as user:
        user.define("pulled", image=image, command=["true"])
        job = user.run(jobDefinition="pulled")
    assert job["status"] == ("FAILED" if words else "SUCCEEDED")
    assert all(word in job["container"]["reason"] for word in words)


def test_a_program_that_does_not_exist(run) -> None:
    job = run("", command=["no-such-program"])
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotStartContainerError: ")


def test_a_job_that_heeds_sigterm(user, run) -> None:
    job_id = run("trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done", wait=False)
    user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
    user.batch.terminate_job(jobId=job_id, reason="enough")
    job = user.ended(job_id)
    assert (job["status"], job["statusReason"], job["container"]["exitCode"]) == ("FAILED", "enough", 9)
    assert user.log(job) == ["up", "bye"]
    assert "reason" not in job["container"]


@pytest.mark.parametrize(
    "why",
    [
        "enough",
        pytest.param(
            "Job attempt duration exceeded timeout",
            marks=pytest.mark.sends_what_aws_refuses("batch-timeout", reason="waits for a second, not for a minute"),
        ),
    ],
)
def test_a_job_that_does_not_is_killed_later(user, why) -> None:
    script = "trap 'date +%s%3N' TERM; echo up; while :; do sleep 0.05; done"
    user.define("deaf", image=IMAGE, command=["bash", "-c", script])
    limits = {} if why == "enough" else {"timeout": {"attemptDurationSeconds": 1}}
    job_id = user.submit(jobDefinition="deaf", **limits)
    if why == "enough":
        user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
        user.batch.terminate_job(jobId=job_id, reason=why)
    job = user.ended(job_id)
    assert (job["status"], job["statusReason"], job["container"]["exitCode"]) == ("FAILED", why, 137)
    assert "reason" not in job["container"]
    up, asked = user.log(job)
    assert up == "up"
    assert job["stoppedAt"] - int(asked) > 900 * SETTINGS.stop_timeout


def test_fifty_at_once(engine, user, cloud) -> None:
    # The shell counts by itself: fifty that start programs to do it would leave no processor to those who are to come.
    script = "touch $AWS_BATCH_JOB_ID; until set -- *; [ $# = 50 ]; do sleep 0.5; done"
    user.define(
        "meeting",
        image=IMAGE,
        command=["bash", "-c", f"cd /mnt/fsx/meeting && {script}"],
        volumes=[FSX],
        mountPoints=[{"sourceVolume": "fsx", "containerPath": "/mnt/fsx"}],
    )
    (cloud.state / "fsx/meeting").mkdir()
    ids = [user.submit(jobDefinition="meeting") for _ in range(50)]

    def states() -> set[str]:
        return {job["status"] for job in user.batch.describe_jobs(jobs=ids)["jobs"]}

    assert happens(lambda: states() <= {"SUCCEEDED", "FAILED"})
    assert states() == {"SUCCEEDED"}
    assert happens(lambda: ours(engine, cloud.state) == []), "containers are removed when they have ended"


def happens(condition: Callable[[], bool]) -> bool:
    """Look for up to a minute."""
    pause = threading.Event()
    return any(condition() or pause.wait(0.1) for _ in range(600))


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
    return containers_of(engine.client, state.resolve())
