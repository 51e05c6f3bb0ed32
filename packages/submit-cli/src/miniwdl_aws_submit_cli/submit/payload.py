"""The one file that travels with a workflow job: a source archive with its inputs, or inputs alone."""

from __future__ import annotations

import base64
import logging
import lzma
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from WDL import Zip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from WDL.Tree import Document

__all__ = ["Payload", "archive_document"]

_silent = logging.getLogger("miniwdl_aws_submit_cli.zip")
_silent.setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Payload:
    """A file and its name."""

    name: str
    data: bytes

    def encode(self) -> str:
        """
        Compress it for an environment variable.

        LZMA's old container has 13 bytes of overhead, xz's new one 60 and more; both can be read by Python alone.
        """
        return base64.urlsafe_b64encode(lzma.compress(self.data, format=lzma.FORMAT_ALONE)).decode("ascii")


def archive_document(document: Document, inputs: Mapping[str, Any], name: str) -> bytes:
    """Zip a WDL document with everything it imports and its inputs; equal content makes equal bytes."""
    with tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-") as folder:
        target = Path(folder) / name
        Zip.build(document, str(target), _silent, inputs=dict(inputs))
        return target.read_bytes()
