"""
The two-way map between S3 objects and paths that data repository associations make: pure.

An association links a folder of the file system with a bucket or a prefix of one, one to one: whatever has a path here
is what that path leads back to. A key is taken as it is, as FSx and the AWS CLI do: ``%20`` in a key is three
characters, not a blank, and ``?versionId=x`` a part of it. Keys that can't be a path, since a part of
them is empty, ``.``, ``..`` or too long, are not imported by FSx and have no path here.

Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/overview-dra-data-repo.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.s3uri import SCHEME, S3Uri, UriError, is_utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Association", "Located", "PathMap", "read_associations"]

_LONGEST_NAME = 255
_LONGEST_PATH = 4096
"""Bytes; Linux' NAME_MAX and PATH_MAX."""


@dataclass(frozen=True)
class Association:
    """One link between a folder and a prefix."""

    id: str
    folder: str
    """Path on the file system from its root, without slashes at the ends; empty for the whole of it."""
    bucket: str
    prefix: str
    """Key prefix without the slash at its end; empty for the whole bucket."""
    lifecycle: str = "AVAILABLE"
    auto_import: frozenset[str] = field(default_factory=frozenset)
    """NEW, CHANGED, DELETED: which changes in S3 FSx brings to the file system by itself."""
    auto_export: frozenset[str] = field(default_factory=frozenset)
    """The same the other way round."""
    problem: str | None = None
    """What FSx says is wrong with it."""

    @property
    def uri(self) -> str:
        """Its side in S3, ending in a slash."""
        return str(S3Uri(self.bucket, self.prefix).as_folder())

    @property
    def usable(self) -> bool:
        """Whether FSx keeps the two sides linked now."""
        return self.lifecycle in {"AVAILABLE", "UPDATING"}

    @property
    def state(self) -> str:
        """Its lifecycle, and what is wrong with it."""
        return f"{self.lifecycle}: {self.problem}" if self.problem else self.lifecycle


@dataclass(frozen=True)
class Located:
    """Where something in S3 lies on the file system."""

    relative: str
    """Path from the root of the file system, without slashes at the ends."""
    association: Association


def read_associations(descriptions: Iterable[Mapping[str, Any]]) -> tuple[Association, ...]:
    """
    Read the associations of a file system, leaving out those with something else than S3.

    :param descriptions: Associations of DescribeDataRepositoryAssociations' answers.
    """
    found = []
    for item in descriptions:
        repository = item.get("DataRepositoryPath", "")
        if not repository.startswith(SCHEME):
            continue
        uri = S3Uri.parse(repository, what="the association's data repository")
        policies = item.get("S3") or {}
        found.append(
            Association(
                id=item["AssociationId"],
                folder=item.get("FileSystemPath", "/").strip("/"),
                bucket=uri.bucket,
                prefix=uri.key.removesuffix("/"),
                lifecycle=item.get("Lifecycle", "UNKNOWN").upper(),
                auto_import=frozenset((policies.get("AutoImportPolicy") or {}).get("Events") or ()),
                auto_export=frozenset((policies.get("AutoExportPolicy") or {}).get("Events") or ()),
                problem=(item.get("FailureDetails") or {}).get("Message"),
            )
        )
    return tuple(found)


class PathMap:
    """All associations of one file system, the most specific one first."""

    def __init__(self, associations: Sequence[Association]) -> None:
        self.associations = tuple(associations)
        self._by_prefix = sorted(associations, key=lambda item: len(_parts(item.prefix)), reverse=True)
        self._by_folder = sorted(associations, key=lambda item: len(_parts(item.folder)), reverse=True)

    def locate_file(self, uri: str) -> Located | None:
        """Where an object lies, whether it is imported already or not; ``None`` when no association covers it."""
        found = _parsed(uri)
        # A key that ends in a slash marks a folder.
        return None if found is None or found.is_folder else self._locate(found.bucket, found.key, folder=False)

    def locate_folder(self, uri: str) -> Located | None:
        """Where a prefix lies, with or without its final slash."""
        found = _parsed(uri)
        return None if found is None else self._locate(found.bucket, found.key.removesuffix("/"), folder=True)

    def uri_of(self, relative: str) -> str | None:
        """
        Object that a file is, or would become when it is exported.

        :param relative: path from the root of the file system; a slash at its end means a folder and is kept.
        """
        found = self._object_at(relative.removesuffix("/"))
        if found is None:
            return None
        uri = S3Uri(*found)
        return str(uri.as_folder() if relative.endswith("/") else uri)

    def _object_at(self, path: str) -> tuple[str, str] | None:
        """Bucket and key of what lies at a path."""
        for item in self._by_folder:
            rest = _below(item.folder, path)
            if rest is None or not item.usable:
                continue
            key = "/".join(filter(None, (item.prefix, rest)))
            return (item.bucket, key) if all(_is_path(text) for text in (path, key) if text) else None
        return None

    def _locate(self, bucket: str, key: str, *, folder: bool) -> Located | None:
        if key and not _is_path(key):
            return None
        for item in self._by_prefix:
            rest = _below(item.prefix, key) if item.bucket == bucket and item.usable else None
            # A file is something below the association, never the association's own folder.
            if rest is None or not (rest or folder):
                continue
            relative = "/".join(filter(None, (item.folder, rest)))
            if len(relative.encode(errors="replace")) >= _LONGEST_PATH:
                return None
            # Where associations overlap, another one may have that path for an object of its own.
            return Located(relative, item) if self._object_at(relative) == (bucket, key) else None
        return None


def _parsed(uri: str) -> S3Uri | None:
    """Take a URI apart; ``None`` for one that can't be in S3, and so is nowhere on the file system."""
    try:
        return S3Uri.parse(uri)
    except UriError:
        return None


def _below(parent: str, path: str) -> str | None:
    """Rest of a path below a parent, part by part; ``None`` when it isn't there."""
    if not parent:
        return path
    if path == parent:
        return ""
    return path.removeprefix(parent + "/") if path.startswith(parent + "/") else None


def _is_path(key: str) -> bool:
    return all(
        part not in {"", ".", ".."} and "\0" not in part and is_utf8(part) and len(part.encode()) <= _LONGEST_NAME
        for part in key.split("/")
    )


def _parts(path: str) -> list[str]:
    return path.split("/") if path else []
