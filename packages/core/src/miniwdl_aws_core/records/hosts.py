"""The hosts on which a run's jobs ran: ``batch_hosts.jsonl`` in the topmost run directory."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from miniwdl_aws_core.records.lines import VERSION

__all__ = ["BATCH_HOSTS", "HostRecord", "Market"]

BATCH_HOSTS = "batch_hosts.jsonl"
"""Name of the file in the topmost run directory."""


class Market(StrEnum):
    """How an instance is paid for."""

    SPOT = "spot"
    ON_DEMAND = "on-demand"


@dataclass(frozen=True)
class HostRecord:
    """An EC2 instance, asked about while it was there; the last record of an instance counts."""

    container_instance_arn: str
    """As :attr:`~miniwdl_aws_core.records.jobs.JobRecord.container_instance_arn` has it."""
    instance_id: str
    instance_type: str | None = None
    """``m5.2xlarge``, for instance."""
    zone: str | None = None
    """Availability zone, such as ``eu-central-1a``."""
    market: Market | None = None
    """``None`` when that may not be asked."""
    vcpus: int | None = None
    """Of the whole instance."""
    memory_mib: int | None = None
    """Memory of the whole instance that jobs can ask for, which is less than the type's nominal one."""
    asked_at: int | None = None
    """Milliseconds since the epoch."""
    version: int = VERSION
