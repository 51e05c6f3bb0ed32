"""
The limits of AWS Batch that moto doesn't enforce: the rules of :mod:`miniwdl_aws_core.rules.table`, as refusals. Pure.

They are read from the table and not written down here, so that a request which passes here passes wherever else the
tests hold it against the table. What depends on the state of the cloud is in this module alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.limits import MIN_TIMEOUT
from miniwdl_aws_core.rules.batch_jobs import SHARE, TIMEOUT
from miniwdl_aws_core.rules.table import breaches
from miniwdl_aws_local_cloud.door.protocols import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.rules.rule import Rule

__all__ = ["check", "check_share", "overrides_fault"]


def _refuse(message: str) -> ApiError:
    return ApiError("ClientException", f"Error executing request, Exception : {message}")


def check(operation: str, request: Mapping[str, Any], minimum_timeout: int = MIN_TIMEOUT) -> None:
    """
    Refuse a request that AWS refuses at once.

    :param operation: of AWS Batch: ``SubmitJob``.
    :param minimum_timeout: seconds, where a cloud takes less than AWS.
    """
    if operation == "SubmitJob" and not request.get("jobName"):
        raise _refuse("jobName must be specified.")  # the rules are about what a request has
    for breach in breaches(f"batch:{operation}", request):
        excused = breach.rule is TIMEOUT and str(breach.value).isdecimal() and int(breach.value) >= minimum_timeout
        if not breach.rule.later and not excused:
            raise _refuse(breach.rule.sentence)


def check_share(share: object, *, fair_share: bool) -> None:
    """
    Refuse a job whose share does not go with its queue.

    :param share: its share identifier.
    :param fair_share: whether the queue has a scheduling policy.
    """
    if not fair_share and share:
        raise _refuse("shareIdentifier must not be specified: the job queue has no scheduling policy.")
    if fair_share and not share:
        raise ApiError("ClientException", "shareIdentifier must be specified.")
    if share and not SHARE.holds(share):
        raise _refuse(SHARE.sentence)


def overrides_fault(request: Mapping[str, Any]) -> str | None:
    """Say why a job that was accepted fails at once: AWS checks some limits only afterwards."""
    late: list[Rule] = [breach.rule for breach in breaches("batch:SubmitJob", request) if breach.rule.later]
    return late[0].sentence if late else None
