"""
Sees to it that no upload in parts stays open of which this side never learned.

When the answer to CreateMultipartUpload gets lost, obstore and botocore ask again by themselves, and nobody here has
the id of the first one. So S3 is asked which uploads there are, before and after: two requests for all files of a
transfer, and none for one without an upload in parts. By lists instead of times, since S3's clock is another one.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.aws.open_uploads import OpenUpload, give_up, open_uploads
from miniwdl_aws_s3_rails.transfer.refusals import S3_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_s3_rails.transfer.engine import Engine

__all__ = ["none_left_open"]

logger = logging.getLogger(__name__)


@contextmanager
def none_left_open(engine: Engine, folder: S3Uri, uris: Iterable[S3Uri]) -> Iterator[None]:
    """
    Give up what this block has left open, once all of its transfers have come to an end.

    An upload that somebody else has begun meanwhile to the same object is given up, too: it is sent again, unless what
    is there by then is the same. A block that ends in an error is no place to wait for S3: `miniwdl-aws sweep
    --uploads` finds what it leaves.

    :param uris: of the objects in the folder that are sent in parts.
    """
    wanted = set(uris)
    before = _open(engine, folder, wanted)
    yield
    # Those who may write need not be allowed to list: nothing is given up of which it isn't known that it is new.
    if before is not None:
        for upload in (_open(engine, folder, wanted) or set()) - before:
            _give_up(engine, upload)


def _open(engine: Engine, folder: S3Uri, wanted: set[S3Uri]) -> set[OpenUpload] | None:
    """Find the open uploads to some objects; ``None`` where S3 doesn't tell."""
    if not wanted:
        return set()
    try:
        found = list(open_uploads(engine.access.client, folder, S3_ERRORS))
    except AwsError as exc:
        logger.debug("can't tell whether uploads stay open: %s", exc)
        return None
    return {upload for upload in found if upload.uri in wanted}


def _give_up(engine: Engine, upload: OpenUpload) -> None:
    try:
        if give_up(engine.access.client, upload, S3_ERRORS):
            logger.debug("gave up an upload of %s that was begun twice", upload.uri)
    except AwsError as exc:
        logger.warning("an upload of %s stays open, and costs: %s", upload.uri, exc)
