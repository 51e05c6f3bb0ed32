"""The host of a job, as ECS shows it."""

from __future__ import annotations


def test_a_job_runs_on_a_host_of_a_type_that_costs_nothing(user) -> None:
    host = user.run("true")["container"]["containerInstanceArn"]
    cluster = host.split("/")[1]
    gone = host[:-1] + "9"
    answer = user.client("ecs").describe_container_instances(cluster=cluster, containerInstances=[host, gone])
    (found,) = answer["containerInstances"]
    assert found["containerInstanceArn"] == host
    assert found["ec2InstanceId"].startswith("i-")
    attributes = {item["name"]: item["value"] for item in found["attributes"]}
    assert attributes == {"ecs.instance-type": "local", "ecs.availability-zone": "us-east-1a"}
    amounts = {item["name"]: item["integerValue"] for item in found["registeredResources"]}
    assert amounts["CPU"] >= 1024
    assert amounts["MEMORY"] > 0
    assert answer["failures"] == [{"arn": gone, "reason": "MISSING"}]


def test_other_questions_to_ecs_are_motos(user) -> None:
    assert user.client("ecs").list_clusters()["clusterArns"]
