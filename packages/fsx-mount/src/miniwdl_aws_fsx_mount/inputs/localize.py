"""Answers where an S3 input lies on the file system, if it is there and is what S3 has."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_core.s3uri import SCHEME, S3Uri
from miniwdl_aws_fsx_mount.aws.associations import PathMap
from miniwdl_aws_fsx_mount.aws.file_system import check_id
from miniwdl_aws_fsx_mount.aws.fsx_service import FsxService
from miniwdl_aws_fsx_mount.aws.objects import Objects
from miniwdl_aws_fsx_mount.configuration import FsxOptions
from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_fsx_mount.inputs.preload import Preloader

if TYPE_CHECKING:
    from miniwdl_aws_fsx_mount.aws.associations import Located
    from miniwdl_aws_hooks import LocalizeRequest

__all__ = ["answer_localize", "find_on_mount", "path_map"]

logger = logging.getLogger(__name__)


SizeOf = Callable[[str, str], "int | None"]
"""Size of an object by bucket and key; ``None`` when there is none."""


def answer_localize(request: LocalizeRequest) -> str | None:
    """Answer the ``localize`` hook: a path, or ``None`` for the input to be downloaded."""
    aws = AwsOptions(request.settings)
    if aws.fs is None or not request.uri.startswith(SCHEME):
        return None
    mapping = path_map(check_id(aws.fs), aws.region)
    path = find_on_mount(request, mapping, lambda bucket, key: _objects(aws.region).size(bucket, key))
    if path is None:
        return None
    if FsxOptions(request.settings).preload:
        _preloader().preload(request.uri, path)
    return str(path)


def find_on_mount(request: LocalizeRequest, mapping: PathMap, size_of: SizeOf) -> Path | None:
    """
    Find an input under an association, and make sure that it is what S3 has.

    Whatever stands in the way is said, and answered by ``None``: a download costs time, but it is right.
    """
    uri = request.uri
    located = mapping.locate_folder(uri) if request.directory else mapping.locate_file(uri)
    if located is None:
        return None
    root = Path(request.mount_point)
    path = root / located.relative
    if not path.exists():
        logger.warning(
            "%s lies under the data repository association %s, but its metadata is not imported, so it will be "
            "downloaded; to import it: miniwdl-aws fsx import %s",
            uri,
            located.association.id,
            uri,
        )
        return None
    # An object may be an exported symbolic link, which then leads wherever it likes.
    if not path.resolve().is_relative_to(root.resolve()):
        logger.warning("%s is a link that leaves the file system, so it will be downloaded", uri)
        return None
    if path.is_dir() != request.directory:
        logger.warning("%s is a %s on the file system", uri, "folder" if path.is_dir() else "file")
        return None
    return path if request.directory or _is_current(uri, path, located, size_of) else None


def _is_current(uri: str, path: Path, located: Located, size_of: SizeOf) -> bool:
    """Compare with the object, unless FSx follows changes by itself."""
    if "CHANGED" in located.association.auto_import:
        return True
    found = S3Uri.parse(uri)
    try:
        size = size_of(found.bucket, found.key)
    except FsxError as exc:
        logger.warning("did not compare %s with its object: %s", path, exc)
        return True
    if size == path.stat().st_size:
        return True
    logger.warning(
        "%s has %s bytes on the file system and %s in S3, so it will be downloaded; "
        "to import the change: miniwdl-aws fsx import %s",
        uri,
        path.stat().st_size,
        "none" if size is None else size,
        uri,
    )
    return False


@lru_cache(maxsize=8)
def path_map(fsid: str, region: str | None) -> PathMap:
    """
    Associations of a file system, asked for once per process.

    Who may not ask gets none: the inputs are downloaded then.
    """
    try:
        return PathMap(FsxService.connect(region).associations(fsid))
    except FsxError as exc:
        logger.warning("inputs in S3 will be downloaded, since the associations are not known: %s", exc)
        return PathMap(())


@lru_cache(maxsize=1)
def _preloader() -> Preloader:
    return Preloader()


@lru_cache(maxsize=1)
def _objects(region: str | None) -> Objects:
    return Objects.connect(region)
