from __future__ import annotations

import pytest

from miniwdl_aws_core.batch.mounts import covering_mount, plan_mounts, sentinel_of
from miniwdl_aws_hooks import Mount

FSX = Mount("fsx", "/mnt/fsx", {"host": {"sourcePath": "/data/fsx"}}, sentinel=".mounted")
OTHER = Mount("ref", "/ref", {"host": {"sourcePath": "/ref"}}, read_only=True)


def test_the_nearest_mount_covers() -> None:
    whole = Mount("mnt", "/mnt", {})
    assert covering_mount([FSX, whole, OTHER], "/mnt/fsx/sub") is FSX
    assert covering_mount([FSX, whole], "/mnt/fsx2") is whole


@pytest.mark.parametrize("mounts", [[], [OTHER]])
def test_no_mount(mounts: list[Mount]) -> None:
    assert covering_mount(mounts, "/mnt/fsx") is None


def test_sentinel() -> None:
    assert sentinel_of(FSX) == "/mnt/fsx/.mounted"
    assert sentinel_of(OTHER) is None


def test_without_isolation() -> None:
    plan = plan_mounts([FSX, OTHER], "/mnt/fsx", None)
    assert [(point["containerPath"], point["readOnly"]) for point in plan.mount_points] == [
        ("/mnt/fsx", False),
        ("/ref", True),
    ]
    assert not plan.isolated


def test_isolation() -> None:
    plan = plan_mounts([FSX, OTHER], "/mnt/fsx", "/mnt/fsx/runs/r")
    assert [(point["containerPath"], point["readOnly"]) for point in plan.mount_points] == [
        ("/mnt/fsx", True),
        ("/ref", True),
        ("/mnt/fsx/runs/r", False),
    ]
    assert plan.volumes[-1] == {"name": "miniwdl-jobs", "host": {"sourcePath": "/data/fsx/runs/r"}}
    assert plan.isolated


def test_isolation_on_efs() -> None:
    volume = {"efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/share"}}
    plan = plan_mounts([Mount("efs", "/mnt/efs", volume)], "/mnt/efs", "/mnt/efs/r")
    assert plan.volumes[-1]["efsVolumeConfiguration"] == {"fileSystemId": "fs-1", "rootDirectory": "/share/r"}


def test_an_access_point_has_one_root_only() -> None:
    volume = {"efsVolumeConfiguration": {"fileSystemId": "fs-1", "authorizationConfig": {"accessPointId": "fsap-1"}}}
    plan = plan_mounts([Mount("efs", "/mnt/efs", volume)], "/mnt/efs", "/mnt/efs/r")
    assert not plan.isolated
    assert plan.mount_points == [{"containerPath": "/mnt/efs", "sourceVolume": "efs", "readOnly": False}]
