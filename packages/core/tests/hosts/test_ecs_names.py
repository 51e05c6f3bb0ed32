import pytest

from miniwdl_aws_core.hosts.ecs_names import cluster_of

ECS = "arn:aws:ecs:eu-central-1:123456789012"


@pytest.mark.parametrize(
    ("arn", "cluster"),
    [
        (f"{ECS}:task/hosts_Batch_1/0123abcd", "hosts_Batch_1"),
        (f"{ECS}:container-instance/hosts_Batch_1/0123abcd", "hosts_Batch_1"),
        (f"{ECS}:cluster/hosts_Batch_1", "hosts_Batch_1"),
        (f"{ECS}:task/0123abcd", ""),
        (f"{ECS}:container-instance/0123abcd", ""),
        ("", ""),
    ],
)
def test_the_cluster_is_in_arns_but_in_old_ones(arn: str, cluster: str) -> None:
    assert cluster_of(arn) == cluster
