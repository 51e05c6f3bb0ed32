"""
Job definitions that are reused by content: the name is made of a hash over everything in them. Pure.

What differs between equal jobs (command, environment, processors, memory, GPUs, timeout, tags) is said at submission,
so one definition serves all of them with the same image, for ever, in this and in any other process.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.limits import IMAGE_NAME, MAX_DEFINITION, MAX_IMAGE, LimitError, sent_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.batch.mounts import MountPlan

__all__ = ["TASK_PREFIX", "build_definition", "keeping_log_lines"]

TASK_PREFIX = "miniwdl-task-"
"""With which the names of tasks' definitions begin."""

LOG_BUFFER = "25m"
"""
What the awslogs driver holds while CloudWatch Logs does not take it: a workflow's log of hours.

What AWS measured of it: "Preventing log loss with non-blocking mode in the AWSLogs container log driver",
https://aws.amazon.com/blogs/containers/
"""


def keeping_log_lines(properties: Mapping[str, Any]) -> dict[str, Any]:
    """
    Have a job's log lose no lines in bursts, and let the job not wait for CloudWatch Logs.

    Since June 2025 ECS drops lines where its smaller buffer is full, unless a job says otherwise. ``mode=blocking``
    would not: but a job that can't write its log stands still until CloudWatch Logs can be reached, and miniwdl logs
    under a lock, so that neither its tasks nor a signal would be minded.

    :param properties: container properties; what they say of the log stays, such as ``awslogs-group``.
    """
    configured: Mapping[str, Any] = properties.get("logConfiguration") or {}
    if configured.get("logDriver", "awslogs") != "awslogs":
        return dict(properties)
    options = {"mode": "non-blocking", "max-buffer-size": LOG_BUFFER, **(configured.get("options") or {})}
    if options["mode"] != "non-blocking":
        del options["max-buffer-size"]  # refused with any other mode
    return {**properties, "logConfiguration": {"logDriver": "awslogs", **configured, "options": options}}


def build_definition(
    prefix: str,
    *,
    image: str,
    mounts: MountPlan,
    properties: Mapping[str, Any],
    subject: str,
    fair_share: bool = False,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """
    Write the RegisterJobDefinition request.

    :param prefix: with which its name begins: :data:`TASK_PREFIX`.
    :param properties: more container properties.
    :param subject: whose it is, for the error.
    :param fair_share: whether its jobs go to a queue with shares: AWS wants a priority then; a job's own replaces it.
    :param tags: of the definition; they say whose it is, and are no part of its content.
    :raises LimitError: when AWS would refuse it.
    """
    if not re.fullmatch(IMAGE_NAME, image):
        raise LimitError(
            f"{subject}: the name of its image must have 1 to {MAX_IMAGE} letters, digits, and - _ : . / # @: {image!r}"
        )
    request: dict[str, Any] = {
        "type": "container",
        "platformCapabilities": ["EC2"],
        "propagateTags": True,
        "containerProperties": {
            **properties,
            "image": image,
            # Replaced at submission; there because a definition must have them.
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}],
            "volumes": list(mounts.volumes),
            "mountPoints": list(mounts.mount_points),
        },
    }
    if fair_share:
        request["schedulingPriority"] = 0
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:20]
    # The image's name is there for the reader: CloudWatch's log streams begin with the definition's name.
    slug = re.sub(r"[^A-Za-z0-9]+", "-", image.partition("@")[0]).strip("-")[-60:]
    whole = {"jobDefinitionName": f"{prefix}{slug.strip('-')}-{digest}", **request}
    if tags:
        whole["tags"] = dict(tags)
    if (size := sent_size(whole)) > MAX_DEFINITION:
        raise LimitError(f"{subject}: its job definition has {size} bytes, and AWS Batch allows {MAX_DEFINITION}")
    return whole
