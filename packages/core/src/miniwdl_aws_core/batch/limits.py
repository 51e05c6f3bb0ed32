"""
What AWS Batch takes at most, by name.

Sources: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html, the API reference at
https://docs.aws.amazon.com/batch/latest/APIReference/, and https://docs.aws.amazon.com/batch/latest/userguide/using-tags.html
"""

from __future__ import annotations

from miniwdl_aws_hooks.errors import ConfigurationError

__all__ = [
    "MAX_DEFINITION",
    "MAX_DESCRIBE",
    "MAX_IMAGE",
    "MAX_NAME",
    "MAX_OVERRIDES",
    "MAX_REQUEST",
    "MAX_TAGS",
    "MAX_TAG_KEY",
    "MAX_TAG_VALUE",
    "LimitError",
]

MAX_DESCRIBE = 100
"""Job ids in one DescribeJobs request."""
MAX_NAME = 128
"""Characters of the name of a job or of a definition: letters, digits, hyphens and underscores."""
MAX_IMAGE = 255
"""Characters of an image's name."""
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


class LimitError(ConfigurationError):
    """A request that AWS would refuse, or fail later; found before it is sent."""
