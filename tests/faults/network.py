"""A network between the commands and the cloud that loses requests and answers, and a Batch that lags behind itself."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from faulty import Faults, Proxy, Share, faulty_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KINDS", "Network", "network"]

SUBMIT, LIST, DESCRIBE = "/v1/submitjob", "/v1/listjobs", "/v1/describejobs"
BATCH = "/v1/"

STUCK = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [x]"

KINDS = ("503", "slow down", "reset in the request", "page")
"""How calls fail: of AWS, on the way, and by a proxy that answers in AWS's place."""


@dataclass
class Network(Faults):
    """What goes wrong between a client and AWS Batch: so many times, or by chance."""

    chance: random.Random = field(default_factory=random.Random)
    failing: float = 0.0
    """Share of Batch's requests that fail before they are carried out."""
    lost: int = 0
    """SubmitJob requests that are carried out, and whose answers don't arrive."""
    losing: float = 0.0
    """The same as a share of all."""
    losing_arrays: int = 0
    """The same of array jobs."""
    throttling_arrays: float = 0.0
    """Share of the submissions of array jobs that AWS refuses for the time being."""
    lagging: int = 0
    """ListJobs requests by name whose answers lack the job."""
    lag: float = 0.0
    """Seconds for which ListJobs lacks a job after its submission."""
    vanishing: float = 0.0
    """Share of jobs that an answer of DescribeJobs lacks."""
    stuck: bool = False
    """Whether DescribeJobs says of all jobs that they wait for a host."""

    def __post_init__(self) -> None:
        self.url = ""
        self.issuer: Any = None
        self.submitted: list[str] = []
        """Ids that the cloud gave."""
        self.met: Counter[str] = Counter()
        self.requests = 0
        self.order: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._failing, self._losing = Share(self.failing, self.chance), Share(self.losing, self.chance)
        self._vanishing = Share(self.vanishing, self.chance)
        self._throttling_arrays = Share(self.throttling_arrays, self.chance)

    def next(self, path: str) -> str | None:
        if not path.startswith(BATCH):
            return None
        with self._lock:
            self.requests += 1
            kind = self.chance.choice(KINDS) if self._failing.draws() else None
            if kind is None and path == SUBMIT and (self.lost > 0 or self._losing.draws()):
                self.lost -= 1
                kind = "answer lost"
            if kind:
                self.met[kind] += 1
        return kind

    def change(self, path: str, body: bytes, answer: dict[str, Any]) -> None:
        """Change what Batch answers."""
        with self._lock:
            if path == SUBMIT:
                self.submitted.append(answer["jobId"])
            elif path == LIST and b"JOB_NAME" in body:
                self._lag(answer)
            elif path == DESCRIBE and self.stuck:
                answer["jobs"] = [_waiting(job) for job in answer["jobs"]]
                self.met["waiting"] += len(answer["jobs"])
            elif path == DESCRIBE and self.vanishing:
                there = [job for job in answer["jobs"] if not self._vanishing.draws()]
                self.met["vanished"] += len(answer["jobs"]) - len(there)
                answer["jobs"] = there

    def throttles(self) -> bool:
        """Whether the submission of an array is to be refused."""
        with self._lock:
            refused = self._throttling_arrays.draws()
            self.met["array refused"] += refused
        return refused

    def loses(self) -> bool:
        """Whether the answer to the submission of an array is to be lost."""
        with self._lock:
            self.losing_arrays -= 1
            lost = self.losing_arrays >= 0
            self.met["answer for an array lost"] += lost
        return lost

    def _lag(self, answer: dict[str, Any]) -> None:
        known = [job for job in answer["jobSummaryList"] if job["createdAt"] / 1000 + self.lag <= time.time()]
        if self.lagging > 0:
            self.lagging -= 1
            known = []
        self.met["not yet listed"] += len(answer["jobSummaryList"]) - len(known)
        answer["jobSummaryList"] = known


def _waiting(job: dict[str, Any]) -> dict[str, Any]:
    """Describe a job as AWS does that has no host for it."""
    begun = ("attempts", "container", "startedAt", "stoppedAt")
    return {key: value for key, value in job.items() if key not in begun} | {
        "status": "RUNNABLE", "statusReason": STUCK, "attempts": [],
    }  # fmt: skip


class BatchProxy(Proxy):
    """Changes Batch's answers, too."""

    faults: ClassVar[Network]

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        is_array = self.path == SUBMIT and b'"arrayProperties"' in body
        if is_array and self.faults.throttles():
            return 429, {"Content-Type": "application/json", "x-amzn-ErrorType": "TooManyRequestsException"}, b"{}"
        status, headers, data = super()._forward(body)
        if status == 200 and self.path in (SUBMIT, LIST, DESCRIBE):
            answer = json.loads(data)
            self.faults.change(self.path, body, answer)
            data = json.dumps(answer).encode()
            if is_array and self.faults.loses():
                raise ConnectionResetError("the answer is lost")
        return status, headers, data


@contextmanager
def network(
    endpoint: str, *, proxy: type[BatchProxy] = BatchProxy, issuer: Any = None, **wrong: Any
) -> Iterator[Network]:
    """
    Open one.

    :param issuer: of the credentials that are good, for a proxy that refuses others.
    :param wrong: as in :class:`Network`.
    """
    faults = Network(**wrong)
    faults.issuer = issuer
    with faulty_proxy(endpoint, faults, proxy) as faults.url:
        yield faults
