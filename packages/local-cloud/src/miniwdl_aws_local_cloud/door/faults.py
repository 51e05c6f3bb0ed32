"""
The fault plan: what goes wrong on purpose, how often, and for whom.

A plan is a list of faults, in Python or as JSON (``{"faults": [{"kind": "throttle", "operation": "SubmitJob"}]}``).
The first fault that matches and has repetitions left is used up by one. ``"requests_per_second": 50`` beside the list
is AWS Batch's limit on the requests of an account, those of all clients and operations together.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.door.rates import RateLimit
from miniwdl_aws_local_cloud.errors import FaultPlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Fault", "FaultKind", "FaultPlan", "HOST_LOST", "JOB_FAULTS", "OUT_OF_MEMORY", "REQUEST_FAULTS"]

HOST_LOST = "Host EC2 (instance i-08784105ffff56b4f) terminated."
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
CANNOT_PULL = (
    "CannotPullContainerError: Error response from daemon: pull access denied for nowhere/nothing, repository does not "
    "exist or may require 'docker login'"
)
STUCK = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type "
    "[m5.large]"
)


class FaultKind(StrEnum):
    """
    What a fault does.

    Faults of requests, which :data:`REQUEST_FAULTS` lists, take effect in the cloud's door; all others but that of
    exports are of jobs, in the scheduler and in the attempts of a job.
    """

    THROTTLE = "throttle"
    """A request is refused with TooManyRequestsException; with ``rate``, only those beyond it."""
    ERROR = "error"
    """A request is refused with the error code ``reason`` (InternalServerError) and HTTP status 500."""
    DELAY = "delay"
    """A request is answered ``seconds`` later."""
    INVISIBLE = "invisible"
    """DescribeJobs and ListJobs don't know the job for ``seconds`` after its submission."""
    STUCK = "stuck"
    """The job stays RUNNABLE with ``reason`` as its statusReason, for ``seconds`` or for ever when 0."""
    QUEUE_LIMIT = "queue-limit"
    """The job stays RUNNABLE with ``reason``; after ``seconds`` the queue's time limit for that state cancels it."""
    SLOW_START = "slow-start"
    """The job stays STARTING for ``seconds``."""
    START_FAILURE = "start-failure"
    """The container never starts: ``reason`` is its reason, such as CannotPullContainerError."""
    MOUNT_MISSING = "mount-missing"
    """The host has empty folders where file systems should be mounted, as Docker makes them without a word."""
    TIMEOUT = "timeout"
    """The job's timeout strikes ``seconds`` after the start, however long it is."""
    HOST_LOST = "host-lost"
    """The host goes away ``seconds`` after the start."""
    OUT_OF_MEMORY = "out-of-memory"
    """The kernel kills the container ``seconds`` after the start: exit code 137 and the reason."""
    KILL = "kill"
    """The container is killed ``seconds`` after the start, nobody says why: exit code 137."""
    NO_EXIT_CODE = "no-exit-code"
    """The container runs to its end, but Batch says FAILED and knows no exit code."""
    CONFLICTING_EXIT = "conflicting-exit"
    """The container runs to its end, but Batch says FAILED with ``exit_code`` (1) whatever it was."""
    EXPORT_FAILURE = "export-failure"
    """A file of an FSx export task fails with the error code ``reason`` (S3AccessDenied)."""


LIMIT = "requests_per_second"
"""Name of the account's limit in a plan."""
REQUEST_FAULTS = frozenset({FaultKind.THROTTLE, FaultKind.ERROR, FaultKind.DELAY})
JOB_FAULTS = frozenset(FaultKind) - REQUEST_FAULTS - {FaultKind.EXPORT_FAILURE}

