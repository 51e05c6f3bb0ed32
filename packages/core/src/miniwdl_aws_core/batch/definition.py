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

from miniwdl_aws_core.batch.limits import MAX_DEFINITION, MAX_IMAGE, LimitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_core.batch.mounts import MountPlan

__all__ = ["build_definition"]


def build_definition(
    prefix: str,
    *,
    image: str,
    mounts: MountPlan,
    properties: Mapping[str, Any],
    subject: str,
    fair_share: bool = False,
) -> dict[str, Any]:
    """
    Write the RegisterJobDefinition request.

    :param prefix: with which its name begins: ``miniwdl-task``.
    :param properties: more container properties.
    :param subject: whose it is, for the error.
    :param fair_share: whether its jobs go to a queue with shares: AWS wants a priority then; a job's own replaces it.
    :raises LimitError: when AWS would refuse it.
    """
    if not image or len(image) > MAX_IMAGE:
        raise LimitError(f"{subject}: the name of its image must have 1 to {MAX_IMAGE} characters: {image!r}")
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
    if len(canonical) > MAX_DEFINITION:
        raise LimitError(
            f"{subject}: its job definition has {len(canonical)} bytes, and AWS Batch allows {MAX_DEFINITION}"
        )
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:20]
    # The image's name is there for the reader: CloudWatch's log streams begin with the definition's name.
    slug = re.sub(r"[^A-Za-z0-9]+", "-", image.partition("@")[0]).strip("-")[-60:]
    return {"jobDefinitionName": f"{prefix}-{slug.strip('-')}-{digest}", **request}
