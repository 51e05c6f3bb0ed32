"""What tries used over time, read from the directories of their tasks: records have no room for it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import read_bytes
from miniwdl_aws_core.records.usage import MAX_USAGE, SAMPLED_FROM, parse_usage, usage_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniwdl_aws_core.records.jobs import JobRecord
    from miniwdl_aws_core.records.usage import UsagePoint

__all__ = ["Series", "read_series"]

Series = dict[str, "tuple[UsagePoint, ...]"]
"""By the ids of jobs; those without samples are left out."""


def read_series(folder: Path, directory: str, records: Sequence[JobRecord]) -> Series:
    """
    Read the samples of a call's tries; nothing is opened of short ones.

    :param folder: the run's directory.
    :param directory: the call's below it.
    """
    found: Series = {}
    for record in records:
        if record.usage is None or (record.usage.wall_seconds or 0) < SAMPLED_FROM:
            continue
        with suppress(OSError):
            told = parse_usage(read_bytes(folder, f"{directory}/{usage_name(record.try_number)}", MAX_USAGE))
            if told and told[1].points:
                found[record.job_id] = told[1].points
    return found
