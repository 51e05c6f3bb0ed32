"""Rules of AWS Batch for jobs and their definitions. Pure."""

from __future__ import annotations

from typing import Any

from miniwdl_aws_core.batch.limits import (
    IMAGE_NAME,
    MAX_ARRAY,
    MAX_ATTEMPTS,
    MAX_CONDITIONS,
    MAX_CONSUMABLES,
    MAX_DEFINITION,
    MAX_DEPENDENCIES,
    MAX_IMAGE,
    MAX_NAME,
    MAX_OVERRIDES,
    MAX_PRIORITY,
    MAX_REQUEST,
    MIN_ARRAY,
    MIN_MEMORY,
    MIN_TIMEOUT,
    sent_size,
)
from miniwdl_aws_core.rules.checks import at_most, between, compact_size, matches, within
from miniwdl_aws_core.rules.rule import Rule, values_at

__all__ = ["OVERRIDES", "RULES", "SHARE", "TIMEOUT"]

_API = "https://docs.aws.amazon.com/batch/latest/APIReference/API_"
_SUBMIT = _API + "SubmitJob.html"
_DEFINE = _API + "RegisterJobDefinition.html"
_CONTAINER = _API + "ContainerProperties.html"
_EXIT = _API + "EvaluateOnExit.html"
_QUOTAS = "https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html"

JOB = ("batch:SubmitJob",)
DEFINITION = ("batch:RegisterJobDefinition",)
EITHER = JOB + DEFINITION

_NAME = rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{MAX_NAME - 1}}}"
_CHARACTERS = "letters, digits, hyphens and underscores, and begins with a letter or digit"
_CONDITIONS = "retryStrategy.evaluateOnExit[]"
_CONSUMABLES = tuple(
    f"{where}.consumableResourceList"
    for where in ("consumableResourcePropertiesOverride", "consumableResourceProperties")
)
_LEAST = {"VCPU": 1, "MEMORY": MIN_MEMORY, "GPU": 1}
_MOST = 10**9


def _enough(requirement: dict[str, str]) -> bool:
    kind, value = requirement.get("type", ""), requirement.get("value")
    return between(_LEAST.get(kind, 1), _MOST)(value)


def _has_requirements(properties: object) -> bool:
    return {"VCPU", "MEMORY"} <= set(values_at(properties, "resourceRequirements[].type"))


def _mounts_what_is_there(properties: object) -> bool:
    return set(values_at(properties, "mountPoints[].sourceVolume")) <= set(values_at(properties, "volumes[].name"))


def _names_properties(request: Any) -> bool:
    return request.get("type") != "container" or any(
        request.get(f"{kind}Properties") for kind in ("container", "ecs", "eks")
    )


TIMEOUT = Rule(
    "batch-timeout", EITHER, ("timeout.attemptDurationSeconds",), between(MIN_TIMEOUT, _MOST),
    f"A job's timeout is at least {MIN_TIMEOUT} seconds.", _API + "JobTimeout.html",
)  # fmt: skip
OVERRIDES = Rule(
    "batch-overrides-size", JOB, ("containerOverrides",), within(MAX_OVERRIDES, compact_size),
    f"Container Overrides length must be at most {MAX_OVERRIDES}", _QUOTAS, later=True,
)  # fmt: skip
SHARE = Rule(
    "batch-share", JOB, ("shareIdentifier",), matches(r"[A-Za-z0-9]{1,255}\*?"),
    "A shareIdentifier has up to 255 letters and digits, and may end with an asterisk.", _SUBMIT,
)  # fmt: skip

