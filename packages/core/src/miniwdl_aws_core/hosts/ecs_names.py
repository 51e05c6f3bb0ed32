"""What the names of ECS's things say: AWS Batch runs jobs as tasks of a cluster of ECS. Pure."""

from __future__ import annotations

__all__ = ["cluster_of"]


def cluster_of(arn: str) -> str:
    """
    Take the cluster's name out of its own ARN, a task's or a container instance's; empty where it isn't in it.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids
    """
    kind, *names = arn.split("/")
    return names[0] if len(names) == (1 if kind.endswith(":cluster") else 2) else ""
