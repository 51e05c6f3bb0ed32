"""
Where staged files go, by their content. Pure.

A file lies at ``sha256/{digest}/{its own name}``, since WDL tasks see that name, and a folder under such a prefix as a
tree, its digest being that of its listing. What comes from one folder here, files and folders, lies together in one
folder, whose digest is that of their listing: a task that gets them is to see them beside each other
(https://github.com/openwdl/wdl/blob/wdl-1.2/SPEC.md#task-input-localization; miniwdl's ``TaskContainer.add_paths``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.s3uri import MAX_KEY_BYTES, S3Uri
from miniwdl_aws_s3_rails.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_hooks import StageItem
    from miniwdl_aws_s3_rails.staging.sources import Source, Tree

    Listing = str | dict[str, str]
    """What a file is, or what the files of a folder are, by their names in it."""

__all__ = ["Place", "identity", "plan_places"]


@dataclass(frozen=True)
class Place:
    """Where an item goes."""

    uri: S3Uri
    objects: Mapping[S3Uri, Source]
    folder: S3Uri
    """All of its objects lie under it; a file's holds its neighbours, too."""


def identity(digest: str, *, executable: bool) -> str:
    """Name what a file is: its content, and whether it may be executed, which an object can't be told later."""
    return hashlib.sha256(f"{digest} executable".encode()).hexdigest() if executable else digest


def plan_places(
    items: Sequence[StageItem], trees: Mapping[str, Tree], identities: Mapping[Path, str], folder: S3Uri
) -> dict[str, Place]:
    """
    Give each item its place.

    :param trees: what the items comprise, by their paths.
    :param identities: of all files.
    :raises OptionError: when a key would be too long.
    """
    places: dict[str, Place] = {}
    neighbours: dict[Path, list[StageItem]] = {}
    for item in items:
        # As miniwdl groups them: by the folder that the user named, wherever links lead from there.
        neighbours.setdefault(Path(item.path).parent, []).append(item)
    for group in neighbours.values():
        listings = {Path(item.path).name: _listing(item, trees[item.path], identities) for item in group}
        top = folder.join(f"sha256/{_group_digest(listings)}/")
        for item in group:
            uri = top.join(Path(item.path).name + ("/" if item.directory else ""))
            objects = {uri.join(inner) if inner else uri: source for inner, source in trees[item.path].items()}
            places[item.path] = Place(uri, objects, uri if item.directory else top)
    for path, place in places.items():
        _check_keys(path, place)
    return places


def _group_digest(listings: Mapping[str, Listing]) -> str:
    """Name a group; what is alone keeps the name of its content, whoever staged it, from wherever."""
    if len(listings) > 1:
        # In a list, so that no folder with the same listing can get in its way.
        return _digest([listings])
    (alone,) = listings.values()
    return alone if isinstance(alone, str) else _digest(alone)


def _listing(item: StageItem, tree: Tree, identities: Mapping[Path, str]) -> Listing:
    names = {name: identities[source.path] if source.path else "" for name, source in tree.items()}
    return names if item.directory else names[""]


def _digest(listing: object) -> str:
    return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()


def _check_keys(path: str, place: Place) -> None:
    for uri, source in place.objects.items():
        if len(uri.key.encode()) > MAX_KEY_BYTES:
            named = source.path or path
            raise OptionError(f"{named} can't be staged: its key would be longer than S3's {MAX_KEY_BYTES} bytes")