_DEFAULT_REASONS = {
    FaultKind.ERROR: "InternalServerError",
    FaultKind.STUCK: STUCK,
    FaultKind.QUEUE_LIMIT: STUCK,
    FaultKind.START_FAILURE: CANNOT_PULL,
    FaultKind.HOST_LOST: HOST_LOST,
    FaultKind.OUT_OF_MEMORY: OUT_OF_MEMORY,
    FaultKind.EXPORT_FAILURE: "S3AccessDenied",
}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong on purpose."""

    kind: FaultKind
    operation: str = "*"
    """Requests that it hits, such as ``SubmitJob`` or ``Describe*``; not for jobs."""
    service: str = "*"
    """Services whose requests it hits, such as ``batch`` or ``logs``."""
    job: str = "*"
    """Names of jobs that it hits; ``*`` and ``?`` stand for any characters."""
    queue: str = "*"
    """Names of the job queues that it hits."""
    path: str = "*"
    """Files that it hits, relative to the root of the file system; for ``export-failure``."""
    attempt: int | None = None
    """Only this attempt of a job (1 is the first)."""
    times: int | None = 1
    """How often it happens; ``None`` for always."""
    seconds: float = 0.0
    """Duration or delay; see the kinds."""
    after: str | None = None
    """For what strikes a running job: not before there is a file of this absolute path."""
    rate: float | None = None
    """For ``throttle``: requests a second that pass."""
    reason: str | None = None
    """Text or error code; see the kinds for what it replaces."""
    exit_code: int | None = None
    """Exit code that Batch reports; see the kinds."""
    only_in_attempt: bool = False
    """For ``host-lost``: the job's own statusReason is the usual one, only its last attempt tells."""

    @property
    def text(self) -> str:
        """The reason, or what AWS says in such a case."""
        return self.reason or _DEFAULT_REASONS.get(self.kind, "")

    @classmethod
    def parse(cls, entry: Any) -> Fault:
        """Make a fault from an entry of a JSON plan."""
        if not isinstance(entry, dict) or "kind" not in entry:
            raise FaultPlanError(f"not a fault: {entry!r}", hint='each is an object with at least "kind"')
        unknown = sorted(set(entry) - {field.name for field in fields(cls)})
        if unknown:
            raise FaultPlanError(f"a fault has no {', '.join(unknown)}: {entry!r}")
        try:
            return cls(**{**entry, "kind": FaultKind(entry["kind"])})
        except ValueError as exc:
            kinds = ", ".join(kind.value for kind in FaultKind)
            raise FaultPlanError(f"unknown kind of fault {entry['kind']!r}", hint=f"known are {kinds}") from exc


@dataclass
class _Entry:
    fault: Fault
    left: int | None
    limit: RateLimit | None

    def use(self) -> bool:
        """Take one repetition, if one is left."""
        if self.left is None:
            return True
        self.left -= 1
        return self.left >= 0


def account_limit(requests_per_second: float) -> Fault:
    """
    Make the limit that AWS Batch has for an account: 50 requests a second of any kind.

    Source: https://repost.aws/knowledge-center/aws-batch-requests-error
    """
    return Fault(FaultKind.THROTTLE, service="batch", rate=requests_per_second, times=None)


class FaultPlan:
    """The faults still to come. Safe to use from several threads."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        """Start with some faults; more may be added while the cloud is up."""
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []
        self.add(faults)

    @staticmethod
    def parse(document: Any) -> list[Fault]:
        """Read the faults of a JSON plan."""
        limit = document.get(LIMIT) if isinstance(document, dict) else None
        entries = document.get("faults", [] if limit else None) if isinstance(document, dict) else None
        if not isinstance(entries, list):
            raise FaultPlanError("a fault plan is an object with a list of faults", hint='{"faults": [{"kind": ...}]}')
        faults = [Fault.parse(entry) for entry in entries]
        if limit is None:
            return faults
        if isinstance(limit, bool) or not isinstance(limit, int | float) or limit <= 0:
            raise FaultPlanError(f"{LIMIT} is not a number above 0: {limit!r}", hint="AWS Batch takes 50 of an account")
        return [*faults, account_limit(limit)]

    def add(self, faults: Iterable[Fault]) -> None:
        """Append to the plan."""
        with self._lock:
            for fault in faults:
                limit = RateLimit(fault.rate) if fault.rate is not None else None
                self._entries.append(_Entry(fault, fault.times, limit))

    def clear(self) -> None:
        """Let everything go well from now on."""
        with self._lock:
            self._entries.clear()

    def pending(self) -> Sequence[Fault]:
        """Tell the faults with repetitions left."""
        with self._lock:
            return [entry.fault for entry in self._entries]

    def for_request(self, operation: str, service: str = "batch") -> Fault | None:
        """Take the fault that hits a request, if any."""
        return self._take(
            lambda entry: (
                entry.fault.kind in REQUEST_FAULTS
                and fnmatchcase(operation, entry.fault.operation)
                and fnmatchcase(service, entry.fault.service)
                and (entry.limit is None or not entry.limit.take())
            )
        )

    def for_job(self, kinds: Iterable[FaultKind], job: str, queue: str, attempt: int) -> Fault | None:
        """Take the fault of one of the kinds that hits an attempt of a job, if any."""
        wanted = frozenset(kinds)
        return self._take(
            lambda entry: (
                entry.fault.kind in wanted
                and fnmatchcase(job, entry.fault.job)
                and fnmatchcase(queue, entry.fault.queue)
                and entry.fault.attempt in {None, attempt}
            )
        )

    def for_file(self, path: str) -> Fault | None:
        """Take the fault that hits the export of a file, if any."""
        return self._take(
            lambda entry: entry.fault.kind is FaultKind.EXPORT_FAILURE and fnmatchcase(path, entry.fault.path)
        )

    def _take(self, matches: Callable[[_Entry], bool]) -> Fault | None:
        if not self._entries:  # the usual case, on every request
            return None
        with self._lock:
            found = next((entry for entry in self._entries if matches(entry) and entry.use()), None)
            self._entries = [entry for entry in self._entries if entry.left is None or entry.left > 0]
        return found.fault if found else None
