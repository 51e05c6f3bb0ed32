"""
What the texts of AWS Batch, the ECS agent and docker are recognized by. Pure.

A text about an image holds its name, and whoever names an image may call it ``denied`` or ``toomanyrequests``. So
addresses and the image's own name are left out first, and a sign is never part of a longer word, path or tag; docker's
and containerd's phrases are looked for as wholes. Texts may be cut off anywhere: AWS keeps 255 to 1024 characters.

Sources are in ``tests/failure_texts.toml``, each with its address.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CAN_NOT_PASS",
    "CONTAINER_FAULT",
    "NO_PROGRAM",
    "NO_PULL",
    "NO_SPACE",
    "OUT_OF_MEMORY",
    "WILL_PASS",
    "WRONG_PLATFORM",
    "in_ecr",
    "plain",
]

_ADDRESS = re.compile(r"https?://[^\s\"']+")
_ECR = re.compile(r"\b\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com\b")


def plain(text: str, image: str) -> str:
    """Leave out addresses and the name of the image, unless that is a single word, which may stand for itself."""
    text = _ADDRESS.sub("(address)", text)
    return text.replace(image, "(image)") if re.search(r"[/:@]", image) else text


def in_ecr(text: str) -> bool:
    """Whether an image of a private registry of ECR is spoken of."""
    return _ECR.search(text) is not None


_ALONE = r"(?![\w./@-]|:\S)"
"""Ends a sign of one word, which could be a name otherwise; names of repositories are in lower case besides."""


def _sign(*alternatives: str, flags: int = re.IGNORECASE) -> Callable[[str], bool]:
    compiled = re.compile(rf"(?<![\w./:@-])(?:{'|'.join(alternatives)})", flags)
    return partial(_found, compiled)


def _found(compiled: re.Pattern[str], text: str) -> bool:
    return compiled.search(text) is not None


NO_PULL = _sign(rf"CannotPull\w*Error{_ALONE}", r"[Ff]ailed to (?:pull|resolve) (?:image|ref)", flags=0)
"""The image was not pulled, for whatever reason."""

NO_SPACE = _sign(r"no space left on device", r"not enough space on the disk")

WRONG_PLATFORM = _sign(
    r"no matching manifest for",
    r"no match for platform",
    r"descriptor (?:matching|for) platform",
    r"exec format error",
)

WILL_PASS = _sign(
    # ECR's tokens hold 12 hours, and the agent has been seen to keep one for longer (amazon-ecs-agent issue 2137).
    r"token (?:has|is) expired",
    rf"(?-i:ExpiredToken(?:Exception)?){_ALONE}",
    r"toomanyrequests:?(?:\s|$)",
    r"429 Too Many",
    r"rate (?:limit|exceeded)",
    r"i/o timeout",
    r"request cancel",
    r"context (?:canceled|deadline)",
    r"TLS handshake",
    r"connection (?:reset|refused|timed out)",
    r"send request failed",
    r"no such host",
    r"unexpected EOF",
    r"50\d (?:Internal|Bad|Service|Gateway)",
)
"""Why a pull failed that may succeed next time."""

CAN_NOT_PASS = _sign(
    r"pull access denied for",
    r"(?:access to the resource is )?denied(?::\s|$)",
    r"unauthorized(?::\s|$)",
    r"not authorized to perform",
    rf"(?-i:AccessDenied(?:Exception)?){_ALONE}",
    r"no basic auth credentials",
    r"40[13] (?:Forbidden|Unauthorized)",
    r"manifest unknown",
    r"(?:manifest for|repository|image|tag) \S+ not found",
    r"not found(?::|$|;)",
    r"does not exist",
    r"invalid reference format",
)
"""Why a pull failed that will fail the same way next time."""

CONTAINER_FAULT = _sign(
    rf"Cannot(?:Start|Create|Inspect|Describe)ContainerError{_ALONE}",
    rf"CannotCreateVolumeError{_ALONE}",
    rf"(?:DockerTimeout|DockerState|ContainerRuntime|ContainerRuntimeTimeout|ContainerNetworking)Error{_ALONE}",
    rf"(?:Cgroup|HostConfig|InvalidVolume|ResourceInitialization)Error{_ALONE}",
    r"[Ff]ailed to start",
    flags=0,
)
"""The container could not be made or started, or the host lost sight of it."""

NO_PROGRAM = _sign(r"exec: \\*\"(?!\S*hook)", flags=0)
"""The container's first program isn't in the image, or can't be run; not one that the host runs before it."""

OUT_OF_MEMORY = _sign(rf"OutOfMemory(?:Error)?{_ALONE}", flags=0)
