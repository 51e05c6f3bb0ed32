"""
What AWS Batch takes at most, by name.

Whoever builds requests keeps to these numbers; :mod:`miniwdl_aws_core.rules` reads a whole request by them.

Sources: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html, the API reference at
https://docs.aws.amazon.com/batch/latest/APIReference/, and https://docs.aws.amazon.com/batch/latest/userguide/using-tags.html
"""

from __future__ import annotations

import json

from miniwdl_aws_hooks.errors import ConfigurationError

__all__ = [
    "IMAGE_NAME",
    "MAX_ARRAY",
    "MAX_ATTEMPTS",
    "MAX_CONDITIONS",
    "MAX_CONSUMABLES",
    "MAX_DEFINITION",
    "MAX_DEPENDENCIES",
    "MAX_DESCRIBE",
    "MAX_IMAGE",
    "MAX_NAME",
    "MAX_OVERRIDES",
    "MAX_PRIORITY",
    "MAX_REASON",
    "MAX_REQUEST",
    "MAX_STOP",
    "MAX_TAGS",
    "MAX_TAG_KEY",
    "MAX_TAG_VALUE",
    "MIN_ARRAY",
    "MIN_MEMORY",
    "MIN_TIMEOUT",
    "LimitError",
    "sent_size",
]

MAX_DESCRIBE = 100
"""Job ids in one DescribeJobs request; queues and definitions in one of theirs."""
MAX_STOP = 50
"""Job ids in one TerminateJobs or CancelJobs request."""
MAX_NAME = 128
"""Characters of the name of a job or of a definition: letters, digits, hyphens and underscores."""
MAX_IMAGE = 255
IMAGE_NAME = rf"[A-Za-z0-9_\-:./#@]{{1,{MAX_IMAGE}}}"
"""Regular expression of an image's name."""
MAX_OVERRIDES = 8192
"""Bytes. AWS takes a job beyond it and fails it later: ``Container Overrides length must be at most 8192``."""
MAX_REQUEST = 30 * 1024
"""Bytes of a SubmitJob request."""
MAX_DEFINITION = 24 * 1024
"""Bytes of a job definition."""
MAX_TAGS = 50
"""Tags of a job; with ``propagateTags``, those of its definition count as well."""
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256
MIN_ARRAY, MAX_ARRAY = 2, 10_000
"""Children of an array job."""
MAX_ATTEMPTS = 10
"""Tries of a job that AWS Batch repeats by itself."""
MAX_CONDITIONS = 5
"""Entries of ``evaluateOnExit``."""
MAX_CONSUMABLES = 5
"""Kinds of consumable resources that a job holds."""
MAX_DEPENDENCIES = 20
"""Jobs that a job can wait for."""
MAX_PRIORITY = 9999
"""Scheduling priority of a job, from 0."""
MAX_REASON = 1024
"""Characters of the reason for which a job is stopped."""
MIN_TIMEOUT = 60
"""Seconds of a job's attempt."""
MIN_MEMORY = 4
"""MiB of a job."""


class LimitError(ConfigurationError):
    """A request that AWS would refuse, or fail later; found before it is sent."""


def sent_size(request: object) -> int:
    """Bytes of a request as botocore sends it to AWS Batch."""
    return len(json.dumps(request).encode())
