"""
Where staged files go, by their content. Pure.

A file lies at ``sha256/{digest}/{its own name}``, since WDL tasks see that name. Files that come from one folder here
lie together in one folder, whose digest is that of their listing: a task that gets them is to see them
beside each other (https://github.com/openwdl/wdl/blob/wdl-1.2/SPEC.md#task-input-localization). A folder lies under one
such prefix as a tree, its digest being that of its own listing.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.s3uri import MAX_KEY_BYTES, S3Uri
from miniwdl_aws_s3_rails.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_hooks import StageItem
    from miniwdl_aws_s3_rails.staging.sources import Source, Tree

__all__ = ["Place", "identity", "plan_places"]


@dataclass(frozen=True)
class Place:
    """Where an item goes."""

    uri: S3Uri
    objects: Mapping[S3Uri, Source]
    folder: S3Uri
    """All of its objects, and those of its neighbours, lie under it."""


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
    neighbours: dict[str, dict[str, StageItem]] = {}
    for item in items:
        if item.directory:
            places[item.path] = _place_tree(item, trees[item.path], identities, folder)
        else:
            # As miniwdl groups them: by the folder that the user named, wherever links lead from there.
            above, name = os.path.split(item.path)
            neighbours.setdefault(above, {})[name] = item
    for group in neighbours.values():
        sources = {name: trees[item.path][""] for name, item in group.items()}
        top = folder.join(f"sha256/{_group_digest(sources, identities)}/")
        for name, item in group.items():
            places[item.path] = Place(top.join(name), {top.join(name): sources[name]}, top)
    for path, place in places.items():
        _check_keys(path, place)
    return places


def _place_tree(item: StageItem, tree: Tree, identities: Mapping[Path, str], folder: S3Uri) -> Place:
    top = folder.join(f"sha256/{_digest(_listing(tree, identities))}/{Path(item.path).name}/")
    return Place(top, {top.join(name): source for name, source in tree.items()}, top)


def _group_digest(sources: Mapping[str, Source], identities: Mapping[Path, str]) -> str:
    """Name a group of files; one that is alone keeps the name of its content, whoever staged it, from wherever."""
    listing = _listing(sources, identities)
    # In a list, so that no folder with the same listing can get in its way.
    return _digest([listing]) if len(listing) > 1 else next(iter(listing.values()))


def _listing(sources: Mapping[str, Source], identities: Mapping[Path, str]) -> dict[str, str]:
    return {name: identities[source.path] if source.path else "" for name, source in sources.items()}


def _digest(listing: object) -> str:
    return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()


def _check_keys(path: str, place: Place) -> None:
    for uri, source in place.objects.items():
        if len(uri.key.encode()) > MAX_KEY_BYTES:
            named = source.path or path
            raise OptionError(f"{named} can't be staged: its key would be longer than S3's {MAX_KEY_BYTES} bytes")
