from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def test_a_file_system_that_is_asked_for(user) -> None:
    fsx = user.client("fsx")
    system = fsx.create_file_system(
        FileSystemType="LUSTRE",
        StorageCapacity=2400,
        SubnetIds=["subnet-00000001"],
        FileSystemTypeVersion="2.12",
        LustreConfiguration={"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 250},
    )["FileSystem"]
    (described,) = fsx.describe_file_systems(FileSystemIds=[system["FileSystemId"]])["FileSystems"]
    assert described["Lifecycle"] == "AVAILABLE"
    assert described["FileSystemTypeVersion"] == "2.12"
    assert described["DNSName"] == f"{system['FileSystemId']}.fsx.us-east-1.amazonaws.com"
    lustre = described["LustreConfiguration"]
    assert (lustre["DeploymentType"], lustre["PerUnitStorageThroughput"]) == ("PERSISTENT_2", 250)
    assert len(lustre["MountName"]) == 8
    assert len(fsx.describe_file_systems()["FileSystems"]) >= 2
    fsx.delete_file_system(FileSystemId=system["FileSystemId"])


def test_another_type(user) -> None:
    system = user.client("fsx").create_file_system(
        FileSystemType="OPENZFS", StorageCapacity=64, SubnetIds=["subnet-00000001"]
    )
    assert system["FileSystem"]["FileSystemType"] == "OPENZFS"


def test_unknown_file_system(user) -> None:
    with pytest.raises(ClientError) as caught:
        user.client("fsx").describe_file_systems(FileSystemIds=["fs-00000000000000000"])
    assert caught.value.response["Error"]["Code"] == "FileSystemNotFound"


def test_the_file_system_of_a_folder_has_always_the_same_id(user, open_cloud, tmp_path) -> None:
    def system_id(someone) -> str:
        (queue,) = someone.batch.describe_job_queues(jobQueues=["workflow"])["jobQueues"]
        return queue["tags"]["DefaultFsId"]

    found = []
    for _ in range(2):
        with open_cloud(tmp_path) as other:
            found.append(system_id(other))
    assert found[0] == found[1] != system_id(user)