RULES = (
    Rule(
        "batch-job-name", JOB, ("jobName",), matches(_NAME),
        f"A job's name has up to {MAX_NAME} {_CHARACTERS}.",
        _SUBMIT,
    ),
    Rule(
        "batch-definition-name", DEFINITION, ("jobDefinitionName",), matches(_NAME),
        f"The name of a job definition has up to {MAX_NAME} {_CHARACTERS}.",
        _DEFINE,
    ),
    Rule(
        "batch-definition-kind", DEFINITION, ("",), _names_properties,
        "A definition of type container has containerProperties, ecsProperties or eksProperties.", _DEFINE,
    ),
    Rule(
        "batch-request-size", JOB, ("",), within(MAX_REQUEST, sent_size),
        f"A SubmitJob request has at most {MAX_REQUEST // 1024} KiB.", _QUOTAS,
    ),
    Rule(
        "batch-definition-size", DEFINITION, ("",), within(MAX_DEFINITION, sent_size),
        f"JobDefinition size must be less than {MAX_DEFINITION // 1024} KiB.", _QUOTAS,
    ),
    OVERRIDES,
    Rule(
        "batch-image", DEFINITION, ("containerProperties.image",), matches(IMAGE_NAME),
        f"The name of an image has up to {MAX_IMAGE} letters, digits, and - _ : . / # @.", _CONTAINER,
    ),
    Rule(
        "batch-command-word", JOB, ("containerOverrides.command[]",), bool,
        "The command of containerOverrides has no empty argument.", _API + "ContainerOverrides.html",
    ),
    Rule(
        "batch-reserved-variable", EITHER,
        ("containerOverrides.environment[].name", "containerProperties.environment[].name"),
        lambda name: not name.startswith("AWS_BATCH"),
        "No environment variable of a job begins with AWS_BATCH: those names are reserved.", _CONTAINER,
    ),
    Rule(
        "batch-resource", EITHER,
        ("containerOverrides.resourceRequirements[]", "containerProperties.resourceRequirements[]"), _enough,
        f"A job asks for whole numbers of VCPU (at least 1), MEMORY (at least {MIN_MEMORY} MiB) and GPU (at least 1).",
        _API + "ResourceRequirement.html",
    ),
    Rule(
        "batch-resources", DEFINITION, ("containerProperties",), _has_requirements,
        "A definition says VCPU and MEMORY, even if each job has others.", _CONTAINER,
    ),
    Rule(
        "batch-volume-name", DEFINITION, ("containerProperties.volumes[].name",), matches(r"[A-Za-z0-9_-]{1,255}"),
        "The name of a volume has up to 255 letters, digits, hyphens and underscores.", _API + "Volume.html",
    ),
    Rule(
        "batch-mounts", DEFINITION, ("containerProperties",), _mounts_what_is_there,
        "Each mount point names a volume of the definition.", _API + "MountPoint.html",
    ),
    Rule(
        "batch-mount-path", DEFINITION, ("containerProperties.mountPoints[].containerPath",), matches("(?s)/.*"),
        "A volume is mounted at an absolute path.", _API + "MountPoint.html",
    ),
    Rule(
        "batch-array-size", JOB, ("arrayProperties.size",), between(MIN_ARRAY, MAX_ARRAY),
        f"An array job has {MIN_ARRAY} to {MAX_ARRAY} children.", _SUBMIT,
    ),
    Rule(
        "batch-attempts", EITHER, ("retryStrategy.attempts",), between(1, MAX_ATTEMPTS),
        f"Batch tries a job 1 to {MAX_ATTEMPTS} times.", _API + "RetryStrategy.html",
    ),
    Rule(
        "batch-conditions", EITHER, ("retryStrategy.evaluateOnExit",), at_most(MAX_CONDITIONS),
        f"evaluateOnExit has at most {MAX_CONDITIONS} entries.", _API + "RetryStrategy.html",
    ),
    Rule(
        "batch-conditions-attempts",
        EITHER,
        ("retryStrategy",),
        lambda strategy: "attempts" in strategy or not strategy.get("evaluateOnExit"),
        "With evaluateOnExit, attempts are said, too.",
        _API + "RetryStrategy.html",
    ),
    Rule(
        "batch-condition-action", EITHER, (f"{_CONDITIONS}.action",), matches("(?i)retry|exit"),
        "The action of evaluateOnExit is RETRY or EXIT.", _EXIT,
    ),
    Rule(
        "batch-condition-reason", EITHER, (f"{_CONDITIONS}.onReason", f"{_CONDITIONS}.onStatusReason"),
        matches(r"(?=.{0,512}\Z)[A-Za-z0-9.:\s]*\*?"),
        "onReason and onStatusReason have up to 512 letters, digits, periods, colons and spaces, and may end with an "
        "asterisk.",
        _EXIT,
    ),
    Rule(
        "batch-condition-exit", EITHER, (f"{_CONDITIONS}.onExitCode",), matches(r"(?=.{0,512}\Z)[0-9]*\*?"),
        "onExitCode has digits only, and may end with an asterisk.", _EXIT,
    ),
    TIMEOUT,
    Rule(
        "batch-dependencies", JOB, ("dependsOn",), at_most(MAX_DEPENDENCIES),
        f"A job waits for at most {MAX_DEPENDENCIES} others (dependsOn).", _SUBMIT,
    ),
    SHARE,
    Rule(
        "batch-consumables",
        EITHER,
        _CONSUMABLES,
        at_most(MAX_CONSUMABLES),
        f"A job holds at most {MAX_CONSUMABLES} consumable resources.",
        "https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling-how-to-for-jobs.html",
    ),
    Rule(
        "batch-consumable",
        EITHER,
        tuple(f"{path}[]" for path in _CONSUMABLES),
        lambda need: bool(need.get("consumableResource")) and between(1, _MOST)(need.get("quantity")),
        "A consumable resource has a name, and a quantity of at least 1.",
        _API + "ConsumableResourceRequirement.html",
    ),
    Rule(
        "batch-priority", EITHER, ("schedulingPriorityOverride", "schedulingPriority"), between(0, MAX_PRIORITY),
        f"A scheduling priority is 0 to {MAX_PRIORITY}.", _SUBMIT,
    ),
)  # fmt: skip
