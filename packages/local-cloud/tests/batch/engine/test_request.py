from __future__ import annotations

from pathlib import Path

import pytest

from miniwdl_aws_local_cloud.batch.engine.connection import connect
from miniwdl_aws_local_cloud.batch.engine.request import container_options, host_path
from miniwdl_aws_local_cloud.batch.jobs import JobSpec
from miniwdl_aws_local_cloud.batch.runner import StartError
from miniwdl_aws_local_cloud.errors import EngineError

STATE = Path("/state")


def options(*, is_podman: bool = False, **container: object) -> dict:
    spec = JobSpec("j", "q", 1, "e", "c", "d", {"image": "i", **container}, {}, 1, (), None, ())
    environment = {"AWS_ENDPOINT_URL": "http://cloud", "AWS_BATCH_JOB_ID": "1"}
    return container_options(spec, "task", state=STATE, environment=environment, is_podman=is_podman)


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("/mnt/fsx", "/state/fsx"),
        ("/mnt/fsx/a/b", "/state/fsx/a/b"),
        ("/mnt/fsx2", "/state/host/mnt/fsx2"),
        ("/state/fsx/a", "/state/fsx/a"),
        ("/etc", "/state/host/etc"),
        ("/", "/state/host"),
    ],
)
def test_paths_of_the_pretended_host(source, folder) -> None:
    assert host_path(source, STATE) == Path(folder)


@pytest.mark.parametrize("source", ["relative", "/mnt/fsx/../../etc", "/.."])
def test_paths_that_lead_out_of_it(source) -> None:
    with pytest.raises(StartError, match="invalid mount path"):
        host_path(source, STATE)


def test_a_link_that_a_job_planted_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "state/fsx").mkdir(parents=True)
    (tmp_path / "state/fsx/x").symlink_to(tmp_path)
    with pytest.raises(StartError, match="leads out of the host"):
        host_path("/mnt/fsx/x", tmp_path / "state")


def test_plain_job() -> None:
    assert options() == {
        "environment": {"AWS_ENDPOINT_URL": "http://cloud", "AWS_BATCH_JOB_ID": "1"},
        "use_config_proxy": False,
        "mounts": [],
        "network_mode": "host",
        "cpu_shares": 1024,
        "mem_limit": "512m",
        "memswap_limit": "512m",
        "privileged": False,
        "read_only": False,
        "devices": [],
    }


def test_everything() -> None:
    found = options(
        environment=[
            {"name": "AWS_ENDPOINT_URL", "value": "http://own"},
            {"name": "AWS_BATCH_JOB_ID", "value": "forged"},
            {"name": "X", "value": "1"},
        ],
        resourceRequirements=[
            {"type": "VCPU", "value": "0.5"},
            {"type": "MEMORY", "value": "100"},
            {"type": "GPU", "value": "2"},
        ],
        privileged=True,
        readonlyRootFilesystem=True,
        user="1000:1000",
        ulimits=[{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
        linuxParameters={
            "initProcessEnabled": True,
            "sharedMemorySize": 64,
            "tmpfs": [{"containerPath": "/t", "size": 10, "mountOptions": ["noexec"]}],
            "devices": [{"hostPath": "/dev/fuse", "permissions": ["READ", "WRITE"]}],
        },
        volumes=[{"name": "fsx", "host": {"sourcePath": "/mnt/fsx"}}, {"name": "scratch"}],
        mountPoints=[
            {"sourceVolume": "fsx", "containerPath": "/mnt/fsx", "readOnly": True},
            {"sourceVolume": "scratch", "containerPath": "/scratch"},
        ],
    )
    assert found["environment"] == {"AWS_ENDPOINT_URL": "http://own", "AWS_BATCH_JOB_ID": "1", "X": "1"}
    assert (found["cpu_shares"], found["mem_limit"]) == (512, "100m")
    assert (found["privileged"], found["read_only"], found["user"], found["init"]) == (True, True, "1000:1000", True)
    assert (found["shm_size"], found["tmpfs"]) == ("64m", {"/t": "size=10m,noexec"})
    assert found["devices"] == ["/dev/fuse:/dev/fuse:rw"]
    assert found["device_requests"][0]["Count"] == 2
    assert [(item["Name"], item["Soft"], item["Hard"]) for item in found["ulimits"]] == [("nofile", 1, 2)]
    mounts = [(item["Source"], item["Target"], item["ReadOnly"]) for item in found["mounts"]]
    assert mounts == [("/state/fsx", "/mnt/fsx", True), ("/state/host/volumes/task/scratch", "/scratch", False)]


def test_podman_gets_the_limits_that_it_would_raise() -> None:
    given = [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]
    assert [item["Name"] for item in options(is_podman=True, ulimits=given)["ulimits"]] == ["nofile", "nproc"]
    assert "ulimits" not in options(is_podman=True)


@pytest.mark.parametrize(
    "container",
    [
        {"secrets": [{"name": "S", "valueFrom": "arn"}]},
        {
            "volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
            "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}],
        },
    ],
)
def test_what_only_aws_has(container) -> None:
    with pytest.raises(StartError, match="ResourceInitializationError"):
        options(**container)


def test_no_engine(tmp_path) -> None:
    with pytest.raises(EngineError, match="DOCKER_HOST=unix:///nowhere") as caught:
        connect({"DOCKER_HOST": "unix:///nowhere"})
    assert "--runner process" in caught.value.hint


def test_a_podman_that_does_not_start(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("miniwdl_aws_local_cloud.batch.engine.connection._sockets", lambda _: [])
    with pytest.raises(EngineError, match="no container engine was found"):
        connect({"PATH": str(tmp_path)})
    podman = tmp_path / "podman"
    podman.write_text("#!/bin/sh\necho sorry >&2\nexit 1\n")
    podman.chmod(0o755)
    with pytest.raises(EngineError, match="sorry"):
        connect({"PATH": str(tmp_path)})
