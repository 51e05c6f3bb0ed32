import pytest

from miniwdl_aws_fsx_mount.aws.file_system import find_file_system
from miniwdl_aws_fsx_mount.checks.cost import check_cost
from miniwdl_aws_hooks import CheckState


@pytest.mark.parametrize(
    ("lustre", "capacity", "said"),
    [
        ({"DeploymentType": "SCRATCH_2"}, 1200, "costs about $168 a month, also while nothing runs ($0.140 a GB"),
        ({"DeploymentType": "SCRATCH_2"}, 2400, "costs about $336 a month"),
        ({"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 125}, 1200, "costs about $174 a month"),
        (
            {"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 1000}, 1200,
            "1200 GiB at 1000 MB/s per TiB cost the same whether or not anything runs; no price is known here",
        ),
    ],
)  # fmt: skip
def test_what_a_file_system_costs(make_description, fsid, lustre, capacity, said):
    description = {**make_description(StorageCapacity=capacity), "LustreConfiguration": lustre}
    (found,) = check_cost(find_file_system([description], fsid), {})
    assert found.state is CheckState.OK
    assert found.message.startswith(said)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_FSX"])
def test_another_cloud_has_other_prices(make_description, fsid, name):
    assert list(check_cost(find_file_system([make_description()], fsid), {name: "http://localhost:1"})) == []
