"""
Job definitions that are reused by content: the name is made of a hash over everything in them.

What differs between equal tasks (command, environment, processors, memory, GPUs, timeout, tags) is said at submission,
so one definition serves all tasks of a run with the same image, for ever, in this and in any other process.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.errors import TaskSettingError
from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from miniwdl_aws_batch_backend.mounts import MountPlan

__all__ = ["RESERVED", "build_definition", "merge_properties"]

RESERVED = frozenset({"image", "command", "mountPoints", "volumes", "resourceRequirements", "vcpus", "memory"})
"""Container properties that are this backend's own."""
MAX_DEFINITION_BYTES = 24 * 1024
"""https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html"""
MAX_IMAGE = 255
_PREFIX = "miniwdl-task"


def merge_properties(base: Mapping[str, Any], more: Mapping[str, Any], source: str) -> dict[str, Any]:
    """
    Add container properties; objects are merged key by key, everything else replaces what was there.

    :param source: where they come from, for the error.
    :raises ConfigurationError: for a property that is the backend's own.
    """
    reserved = sorted(RESERVED.intersection(more))
    if reserved:
        raise ConfigurationError(
            f"{source} may not set {', '.join(reserved)}: the task backend sets these itself",
            hint="image, processors, memory and GPUs belong in the task's runtime section, volumes in a mounts plugin",
        )
    merged = dict(base)
    for key, value in more.items():
        old = merged.get(key)
        merged[key] = {**old, **value} if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def build_definition(
    *,
    image: str,
    mounts: MountPlan,
    properties: Mapping[str, Any],
    runtime: Mapping[str, Any],
    user: str | None,
    task: str,
) -> dict[str, Any]:
    """
    Write the RegisterJobDefinition request for a task.

    :param properties: more container properties, from configuration and plugins.
    :param runtime: the task's effective runtime values, hints among them.
    :param user: ``uid:gid`` to run as instead of the image's own.
    """
    if not image or len(image) > MAX_IMAGE:
        raise TaskSettingError(f"task {task}: the name of its image must have 1 to {MAX_IMAGE} characters: {image!r}")
    container: dict[str, Any] = {
        **properties,
        "image": image,
        # Replaced at submission; there because a definition must have them.
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}],
        "volumes": list(mounts.volumes),
        "mountPoints": list(mounts.mount_points),
    }
    for key in ("jobRoleArn", "executionRoleArn", "ulimits"):
        if key in runtime:
            container[key] = runtime[key]
    if "sharedMemorySize" in runtime:
        linux = container.get("linuxParameters", {})
        container["linuxParameters"] = {**linux, "sharedMemorySize": runtime["sharedMemorySize"]}
    if runtime.get("privileged"):
        container["privileged"] = True
    if user is not None:
        container["user"] = user
    request = {
        "type": "container",
        "platformCapabilities": ["EC2"],
        "propagateTags": True,
        "containerProperties": container,
    }
    if "shareIdentifier" in runtime:
        # AWS wants a priority in the definition of a job for a fair-share queue; the job's own replaces it.
        request["schedulingPriority"] = 0
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    if len(canonical) > MAX_DEFINITION_BYTES:
        raise TaskSettingError(f"task {task}: its job definition has {len(canonical)} bytes; AWS takes 24 KiB")
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:20]
    # The image's name is there for the reader: CloudWatch's log streams begin with the definition's name.
    slug = re.sub(r"[^A-Za-z0-9]+", "-", image.partition("@")[0]).strip("-")[-60:]
    return {"jobDefinitionName": f"{_PREFIX}-{slug.strip('-')}-{digest}", **request}
