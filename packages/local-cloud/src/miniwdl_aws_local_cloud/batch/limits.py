"""
The limits of AWS Batch that moto doesn't enforce. Pure.

Source: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html and the API reference of SubmitJob.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.door.protocols import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_DESCRIBE",
    "MAX_STOP",
    "check_definition",
    "check_job_name",
    "check_retry_strategy",
    "check_share",
    "check_submission",
    "check_tags",
    "check_timeout",
    "overrides_fault",
]

MAX_DESCRIBE = 100
"""Job ids of one DescribeJobs request."""
MAX_STOP = 50
"""Job ids of one TerminateJobs or CancelJobs request."""
MAX_PAYLOAD = 30 * 1024
MAX_DEFINITION = 24 * 1024
MAX_OVERRIDES = 8192
MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256
MAX_ATTEMPTS = 10
MAX_CONDITIONS = 5
MAX_DEPENDENCIES = 20
MAX_IMAGE = 255
MAX_CONSUMABLES = 5

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_SHARE = re.compile(r"[A-Za-z0-9]{1,255}\*?")
_TAG = re.compile(r"[\w\s+\-=.:/@]*", re.UNICODE)
_CONDITION = re.compile(r"[A-Za-z0-9.:\s]*\*?")
_EXIT_CONDITION = re.compile(r"[0-9]*\*?")


def _refuse(message: str) -> ApiError:
    return ApiError("ClientException", f"Error executing request, Exception : {message}")


def check_job_name(name: object) -> None:
    """Refuse a job name that AWS refuses."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _refuse(
            "Job name should match valid pattern: up to 128 letters (uppercase and lowercase), numbers, hyphens and "
            "underscores, the first of them alphanumeric"
        )


def check_tags(tags: Mapping[str, str] | None) -> None:
    """Refuse tags that AWS refuses."""
    if not tags:
        return
    if len(tags) > MAX_TAGS:
        raise _refuse(f"The number of tags exceeds the limit of {MAX_TAGS}.")
    for key, value in tags.items():
        if not 1 <= len(key) <= MAX_TAG_KEY or not _TAG.fullmatch(key):
            raise _refuse(f"Tag key {key!r} must have 1 to {MAX_TAG_KEY} letters, digits, spaces or + - = . _ : / @")
        if key.lower().startswith("aws:"):
            raise _refuse(f"Tag key {key!r} must not begin with aws:")
        if len(value) > MAX_TAG_VALUE or not _TAG.fullmatch(value):
            raise _refuse(
                f"Value of tag {key!r} must have at most {MAX_TAG_VALUE} letters, digits, spaces or + - = . _ : / @"
            )


def check_timeout(timeout: Mapping[str, Any] | None, minimum: int) -> None:
    """Refuse a timeout below the minimum."""
    seconds = (timeout or {}).get("attemptDurationSeconds")
    if seconds is not None and int(seconds) < minimum:
        raise _refuse(f"Timeout attemptDurationSeconds must be at least {minimum} seconds.")


def check_retry_strategy(strategy: Mapping[str, Any] | None) -> None:
    """Refuse a retry strategy that AWS refuses."""
    if not strategy:
        return
    attempts = strategy.get("attempts")
    if attempts is not None and not 1 <= int(attempts) <= MAX_ATTEMPTS:
        raise _refuse(f"Retry strategy attempts must be between 1 and {MAX_ATTEMPTS}.")
    conditions = strategy.get("evaluateOnExit") or []
    if len(conditions) > MAX_CONDITIONS:
        raise _refuse(f"evaluateOnExit must have at most {MAX_CONDITIONS} entries.")
    if conditions and attempts is None:
        raise _refuse("Retry strategy attempts must be specified when evaluateOnExit is.")
    for condition in conditions:
        if str(condition.get("action", "")).upper() not in {"RETRY", "EXIT"}:
            raise _refuse("evaluateOnExit action must be RETRY or EXIT.")
        for key, pattern in (("onReason", _CONDITION), ("onStatusReason", _CONDITION), ("onExitCode", _EXIT_CONDITION)):
            if not pattern.fullmatch(str(condition.get(key, ""))):
                raise _refuse(f"evaluateOnExit {key} {condition[key]!r} does not match the pattern {pattern.pattern}")


