"""
On which instances a run's jobs ran: asked of ECS while they are there, for reports.

Nothing fails by it, and nothing waits for it but the end of the process, for a moment: a run of seconds has its record,
too. A thread asks, once for each instance; as long as one request is under way, instances of other jobs come together
for the next. Where ECS may not be asked nobody tries again.

How instances are paid for, the compute environments of the jobs' queues tell; they are asked about once. EC2 is asked
where these don't tell: of hosts that AWS Batch doesn't make, and where AWS Batch may not be asked. Where EC2 may not
either, it stays unknown. A client of EC2 costs as much processor time as recording hundreds of tries.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from miniwdl_aws_core.aws import session
from miniwdl_aws_core.aws.errors import AwsError, translated
from miniwdl_aws_core.hosts.ecs_names import cluster_of
from miniwdl_aws_core.hosts.environments import environments_behind
from miniwdl_aws_core.hosts.markets import markets_by_cluster
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
    # Python doesn't wait for it when the process ends; `close` does, and not for ever.
    threading.Thread(target=work, name="miniwdl-aws-hosts", daemon=True).start()


class _Sighting(NamedTuple):
    """A host that is to be asked about."""

    run_dir: str
    arn: str
    queue: str
    """Of the job that was seen there, by ARN or by name."""


class Hosts:
    """Writes a record of each instance into the run directory."""

    PATIENCE = 2.0
    """Seconds for what is under way when the process ends: a request or two, and the clients for them."""

    def __init__(
        self,
        region: str | None,
        ask_batch: Callable[..., Any],
        *,
        connect: Callable[..., Any] = session.connect,
        start: Callable[[Callable[[], None]], None] = _in_thread,
        clock: Callable[[], float] = time.time,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        """
        Ask nobody yet.

        :param region: from ``[aws] region``.
        :param ask_batch: sends a request to AWS Batch, as
            :func:`~miniwdl_aws_core.hosts.environments.environments_behind` wants it.
        :param connect: makes the client of another service.
        :param start: runs a function beside all else.
        :param wait: for an event, so many seconds at most.
        """
        self._region = region
        self._ask_batch = ask_batch
        self._connect = connect
        self._start = start
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._known: set[tuple[str, str]] = set()
        self._waiting: list[_Sighting] = []
        self._idle = threading.Event()
        self._idle.set()
        self._clients: dict[str, Any] = {}
        """By service, once needed: each costs as much as recording hundreds of tries."""
        self._refused: set[str] = set()
        """Services that we may not ask."""
        self._queues: set[str] = set()
        """Those whose compute environments are known."""
        self._markets: dict[str, Market] = {}
        """By cluster, as far as compute environments tell."""

    def seen(self, job: Job, run_dir: str) -> None:
        """
        Hear of a job, whose host may be a new one.

        :param run_dir: the topmost one, where the record goes.
        """
        host = (run_dir, job.container_instance_arn or "")
        with self._lock:
            if host in self._known or "ecs" in self._refused or not cluster_of(host[1]):
                return
            self._known.add(host)
            self._waiting.append(_Sighting(*host, job.queue_arn))
            if not self._idle.is_set():
                return
            self._idle.clear()
        self._start(self._work)

    def close(self) -> None:
        """Give what is under way a moment to end; the process is about to."""
        if not self._idle.is_set():
            self._wait(self._idle, self.PATIENCE)

    def _work(self) -> None:
        while True:
            with self._lock:
                wanted, self._waiting = self._waiting, []
                if not wanted:
                    self._idle.set()
                    return
            for sightings in _requests(wanted):
                for record in self._ask(cluster_of(sightings[0].arn), sightings):
                    with suppress(OSError):
                        append(sightings[0].run_dir, BATCH_HOSTS, record)

    def _ask(self, cluster: str, sightings: Sequence[_Sighting]) -> Sequence[HostRecord]:
        request = {"cluster": cluster, "containerInstances": [item.arn for item in sightings]}
        found = self._try("ecs", lambda: _records(self._client("ecs").describe_container_instances(**request))) or []
        markets = self._markets_of(cluster, {item.queue for item in sightings}, [item.instance_id for item in found])
        now = int(self._clock() * 1000)
        return [replace(item, market=markets.get(item.instance_id), asked_at=now) for item in found]

    def _markets_of(self, cluster: str, queues: set[str], ids: Sequence[str]) -> Mapping[str, Market | None]:
        """
        Learn how instances of a cluster are paid for: AWS Batch makes a cluster for each compute environment.

        :param queues: of jobs that ran there.
        """
        if not ids:
            return {}
        if cluster not in self._markets and (unknown := queues - self._queues - {""}):
            behind = self._try("batch", lambda: environments_behind(self._ask_batch, sorted(unknown)))
            if behind is not None:
                self._queues |= unknown
                self._markets.update(markets_by_cluster(chain.from_iterable(behind.values())))
        if cluster in self._markets:
            return dict.fromkeys(ids, self._markets[cluster])
        return self._try("ec2", lambda: _lifecycles(self._client("ec2").describe_instances(InstanceIds=ids))) or {}

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._connect(service, self._region, attempts=ATTEMPTS)
        return self._clients[service]

    def _try(self, service: str, ask: Callable[[], R]) -> R | None:
        """Ask a service, and read its answer; ``None`` when it can't be asked, or its answer can't be read."""
        if service in self._refused:
            return None
        try:
            with translated(f"ask {service.upper()} about hosts"):
                return ask()
        except AwsError as exc:
            logger.debug("hosts are not recorded: %s", exc.message)
            if not exc.retryable:
                self._refused.add(service)
            return None


def _requests(wanted: Sequence[_Sighting]) -> Iterator[list[_Sighting]]:
    """Split into requests, each about one cluster's hosts for one run directory."""
    groups: dict[tuple[str, str], list[_Sighting]] = {}
    for item in wanted:
        groups.setdefault((item.run_dir, cluster_of(item.arn)), []).append(item)
    for group in groups.values():
        for start in range(0, len(group), MAX_DESCRIBE):
            yield group[start : start + MAX_DESCRIBE]


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


def _lifecycles(answer: Mapping[str, Any]) -> Mapping[str, Market | None]:
    instances = [item for group in answer.get("Reservations") or () for item in group.get("Instances") or ()]
    return {item["InstanceId"]: _MARKETS.get(item.get("InstanceLifecycle")) for item in instances}
