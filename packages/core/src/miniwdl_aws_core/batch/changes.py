"""What several add to one job, put together: options, configuration and plugins. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.errors import ConfigurationError, PluginError
from miniwdl_aws_hooks.types import JobChanges

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RESERVED", "merge_changes", "override"]

RESERVED = frozenset({"image", "command", "mountPoints", "volumes", "resourceRequirements", "vcpus", "memory"})
"""Container properties that belong to whoever submits the job."""

_SAYS_WHOSE = (
    "image, processors, memory and GPUs belong in options or in a task's runtime section, volumes in a mounts plugin"
)


def merge_changes(changes: Iterable[JobChanges], subject: str) -> JobChanges:
    """
    Put together what has equal rights: plugins, and what the job has anyway.

    :param subject: whose job it is, for the error.
    :raises PluginError: when two want different values for one key, or one sets what is not its to set.
    """
    tags: dict[str, str] = {}
    environment: dict[str, str] = {}
    properties: dict[str, Any] = {}
    for change in changes:
        _add(tags, change.tags, "tag", subject)
        _add(environment, change.environment, "environment variable", subject)
        _add(properties, change.container_properties, "container property", subject)
    for name in sorted(environment):
        if name.upper().startswith("AWS_BATCH"):
            raise PluginError(f"a plugin sets the environment variable {name} of {subject}, which is AWS Batch's own")
    for name in sorted(RESERVED.intersection(properties)):
        raise PluginError(
            f"a plugin sets the container property {name} of {subject}, which is not its own", hint=_SAYS_WHOSE
        )
    return JobChanges(tags=tags, environment=environment, container_properties=properties)


def override(base: Mapping[str, Any], more: Mapping[str, Any], source: str) -> dict[str, Any]:
    """
    Add container properties that count for more; objects are merged key by key, all else replaces what was there.

    :param source: where they come from, for the error.
    :raises ConfigurationError: for a property that is not theirs.
    """
    reserved = sorted(RESERVED.intersection(more))
    if reserved:
        raise ConfigurationError(f"{source} may not set {', '.join(reserved)}", hint=_SAYS_WHOSE)
    merged = dict(base)
    for key, value in more.items():
        old = merged.get(key)
        merged[key] = {**old, **value} if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _add(target: dict[str, Any], more: Mapping[str, Any], what: str, subject: str) -> None:
    for key, value in more.items():
        if target.setdefault(key, value) != value:
            raise PluginError(
                f"two values for the {what} {key} of {subject}: {target[key]!r} and {value!r}",
                hint="a plugin contradicts another one, or an option: MINIWDL_AWS_TRACE_HOOKS=1 shows which, "
                "MINIWDL_AWS_DISABLE_PLUGINS=NAME leaves one out",
            )
