"""Hosts are asked about once, together, beside all else, and never in anybody's way."""

from __future__ import annotations

from typing import Any

import pytest
from fake_batch import client_error

from miniwdl_aws_batch_backend.records.hosts import Hosts
from miniwdl_aws_core.aws.errors import translated
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord, Market
from miniwdl_aws_core.records.lines import read_file

ARN = "arn:aws:ecs:us-east-1:123456789012:container-instance"


def on(host: str, queue: str = "task") -> Job:
    container = {"containerInstanceArn": host}
    return Job.of({"jobId": "j", "status": "RUNNING", "jobQueue": queue, "container": container})


class Aws:
    """AWS Batch, clients of ECS and EC2, and a thread that runs when a test says so."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, int]] = []
        self.connected: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.threads: list[Any] = []
        self.waits: list[tuple[bool, float]] = []
        """For how long somebody waited, while the threads went on; and whether there was nothing to wait for."""
        self.environments: dict[str, tuple[str, str]] = {}
        """By queue: the kind of its environment, and the cluster. Others have one that AWS Batch doesn't manage."""
        self.hosts = Hosts(
            "us-east-1", self.ask_batch, connect=self.connect, start=self.threads.append, clock=lambda: 5.0,
            wait=lambda idle, seconds: self.waits.append((idle.is_set(), seconds)) or self.run(),
        )  # fmt: skip

    def ask_batch(self, operation: str, **request: Any) -> dict[str, Any]:
        (names,) = request.values()
        self.requests.append(("batch", operation, len(names)))
        if "batch" in self.errors:
            with translated("ask"):
                raise self.errors["batch"]
        if operation == "describe_job_queues":
            found = [
                {
                    "jobQueueName": name,
                    "jobQueueArn": f"arn:{name}",
                    "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": f"{name}-hosts"}],
                }
                for name in names
            ]
            return {"jobQueues": found}
        return {"computeEnvironments": [self._environment(name) for name in names]}

    def _environment(self, name: str) -> dict[str, Any]:
        kind, cluster = self.environments.get(name.removesuffix("-hosts"), ("UNMANAGED", "cluster"))
        return {
            "computeEnvironmentName": name,
            "computeEnvironmentArn": f"arn:{name}",
            "ecsClusterArn": f"arn:aws:ecs:us-east-1:123456789012:cluster/{cluster}",
            **({"type": kind} if kind == "UNMANAGED" else {"type": "MANAGED", "computeResources": {"type": kind}}),
        }

    def asked(self, *services: str) -> list[tuple[str, str, int]]:
        return [item for item in self.requests if item[0] in services]

    def connect(self, service: str, region: str, *, attempts: int) -> Aws:
        assert (region, attempts) == ("us-east-1", 3)
        self.connected.append(service)
        with translated("use AWS"):
            if f"connect {service}" in self.errors:
                raise self.errors[f"connect {service}"]
        return self

    def run(self) -> None:
        while self.threads:
            self.threads.pop()()

    def describe_container_instances(self, cluster: str, containerInstances: list[str]) -> dict[str, Any]:  # noqa: N803
        self.requests.append(("ecs", cluster, len(containerInstances)))
        if "ecs" in self.errors:
            raise self.errors["ecs"]
        found = [
            {
                "containerInstanceArn": arn,
                "ec2InstanceId": f"i-{arn.rpartition('/')[2]}",
                "attributes": [
                    {"name": "ecs.instance-type", "value": "m5.large"},
                    {"name": "ecs.availability-zone", "value": "us-east-1a"},
                    {"name": "ecs.capability.docker"},
                ],
                "registeredResources": [
                    {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
                    {"name": "MEMORY", "type": "INTEGER", "integerValue": 7953},
                    {"name": "PORTS", "type": "STRINGSET"},
                ],
            }
            for arn in containerInstances
            if not arn.endswith("/gone")
        ]
        return {"containerInstances": found, "failures": []}

    def describe_instances(self, InstanceIds: list[str]) -> dict[str, Any]:  # noqa: N803
        self.requests.append(("ec2", "", len(InstanceIds)))
        if "ec2" in self.errors:
            raise self.errors["ec2"]
        lifecycle = {"i-a": "spot", "i-c": "capacity-block"}
        instances = [
            {"InstanceId": name, **({"InstanceLifecycle": lifecycle[name]} if name in lifecycle else {})}
            for name in InstanceIds
        ]
        return {"Reservations": [{"Instances": instances}]}


@pytest.fixture
def aws() -> Aws:
    return Aws()


def recorded(folder) -> list[HostRecord]:
    return list(read_file(HostRecord, folder, BATCH_HOSTS).records)


def test_each_host_is_asked_about_once_and_many_together(aws, tmp_path) -> None:
    for name in ("a", "b", "a", "c", "b"):
        aws.hosts.seen(on(f"{ARN}/cluster/{name}"), str(tmp_path))
    assert len(aws.threads) == 1
    assert aws.requests == [], "whoever tells of a job waits for nobody"
    aws.run()
    aws.hosts.seen(on(f"{ARN}/cluster/a"), str(tmp_path))
    aws.run()
    assert aws.asked("ecs", "ec2") == [("ecs", "cluster", 3), ("ec2", "", 3)]
    assert recorded(tmp_path)[0] == HostRecord(
        f"{ARN}/cluster/a", "i-a", "m5.large", "us-east-1a", Market.SPOT, 2, 7953, 5000
    )
    assert [item.market for item in recorded(tmp_path)] == [Market.SPOT, Market.ON_DEMAND, None]


def test_the_end_of_the_process_waits_a_moment_for_what_is_under_way(aws, tmp_path) -> None:
    aws.hosts.close()
    aws.hosts.seen(on(f"{ARN}/cluster/a"), str(tmp_path))
    aws.hosts.close()
    assert [item.instance_id for item in recorded(tmp_path)] == ["i-a"]
    aws.hosts.close()
    assert aws.waits == [(False, 2.0)]


def test_a_hundred_at_a_time_and_clusters_apart(aws, tmp_path) -> None:
    for number in range(150):
        aws.hosts.seen(on(f"{ARN}/one/{number}"), str(tmp_path))
    aws.hosts.seen(on(f"{ARN}/two/1"), str(tmp_path))
    aws.run()
    assert [size for service, _, size in aws.requests if service == "ecs"] == [100, 50, 1]
    assert len(recorded(tmp_path)) == 151


def test_hosts_that_come_later_take_no_further_clients(aws, tmp_path) -> None:
    for name in ("a", "b", "c"):
        aws.hosts.seen(on(f"{ARN}/cluster/{name}"), str(tmp_path))
        aws.run()
    assert len(recorded(tmp_path)) == 3
    assert aws.connected == ["ecs", "ec2"]


@pytest.mark.parametrize("arn", ["", f"{ARN}/0123abcd"])
def test_a_host_without_a_cluster_is_not_asked_about(aws, tmp_path, arn: str) -> None:
    aws.hosts.seen(on(arn), str(tmp_path))
    assert aws.threads == []


def test_a_host_that_has_gone_leaves_no_record(aws, tmp_path) -> None:
    aws.hosts.seen(on(f"{ARN}/cluster/gone"), str(tmp_path))
    aws.run()
    assert aws.requests == [("ecs", "cluster", 1)]
    assert not (tmp_path / BATCH_HOSTS).exists()


@pytest.mark.parametrize("where", ["ecs", "connect ecs"])
def test_who_may_not_ask_tries_once(aws, tmp_path, where: str) -> None:
    aws.errors[where] = client_error("DescribeContainerInstances", "AccessDeniedException")
    for name in ("a", "b"):
        aws.hosts.seen(on(f"{ARN}/cluster/{name}"), str(tmp_path))
        aws.run()
    assert aws.requests == [("ecs", "cluster", 1)] * (where == "ecs")


def test_an_outage_costs_its_own_hosts_alone(aws, tmp_path) -> None:
    aws.errors["ecs"] = client_error("DescribeContainerInstances", "ServerException", status=500)
    aws.hosts.seen(on(f"{ARN}/cluster/a"), str(tmp_path))
    aws.run()
    aws.errors.clear()
    aws.hosts.seen(on(f"{ARN}/cluster/b"), str(tmp_path))
    aws.run()
    assert [item.instance_id for item in recorded(tmp_path)] == ["i-b"]


def test_an_answer_that_makes_no_sense_is_an_outage(aws, tmp_path, monkeypatch) -> None:
    nonsense = {"containerInstances": [{"ec2InstanceId": "i-a"}]}
    with monkeypatch.context() as patched:
        patched.setattr(aws, "describe_container_instances", lambda **_: nonsense)
        aws.hosts.seen(on(f"{ARN}/cluster/a"), str(tmp_path))
        aws.run()
    aws.hosts.seen(on(f"{ARN}/cluster/b"), str(tmp_path))
    aws.run()
    assert [item.instance_id for item in recorded(tmp_path)] == ["i-b"]


def test_the_market_is_unknown_where_ec2_may_not_be_asked(aws, tmp_path) -> None:
    aws.errors["ec2"] = client_error("DescribeInstances", "UnauthorizedOperation", status=403)
    for name in ("a", "b"):
        aws.hosts.seen(on(f"{ARN}/cluster/{name}"), str(tmp_path))
        aws.run()
    assert [item.market for item in recorded(tmp_path)] == [None, None]
    assert [service for service, _, _ in aws.asked("ecs", "ec2")] == ["ecs", "ec2", "ecs"]


def test_environments_tell_how_their_hosts_are_paid_for(aws, tmp_path) -> None:
    aws.environments = {"cheap": ("SPOT", "one"), "safe": ("EC2", "two")}
    for number, (cluster, queue) in enumerate([("one", "cheap"), ("two", "safe"), ("one", "cheap"), ("two", "cheap")]):
        aws.hosts.seen(on(f"{ARN}/{cluster}/{number}", queue), str(tmp_path))
        aws.run()
    spot, demand = Market.SPOT, Market.ON_DEMAND
    assert [item.market for item in recorded(tmp_path)] == [spot, demand, spot, demand]
    assert aws.connected == ["ecs"], "a client of EC2 costs more than all else"
    operations = [operation for _, operation, _ in aws.asked("batch")]
    assert operations == ["describe_job_queues", "describe_compute_environments"] * 2, "each queue once"


def test_a_queue_without_the_hosts_cluster_is_asked_about_once(aws, tmp_path) -> None:
    aws.environments = {"task": ("SPOT", "another")}
    for name in ("a", "b"):
        aws.hosts.seen(on(f"{ARN}/cluster/{name}"), str(tmp_path))
        aws.run()
    assert [item.market for item in recorded(tmp_path)] == [Market.SPOT, Market.ON_DEMAND]
    assert len(aws.asked("batch")) == 2
    assert len(aws.asked("ec2")) == 2


@pytest.mark.parametrize(("code", "status", "again"), [("AccessDeniedException", 403, 0), ("ServerException", 500, 1)])
def test_ec2_is_asked_where_batch_can_not_be(aws, tmp_path, code: str, status: int, again: int) -> None:
    aws.environments = {"task": ("EC2", "cluster")}
    aws.errors["batch"] = client_error("DescribeJobQueues", code, status=status)
    for name in ("a", "b"):
        aws.hosts.seen(on(f"{ARN}/cluster/{name}"), str(tmp_path))
        aws.run()
    assert [item.market for item in recorded(tmp_path)] == [Market.SPOT, Market.ON_DEMAND]
    assert len(aws.asked("batch")) == 1 + again, "asked again after an outage alone"


def test_a_folder_that_has_gone_is_no_error(aws, tmp_path) -> None:
    aws.hosts.seen(on(f"{ARN}/cluster/a"), str(tmp_path / "nowhere"))
    aws.run()
    aws.hosts.seen(on(f"{ARN}/cluster/b"), str(tmp_path))
    aws.run()
    assert len(recorded(tmp_path)) == 1
