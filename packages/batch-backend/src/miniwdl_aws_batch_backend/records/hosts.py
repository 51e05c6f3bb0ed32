"""
On which instances a run's jobs ran: asked of ECS and EC2 while they are there, for reports.

Nothing waits for it, and nothing fails by it. A thread asks, once for each instance; as long as one request is under
way, instances of other jobs come together for the next. Where ECS may not be asked nobody tries again, and where EC2
may not, how an instance is paid for stays unknown.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from miniwdl_aws_core.aws import session
from miniwdl_aws_core.aws.errors import AwsError, translated
from miniwdl_aws_core.hosts.ecs_names import cluster_of
from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord, Market
from miniwdl_aws_core.records.lines import append

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = ["Hosts"]

R = TypeVar("R")

logger = logging.getLogger(__name__)

MAX_DESCRIBE = 100
"""Container instances of one request."""

ATTEMPTS = 3
"""Tries of a request."""

CPU_UNITS = 1024
"""Of ECS, for each vCPU."""

_TYPE, _ZONE = "ecs.instance-type", "ecs.availability-zone"
_MARKETS = {None: Market.ON_DEMAND, "spot": Market.SPOT}
"""By EC2's lifecycle; there are others, which are paid for in other ways."""


def _in_thread(work: Callable[[], None]) -> None:
    # Not waited for when the process ends.
    threading.Thread(target=work, name="miniwdl-aws-hosts", daemon=True).start()


class Hosts:
    """Writes a record of each instance into the run directory."""

    def __init__(
        self,
        region: str | None,
        *,
        connect: Callable[..., Any] = session.connect,
        start: Callable[[Callable[[], None]], None] = _in_thread,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Ask nobody yet.

        :param region: from ``[aws] region``.
        :param connect: makes the client of a service.
        :param start: runs a function beside all else.
        """
        self._region = region
        self._connect = connect
        self._start = start
        self._clock = clock
        self._lock = threading.Lock()
        self._known: set[tuple[str, str]] = set()
        self._waiting: list[tuple[str, str]] = []
        self._busy = False
        self._clients: dict[str, Any] = {}
        """By service, once needed: each costs as much as recording hundreds of tries."""
        self._refused: set[str] = set()
        """Services that we may not ask."""

    def seen(self, job: Job, run_dir: str) -> None:
        """
        Hear of a job, whose host may be a new one.

        :param run_dir: the topmost one, where the record goes.
        """
        host = (run_dir, job.container_instance_arn or "")
        with self._lock:
            if not cluster_of(host[1]) or host in self._known or "ecs" in self._refused:
                return
            self._known.add(host)
            self._waiting.append(host)
            if self._busy:
                return
            self._busy = True
        self._start(self._work)

    def _work(self) -> None:
        while True:
            with self._lock:
                wanted, self._waiting = self._waiting, []
                if not wanted:
                    self._busy = False
                    return
            for run_dir, cluster, arns in _requests(wanted):
                for record in self._ask(cluster, arns):
                    with suppress(OSError):
                        append(run_dir, BATCH_HOSTS, record)

    def _ask(self, cluster: str, arns: Sequence[str]) -> Sequence[HostRecord]:
        request = {"cluster": cluster, "containerInstances": arns}
        found = self._call(_records, "ecs", "describe_container_instances", **request)
        ids = [item.instance_id for item in found]
        markets = self._call(_markets, "ec2", "describe_instances", InstanceIds=ids) if ids else {}
        now = int(self._clock() * 1000)
        return [replace(item, market=markets.get(item.instance_id), asked_at=now) for item in found]

    def _call(self, read: Callable[[Mapping[str, Any]], R], service: str, operation: str, **request: Any) -> R:
        """Ask, and read the answer: that of an empty one when it can't be asked or read."""
        if service in self._refused:
            return read({})
        try:
            if service not in self._clients:
                self._clients[service] = self._connect(service, self._region, attempts=ATTEMPTS)
            with translated(f"ask {service.upper()} about hosts"):
                return read(getattr(self._clients[service], operation)(**request))
        except AwsError as exc:
            logger.debug("hosts are not recorded: %s", exc.message)
            if not exc.retryable:
                self._refused.add(service)
            return read({})


def _requests(wanted: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, list[str]]]:
    """Split into requests: run directory, cluster, ARNs."""
    groups: dict[tuple[str, str], list[str]] = {}
    for run_dir, arn in wanted:
        groups.setdefault((run_dir, cluster_of(arn)), []).append(arn)
    for (run_dir, cluster), arns in groups.items():
        for start in range(0, len(arns), MAX_DESCRIBE):
            yield run_dir, cluster, arns[start : start + MAX_DESCRIBE]


def _records(answer: Mapping[str, Any]) -> list[HostRecord]:
    return [_record(item) for item in answer.get("containerInstances") or () if item.get("ec2InstanceId")]


def _record(item: Mapping[str, Any]) -> HostRecord:
    attributes = {entry.get("name"): entry.get("value") for entry in item.get("attributes") or ()}
    resources = {entry.get("name"): entry.get("integerValue") for entry in item.get("registeredResources") or ()}
    return HostRecord(
        container_instance_arn=item["containerInstanceArn"],
        instance_id=item["ec2InstanceId"],
        instance_type=attributes.get(_TYPE),
        zone=attributes.get(_ZONE),
        vcpus=resources["CPU"] // CPU_UNITS if resources.get("CPU") else None,
        memory_mib=resources.get("MEMORY"),
    )


def _markets(answer: Mapping[str, Any]) -> Mapping[str, Market | None]:
    instances = [item for group in answer.get("Reservations") or () for item in group.get("Instances") or ()]
    return {item["InstanceId"]: _MARKETS.get(item.get("InstanceLifecycle")) for item in instances}
