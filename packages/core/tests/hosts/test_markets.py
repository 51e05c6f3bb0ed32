from miniwdl_aws_core.hosts.environments import ComputeEnvironment
from miniwdl_aws_core.hosts.markets import markets_by_cluster
from miniwdl_aws_core.records.hosts import Market


def test_each_cluster_has_the_market_of_its_environment():
    environments = [
        ComputeEnvironment("spot", "SPOT", cluster="one"),
        ComputeEnvironment("demand", "EC2", cluster="two"),
        ComputeEnvironment("own", "UNMANAGED", cluster="three"),
        ComputeEnvironment("no-hosts", "FARGATE_SPOT", cluster="four"),
        ComputeEnvironment("on-eks", "EC2"),
    ]
    assert markets_by_cluster(environments) == {"one": Market.SPOT, "two": Market.ON_DEMAND}
