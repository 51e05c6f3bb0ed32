"""
What a task asks for in its ``runtime`` (or WDL 1.2 ``requirements``) section, checked against AWS's limits.

The keys that miniwdl itself evaluates (``cpu``, ``memory``, ``gpu`` ...) arrive as it left them; the others are in the
table :data:`HINTS`, which is also the list of what a task may set at all. They reach the job by
:mod:`~miniwdl_aws_batch_backend.jobs.draft`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.configuration import TIMEOUT
from miniwdl_aws_batch_backend.errors import TaskSettingError
from miniwdl_aws_core.batch.limits import MAX_CONSUMABLES, MIN_MEMORY
from miniwdl_aws_core.hosts.environments import placeable
from miniwdl_aws_core.options.shared import SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_batch_backend.configuration import BackendSettings

__all__ = ["ARM64", "HINTS", "OWN", "Hint", "Resources", "check_own", "read_hints", "resources_of"]

MIB = 1024 * 1024
DEFAULT_MEMORY_MIB = 1024
X86_64, ARM64 = "x86_64", "arm64"
_ARCHITECTURES = {X86_64: X86_64, "amd64": X86_64, ARM64: ARM64, "aarch64": ARM64}
"""By the names that AWS, Docker and ``uname`` have for them."""
MAX_GPUS = 16
"""Of the largest instance types, p2.16xlarge among them."""
MAX_VCPUS = 4096
MAX_MEMORY_MIB = 64 * MIB
"""More than any instance type has by far: what is below is for AWS Batch to say, which knows the queue's hosts."""
LONGEST = 100
"""Characters of a value that an error shows."""
MAX_TRIES = 1000
"""More would be for ever: a try takes minutes, if only to start a host."""
MAX_ULIMIT = 2**31 - 1
"""An Integer: https://docs.aws.amazon.com/batch/latest/APIReference/API_Ulimit.html"""
_ULIMITS = frozenset(
    ("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
     "rttime", "sigpending", "stack")
)  # fmt: skip
"""Names that ECS takes: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html"""

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}|arn:aws[a-z-]*:batch:[a-z0-9-]+:\d{12}:job-queue/[A-Za-z0-9_-]+")

_CONSUMABLE = re.compile(
    r"(arn:aws[a-z-]*:batch:[a-z0-9-]+:\d{12}:consumable-resource/)?[A-Za-z0-9][A-Za-z0-9_-]{0,127}"
)


@dataclass(frozen=True)
class Hint:
    """A key that a task may set besides those that miniwdl evaluates."""

    expected: str
    """What a value must be, as the error says it."""
    parse: Callable[[Any], Any]
    """Gives the value, or raises ``ValueError``."""


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError
        return value

    return parse


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - one exception for all ways in which a value can be wrong
        number = int(value)
        if number != float(value) or not low <= number <= high:
            raise ValueError
        return number

    return parse


