"""How hosts are paid for, as far as the compute environments say it that they belong to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.records.hosts import Market

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniwdl_aws_core.hosts.environments import ComputeEnvironment

__all__ = ["markets_by_cluster"]

_MARKETS = {"EC2": Market.ON_DEMAND, "SPOT": Market.SPOT}
"""By kind of environment. Fargate has no hosts, and AWS Batch knows nothing of those that it doesn't make."""


def markets_by_cluster(environments: Iterable[ComputeEnvironment]) -> dict[str, Market]:
    """
    Tell how the hosts of each cluster of ECS are paid for: every compute environment has one of its own.

    AWS Batch alone decides that for the hosts which it makes, whatever their launch template says;
    https://docs.aws.amazon.com/batch/latest/userguide/launch-templates.html. An environment whose kind somebody has
    just changed may still have a few hosts of the other kind.

    :return: by the cluster's name; nothing of clusters whose hosts AWS Batch doesn't make.
    """
    return {item.cluster: _MARKETS[item.kind] for item in environments if item.cluster and item.kind in _MARKETS}
