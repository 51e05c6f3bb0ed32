"""Opens the files that are sent, each kind with the trust that it deserves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from miniwdl_aws_core.beneath import open_resolved
from miniwdl_aws_s3_rails.errors import TransferError

__all__ = ["Opener", "open_chosen", "open_product"]

Opener = Callable[[Path], "IO[bytes]"]
"""Opens a file for reading, unbuffered."""


def open_chosen(path: Path) -> IO[bytes]:
    """Open a file that the user chose: where its path leads is what is meant."""
    return path.open("rb", buffering=0)


def open_product(path: Path) -> IO[bytes]:
    """
    Open a product of a run, which tasks can replace until it is open.

    :param path: as it was resolved when the products were collected.
    :raises TransferError: when there is no such file any more, or a link has come between.
    """
    try:
        return os.fdopen(open_resolved(path), "rb", buffering=0)
    except OSError as exc:
        reason = exc.strerror or exc
        raise TransferError(f"{path} is not the file any more that the run made: {reason}", retryable=False) from exc
