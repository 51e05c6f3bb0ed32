from dataclasses import replace

from miniwdl_aws_core.hosts.environments import ComputeEnvironment, environments_behind
from miniwdl_aws_core.options.shared import task_queues
from miniwdl_aws_hooks import EnvironSettings, PreflightContext

ARN = "arn:aws:batch:eu-west-1:123456789012"


def queue(name, *environments):
    order = [
        {"order": number, "computeEnvironment": f"{ARN}:compute-environment/{item}"}
        for number, item in enumerate(environments)
    ]
    return {
        "jobQueueName": name,
        "jobQueueArn": f"{ARN}:job-queue/{name}",
        # In no order that is promised.
        "computeEnvironmentOrder": order[::-1],
    }


class FakeBatch:
    def __init__(self, *queues):
        self.queues = queues

    def __call__(self, operation, **request):
        return getattr(self, operation)(**request)

    def describe_job_queues(self, jobQueues):  # noqa: N803 - the API's own name
        found = [item for item in self.queues if {item["jobQueueName"], item["jobQueueArn"]} & set(jobQueues)]
        return {"jobQueues": found}

    def describe_compute_environments(self, computeEnvironments):  # noqa: N803 - the API's own name
        assert len(computeEnvironments) == len(set(computeEnvironments))
        return {
            "computeEnvironments": [
                {"computeEnvironmentName": name.rpartition("/")[2], "computeEnvironmentArn": name}
                for name in sorted(computeEnvironments)
            ]
        }


def test_environments_of_queues_in_the_order_in_which_batch_tries_them():
    batch = FakeBatch(queue("task", "spot", "demand"), queue("other", "demand"), queue("not-asked-for", "more"))
    arn = f"{ARN}:job-queue/other"
    found = environments_behind(batch, [arn, "task", "missing"])
    assert [(name, [item.name for item in items]) for name, items in found.items()] == [
        (arn, ["demand"]),
        ("task", ["spot", "demand"]),
    ]


def test_nothing_is_asked_about_no_queues():
    assert environments_behind(None, []) == {}
    assert environments_behind(FakeBatch(queue("bare")), ["bare"]) == {"bare": []}


def test_an_environment():
    resources = {
        "type": "SPOT", "minvCpus": 2, "maxvCpus": 64, "instanceTypes": ["m6i", "c6i.large"], "subnets": ["subnet-1"],
        "securityGroupIds": ["sg-1"], "launchTemplate": {"launchTemplateId": "lt-1"},
    }  # fmt: skip
    detail = {
        "computeEnvironmentName": "spot", "type": "MANAGED", "state": "ENABLED", "status": "INVALID",
        "statusReason": "no role", "computeResources": resources,
        "ecsClusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/spot_Batch_1",
    }  # fmt: skip
    found = ComputeEnvironment.of(detail)
    assert found == ComputeEnvironment(
        "spot", "SPOT", ("subnet-1",), ("sg-1",), {"launchTemplateId": "lt-1"}, ("m6i", "c6i.large"), 2, 64,
        status="INVALID", reason="no role", cluster="spot_Batch_1",
    )  # fmt: skip
    assert found.managed
    assert not found.takes_jobs


def test_an_environment_whose_hosts_somebody_else_makes():
    found = ComputeEnvironment.of({"computeEnvironmentName": "own", "type": "UNMANAGED", "state": "DISABLED"})
    assert not found.managed
    assert not found.takes_jobs


def test_queues_of_tasks_by_what_they_are_for():
    settings = EnvironSettings({}, {("aws", "task_queue"): "config", ("aws", "task_queue_fallback_arm64"): "spare"})
    context = PreflightContext("workflow", "task", "/mnt/fsx", settings)
    assert task_queues(context) == {"task queue": "task", "arm64 fallback task queue": "spare"}
    assert task_queues(replace(context, task_queue=None))["task queue"] == "config"
