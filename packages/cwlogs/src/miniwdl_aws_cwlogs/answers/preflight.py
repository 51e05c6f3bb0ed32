"""Whether whoever asks may read the logs of Batch jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.job import DEFAULT_LOG_GROUP
from miniwdl_aws_cwlogs.errors import CwlogsError, StreamMissingError, ThrottledError
from miniwdl_aws_hooks import Check, CheckState

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_cwlogs.stream import Source

__all__ = ["check_log_group"]

PROBE = "miniwdl-aws-preflight"
"""A stream that nobody writes: that it is missing is an answer only to those who may ask."""


def check_log_group(source: Source, retention: Callable[[str], int | None], group: str = DEFAULT_LOG_GROUP) -> Check:
    """
    Make the very request that following a log needs.

    :param retention: looks up for how many days a group keeps events.
    """
    subject = f"log group {group}"
    try:
        source.get(group, PROBE, token=None, start_time=None)
    except StreamMissingError as exc:
        if "group" in exc.message.rpartition(":")[2]:
            return Check(subject, CheckState.WARNING, "not there yet", "AWS Batch makes it when a first job runs")
    except ThrottledError:
        return Check(subject, CheckState.WARNING, "too many requests by others at present", "logs may lag behind")
    except CwlogsError as exc:
        return Check(subject, CheckState.FAILED, exc.message, exc.hint)
    return Check(subject, CheckState.OK, f"can be read{_kept(retention, group)}")


def _kept(retention: Callable[[str], int | None], group: str) -> str:
    try:
        days = retention(group)
    except CwlogsError:
        return ""  # only whoever sets accounts up may ask, and nothing depends on it
    return f", keeps events for {days} days" if days else ", keeps events for ever, which is charged by size and month"
