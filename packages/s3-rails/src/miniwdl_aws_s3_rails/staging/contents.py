"""
Remembers where in a staging folder the content of a large file lies, so that it need not travel again.

A file that gets another neighbour gets another place. A small object ``content/{identity}`` has the key of a place that
its content has had: from there it is copied inside S3. What a lifecycle rule has deleted since is sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import MAX_KEY_BYTES, S3Uri
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.transfer.receiver import Receiver
from miniwdl_aws_s3_rails.transfer.sender import Sender

if TYPE_CHECKING:
    from miniwdl_aws_s3_rails.transfer.engine import Engine, Found

__all__ = ["WORTH_COPYING", "Contents"]

WORTH_COPYING = 8 * MIB
"""Bytes from which on a file is copied: to look a smaller one up takes about as long as to send it."""


class Contents:
    """Places of contents in one staging folder."""

    def __init__(self, engine: Engine, folder: S3Uri) -> None:
        """Take the staging folder."""
        self._engine = engine
        self._folder = folder

    def find(self, identity: str, size: int) -> Found | None:
        """Find an object of this content, if there is one that is worth a copy."""
        if size < WORTH_COPYING:
            return None
        pointer = self._pointer(identity)
        try:
            known = self._engine.find(pointer)
            if known is None or known.size > MAX_KEY_BYTES:
                return None
            key = Receiver(self._engine).read(pointer).decode(errors="replace")
            # Whatever is written there, no object outside the staging folder is taken for ours.
            found = self._engine.find(S3Uri(self._folder.bucket, key)) if key.startswith(self._folder.key) else None
        except AccessError:
            return None
        return found if found and found.size == size else None

    def remember(self, identity: str, size: int, uri: S3Uri) -> None:
        """Note that an object has a content."""
        if size >= WORTH_COPYING:
            Sender(self._engine).put_bytes(self._pointer(identity), uri.key.encode())

    def _pointer(self, identity: str) -> S3Uri:
        return self._folder.join(f"content/{identity}")
