"""What can go wrong here in a way that a user or a caller can act on."""

from __future__ import annotations

from miniwdl_aws_hooks import ConfigurationError, MiniwdlAwsError

__all__ = [
    "CloudStartError",
    "EngineError",
    "FaultPlanError",
    "LocalCloudError",
    "NothingLeftError",
    "StateFolderError",
]


class LocalCloudError(MiniwdlAwsError):
    """Something about the local cloud."""


class StateFolderError(LocalCloudError):
    """The state folder can't be used: not writable, somebody else's, or another cloud serves it."""


class NothingLeftError(LocalCloudError, ConfigurationError):
    """Nobody ever started a local cloud where one is to be looked at."""


class CloudStartError(LocalCloudError):
    """The server process did not come up, or is gone."""


class FaultPlanError(LocalCloudError, ConfigurationError):
    """A fault plan has an unknown or malformed entry."""


class EngineError(LocalCloudError):
    """No container engine answers."""
