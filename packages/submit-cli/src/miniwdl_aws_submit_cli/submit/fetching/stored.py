"""Reads from stores that plugins know, such as S3, with the credentials of whoever submits: the ``fetch`` hook."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from miniwdl_aws_core.s3uri import SCHEME
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks.errors import MiniwdlAwsError, MissingPartError
from miniwdl_aws_hooks.manager import get_manager
from miniwdl_aws_hooks.settings import EnvironSettings
from miniwdl_aws_hooks.types import FetchRequest

__all__ = ["read_stored"]

NAME = "fetched"


def read_stored(uri: str, limit: int) -> bytes:
    """
    Have a plugin fetch a file.

    :param limit: bytes that it may have.
    :raises OSError: with a sentence, when no plugin knows the scheme, or the file can't be had or is too large.
    """
    with tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-") as folder:
        request = FetchRequest(folder, {uri: NAME}, EnvironSettings(), limit=limit)
        try:
            report = get_manager().hook.miniwdl_aws_fetch(request=request)
        except MiniwdlAwsError as exc:
            raise OSError(errno.EIO, exc.told) from exc
        if report is None:
            raise OSError(errno.EPROTONOSUPPORT, _nobody(uri.partition("://")[0] + "://"))
        fetched = Path(folder, NAME)
        if fetched.stat().st_size > limit:
            raise OSError(errno.EFBIG, f"it has more than {human_size(limit)}")
        return fetched.read_bytes()


def _nobody(scheme: str) -> str:
    if scheme == SCHEME:
        return MissingPartError.of(scheme, "miniwdl-aws-s3-rails").message
    return f"no plugin here reads {scheme}; copy it here first, with its imports, or name it by its path"
