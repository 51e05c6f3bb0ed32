"""What the names of ECS's things say: AWS Batch runs jobs as tasks of a cluster of ECS. Pure."""

from __future__ import annotations

__all__ = ["cluster_of"]


def cluster_of(arn: str) -> str:
    """
    Take the cluster's name out of the ARN of a task or of a container instance; empty where it isn't in it.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids
    """
    parts = arn.split("/")
    return parts[1] if len(parts) == 3 else ""
