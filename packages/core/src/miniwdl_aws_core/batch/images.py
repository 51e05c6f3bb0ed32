"""
Names of container images: what a short one means, and what a longer prefix says of it. Pure.

A name is read as Docker reads it: ``ubuntu:22.04`` is ``docker.io/library/ubuntu:22.04``. What stands before the first
slash is a registry if there is a dot, a colon or a capital letter in it, or if it is ``localhost``.

Source: https://github.com/distribution/reference, ``splitDockerDomain``
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ImageName", "longest_match", "parse_prefix", "rewrite"]

T = TypeVar("T")

DOCKER_HUB = "docker.io"
OFFICIAL = "library/"
"""Where Docker Hub has what is named without an owner; AWS's pull-through caches want it written."""

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?"
_PREFIX = re.compile(rf"{_HOST}(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


@dataclass(frozen=True)
class ImageName:
    """An image's name with all that a short one leaves out, but a tag."""

    registry: str
    """Host, perhaps with a port: ``quay.io``, ``localhost:5000``."""
    path: str
    """What the registry calls it: ``library/ubuntu``."""
    suffix: str
    """Tag, digest or both, as written: ``:22.04``, ``@sha256:...``; empty for none."""

    @classmethod
    def of(cls, text: str) -> ImageName:
        """Read a name; what no registry would take is taken apart all the same."""
        first, slash, rest = text.partition("/")
        if not (slash and _is_registry(first)):
            first, rest = DOCKER_HUB, text
        elif first == "index.docker.io":
            first = DOCKER_HUB
        path = re.split("[:@]", rest, maxsplit=1)[0]
        suffix = rest[len(path) :]
        if first == DOCKER_HUB and "/" not in path:
            path = OFFICIAL + path
        return cls(first, path, suffix)

    @property
    def repository(self) -> str:
        """The name without tag and digest."""
        return f"{self.registry}/{self.path}"

    def __str__(self) -> str:
        return self.repository + self.suffix


def parse_prefix(text: str) -> str:
    """
    Read the beginning of images' names: a registry, perhaps with a path below it.

    :raises ValueError: when it doesn't begin with a registry, or no name could begin so.
    """
    prefix = text.strip().rstrip("/")
    registry, slash, rest = prefix.partition("/")
    if not _is_registry(registry) or not _PREFIX.fullmatch(prefix):
        raise ValueError
    return f"{DOCKER_HUB if registry == 'index.docker.io' else registry}{slash}{rest}"


def longest_match(image: str, prefixes: Mapping[str, T]) -> tuple[str, T] | None:
    """
    Find the longest of several prefixes of an image's name, with what belongs to it.

    :param image: as somebody wrote it.
    :param prefixes: values by prefixes as :func:`parse_prefix` gives them; they end where a part of the name does.
    """
    repository = ImageName.of(image).repository + "/"
    found = max((prefix for prefix in prefixes if repository.startswith(prefix + "/")), key=len, default=None)
    return None if found is None else (found, prefixes[found])


def rewrite(image: str, prefixes: Mapping[str, str]) -> str:
    """
    Put another prefix in the place of the longest that fits; tag and digest stay.

    :param prefixes: new ones by old ones, both as :func:`parse_prefix` gives them.
    :return: the name just as it was where none fits.
    """
    found = longest_match(image, prefixes) if image else None
    if found is None:
        return image
    old, new = found
    return new + str(ImageName.of(image))[len(old) :]


def _is_registry(text: str) -> bool:
    return "." in text or ":" in text or text == "localhost" or text.lower() != text