def _parse_timeout(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as above
    return TIMEOUT.parse(str(value).strip())


def _parse_architecture(value: Any) -> str:
    return _ARCHITECTURES[str(value).lower()]


def _parse_accelerator(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _parse_ulimits(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004 - as above
    limits = []
    for item in value:
        name, _, numbers = str(item).partition("=")
        soft, _, hard = numbers.partition(":")
        if name not in _ULIMITS:
            raise ValueError
        low, high = _read_ulimit(soft), _read_ulimit(hard or soft)
        if high != UNLIMITED and not UNLIMITED < low <= high:
            raise ValueError
        limits.append({"name": name, "softLimit": low, "hardLimit": high})
    return limits


def _parse_processors(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not 0 <= number <= MAX_VCPUS:  # neither holds for what is no number
        raise ValueError
    return number


UNLIMITED = -1
_read_ulimit = _whole(UNLIMITED, MAX_ULIMIT)
_read_consumable, _read_quantity = _matching(_CONSUMABLE), _whole(1, 2**31 - 1)


def _parse_consumables(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or not 1 <= len(value) <= MAX_CONSUMABLES:
        raise ValueError
    return {_read_consumable(name): _read_quantity(quantity) for name, quantity in value.items()}


HINTS: Mapping[str, Hint] = {
    "queue": Hint("name or ARN of a job queue", _matching(_QUEUE)),
    "architecture": Hint('"x86_64" or "amd64", "arm64" or "aarch64"', _parse_architecture),
    "jobRoleArn": Hint("the ARN of an IAM role", _matching(_ROLE_ARN)),
    "executionRoleArn": Hint("the ARN of an IAM role", _matching(_ROLE_ARN)),
    "sharedMemorySize": Hint("a whole number of MiB between 1 and 1048576", _whole(1, 1024 * 1024)),
    "timeout": Hint(TIMEOUT.expected, _parse_timeout),
    "ulimits": Hint(
        'an array of texts like "nofile=1024:4096", limits of Linux whose first number is no greater',
        _parse_ulimits,
    ),
    "schedulingPriority": Hint("a whole number between 0 and 9999", _whole(0, 9999)),
    "shareIdentifier": Hint(SHARE.expected, SHARE.parse),
    "consumableResources": Hint(
        f"an object of 1 to {MAX_CONSUMABLES} names or ARNs of consumable resources, with whole numbers from 1",
        _parse_consumables,
    ),
    "acceleratorType": Hint("a text", _parse_accelerator),
    "acceleratorCount": Hint(f"a whole number between 1 and {MAX_GPUS}", _whole(1, MAX_GPUS)),
}


OWN: Mapping[str, Hint] = {
    "cpu": Hint(f"a number between 0 and {MAX_VCPUS}", _parse_processors),
    "maxRetries": Hint(f"a whole number between 0 and {MAX_TRIES}", _whole(0, MAX_TRIES)),
    "preemptible": Hint(f"a whole number between 0 and {MAX_TRIES}", _whole(0, MAX_TRIES)),
}
"""Keys that miniwdl evaluates, and takes whatever they are."""


@dataclass(frozen=True)
class Resources:
    """Processors, memory and GPUs of one try."""

    vcpu: int
    memory_mib: int
    gpu: int = 0


def read_hints(values: Mapping[str, Any], task: str) -> dict[str, Any]:
    """
    Pick the keys of :data:`HINTS` from evaluated runtime values and check them.

    :param values: JSON values by runtime key; other keys are left alone.
    :param task: how the error names the task.
    """
    return _read(HINTS, values, task)


def check_own(values: Mapping[str, Any], task: str) -> None:
    """
    Check the keys that miniwdl evaluates before it does: it makes something of what is below sense.

    :param values: as of :func:`read_hints`.
    """
    _read(OWN, values, task)


def _read(table: Mapping[str, Hint], values: Mapping[str, Any], task: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, hint in table.items():
        if values.get(key) is None:
            continue
        try:
            found[key] = hint.parse(values[key])
        except (ValueError, TypeError, OverflowError, KeyError):
            shown = _shown(values[key])
            raise TaskSettingError(f"task {task}: runtime.{key} must be {hint.expected}, not {shown}") from None
    return found


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def resources_of(runtime: Mapping[str, Any], settings: BackendSettings, task: str, growth: float = 1.0) -> Resources:
    """
    Work out what to ask AWS Batch for.

    :param runtime: miniwdl's effective runtime values, hints among them.
    :param growth: factor on the memory, above 1 after tries that ran out of it.
    """
    asked = -(-runtime.get("memory_reservation", DEFAULT_MEMORY_MIB * MIB) // MIB)  # whole numbers of whatever size
    if asked > MAX_MEMORY_MIB:
        raise TaskSettingError(f"task {task}: runtime.memory must be at most {MAX_MEMORY_MIB // MIB} TiB")
    if asked < MIN_MEMORY:
        raise TaskSettingError(f"task {task}: runtime.memory must be at least {MIN_MEMORY} MiB, not {asked} MiB")
    cap = max(asked, int(settings.memory_retry_max * 1024))
    memory = min(math.ceil(asked * growth), cap)
    gpu = 0
    if runtime.get("gpu") or str(runtime.get("acceleratorType", "")).startswith("nvidia"):
        gpu = runtime.get("acceleratorCount", 1)
    return Resources(max(1, runtime.get("cpu", 1)), placeable(memory), gpu)