def check_definition(request: Mapping[str, Any], size: int, minimum_timeout: int) -> None:
    """
    Refuse a job definition that AWS refuses.

    :param size: bytes of the request.
    """
    if not _NAME.fullmatch(str(request.get("jobDefinitionName", ""))):
        raise _refuse(
            "jobDefinitionName should match valid pattern: up to 128 letters (uppercase and lowercase), numbers, "
            "hyphens and underscores, the first of them alphanumeric"
        )
    if size > MAX_DEFINITION:
        raise _refuse(f"JobDefinition size must be less than {MAX_DEFINITION // 1024} KiB")
    properties = request.get("containerProperties") or {}
    if len(str(properties.get("image", ""))) > MAX_IMAGE:
        raise _refuse(f"Container image must have at most {MAX_IMAGE} characters.")
    _check_environment(properties)
    check_tags(request.get("tags"))
    check_timeout(request.get("timeout"), minimum_timeout)
    check_retry_strategy(request.get("retryStrategy"))


def check_submission(request: Mapping[str, Any], size: int, minimum_timeout: int) -> None:
    """
    Refuse a SubmitJob request that AWS refuses at once.

    :param size: bytes of the request.
    """
    check_job_name(request.get("jobName"))
    if size > MAX_PAYLOAD:
        raise _refuse(f"SubmitJob payload size must be less than {MAX_PAYLOAD // 1024} KiB")
    overrides = request.get("containerOverrides") or {}
    if any(word == "" for word in overrides.get("command") or ()):
        raise _refuse("Container Overrides command can't contain an empty string.")
    _check_environment(overrides)
    if len(request.get("dependsOn") or ()) > MAX_DEPENDENCIES:
        raise _refuse(f"dependsOn must have at most {MAX_DEPENDENCIES} entries.")
    _check_consumables(request.get("consumableResourcePropertiesOverride"))
    check_tags(request.get("tags"))
    check_timeout(request.get("timeout"), minimum_timeout)
    check_retry_strategy(request.get("retryStrategy"))


def check_share(share: object, *, fair_share: bool) -> None:
    """
    Refuse a job whose share does not go with its queue.

    :param share: its share identifier.
    :param fair_share: whether the queue has a scheduling policy.
    """
    if not fair_share:
        if share:
            raise _refuse("shareIdentifier must not be specified: the job queue has no scheduling policy.")
        return
    if not share:
        raise ApiError("ClientException", "shareIdentifier must be specified.")
    if not _SHARE.fullmatch(str(share)):
        raise _refuse("shareIdentifier must have up to 255 letters and numbers, and may end with an asterisk.")


def _check_consumables(properties: Mapping[str, Any] | None) -> None:
    needs = (properties or {}).get("consumableResourceList") or ()
    if len(needs) > MAX_CONSUMABLES:
        raise _refuse(f"consumableResourceList must have at most {MAX_CONSUMABLES} entries.")
    if any(not item.get("consumableResource") or int(item.get("quantity") or 0) < 1 for item in needs):
        raise _refuse("each consumableResource must have a name and a quantity of at least 1.")


def _check_environment(container: Mapping[str, Any]) -> None:
    for variable in container.get("environment") or ():
        if str(variable.get("name", "")).startswith("AWS_BATCH"):
            raise _refuse("Environment variable names can't start with AWS_BATCH: this naming convention is reserved.")


def overrides_fault(request: Mapping[str, Any]) -> str | None:
    """Say why a job that was accepted fails at once: AWS checks this one limit only afterwards."""
    size = len(json.dumps(request.get("containerOverrides") or {}, separators=(",", ":"), ensure_ascii=False).encode())
    return f"Container Overrides length must be at most {MAX_OVERRIDES}" if size > MAX_OVERRIDES else None
