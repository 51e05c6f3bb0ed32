"""This machine as AWS shows the hosts of jobs: one container instance of ECS in each cluster."""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.door.protocols import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["INSTANCE_TYPE", "Machine", "instance_arn"]

INSTANCE_TYPE = "local"
"""No type that AWS has, so that nobody takes this machine's time for something that costs money."""

_ID = uuid.UUID(int=1).hex
_INSTANCE = "i-00000000000000001"


def instance_arn(prefix: str, cluster: str) -> str:
    """
    Name this machine in a cluster.

    :param prefix: of ARNs of ECS: ``arn:aws:ecs:us-east-1:123456789012``.
    """
    return f"{prefix}:container-instance/{cluster}/{_ID}"


class Machine:
    """Answers requests to ECS about container instances; moto answers the others."""

    def __init__(self, region: str) -> None:
        """Serve one region."""
        self._region = region
        self.operations: Mapping[str, Callable[[bytes], Reply]] = {"DescribeContainerInstances": self.describe}

    def describe(self, body: bytes) -> Reply:
        """Tell of this machine, by whichever cluster it is asked for."""
        wanted = json.loads(body or b"{}").get("containerInstances") or []
        found = [arn for arn in wanted if arn.endswith(f"/{_ID}")]
        failures = [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in found]
        answer = {"containerInstances": [self._instance(arn) for arn in found], "failures": failures}
        return Reply(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode())

    def _instance(self, arn: str) -> dict[str, Any]:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        amounts = {"CPU": 1024 * (os.cpu_count() or 1), "MEMORY": memory}
        attributes = {"ecs.instance-type": INSTANCE_TYPE, "ecs.availability-zone": f"{self._region}a"}
        return {
            "containerInstanceArn": arn,
            "ec2InstanceId": _INSTANCE,
            "status": "ACTIVE",
            "attributes": [{"name": name, "value": value} for name, value in attributes.items()],
            "registeredResources": [
                {"name": name, "type": "INTEGER", "integerValue": amount} for name, amount in amounts.items()
            ],
        }
