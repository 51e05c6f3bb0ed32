"""Job queues: found once, refused when a job sent there would never run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Queue", "QueueTable"]


@dataclass(frozen=True)
class Queue:
    """A job queue."""

    name: str
    arn: str
    state: str
    status: str
    reason: str
    tags: Mapping[str, str]
    fair_share: bool = False
    """Whether it has a scheduling policy, so that each of its jobs must name a share, as none of another queue may."""

    @property
    def problem(self) -> str | None:
        """Why jobs sent there would not run; ``None`` when nothing is known against it."""
        if self.state != "ENABLED":
            return f"job queue {self.name} is {self.state}: it takes no jobs"
        if self.status not in ("VALID", "UPDATING"):
            reason = f" ({self.reason})" if self.reason else ""
            return f"job queue {self.name} is {self.status}: its jobs would not run{reason}"
        return None


class QueueTable:
    """All job queues of an account and region."""

    def __init__(self, described: Iterable[Mapping[str, Any]]) -> None:
        """
        Keep the answer of DescribeJobQueues.

        :param described: its ``jobQueues``.
        """
        self._queues = [
            Queue(
                item["jobQueueName"],
                item["jobQueueArn"],
                item.get("state", ""),
                item.get("status", ""),
                item.get("statusReason", ""),
                item.get("tags") or {},
                bool(item.get("schedulingPolicyArn")),
            )
            for item in described
        ]

    def get(self, name: str) -> Queue | None:
        """Look a queue up by name or ARN."""
        return next((queue for queue in self._queues if name in (queue.name, queue.arn)), None)

    def find(self, name: str, source: str) -> Queue:
        """
        Find a queue that takes jobs.

        :param source: where the name comes from, for the error.
        :raises ConfigurationError: when there is none, or it takes no jobs.
        """
        queue = self.get(name)
        if queue is None:
            raise ConfigurationError(
                f"{source}: there is no job queue {name} in this account and region", hint=self.known()
            )
        if queue.problem:
            raise ConfigurationError(f"{source}: {queue.problem}")
        return queue

    def known(self, most: int = 8) -> str:
        """Say which queues there are."""
        names = sorted(queue.name for queue in self._queues)
        if not names:
            return "there are no job queues at all: check AWS_REGION and AWS_PROFILE"
        return f"the queues there are: {', '.join(names[:most])}{', ...' if len(names) > most else ''}"
