"""Unpacks the file that was submitted along with a workflow job."""

from __future__ import annotations

import base64
import binascii
import lzma
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.s3uri import SCHEME, S3Uri
from miniwdl_aws_hooks.protocol import ENV_PAYLOAD, ENV_PAYLOAD_NAME, PAYLOAD_PLACEHOLDER
from miniwdl_aws_s3_rails.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["place_payload"]


def place_payload(
    arguments: Sequence[str], environ: Mapping[str, str], folder: Path, read: Callable[[S3Uri], bytes]
) -> list[str]:
    """
    Unpack the payload if the arguments ask for one, and put its path in the placeholder's stead.

    :param folder: where to unpack it, under the name it had.
    :param read: fetches an object; larger payloads come by way of S3.
    """
    if PAYLOAD_PLACEHOLDER not in arguments:
        return list(arguments)
    encoded = environ.get(ENV_PAYLOAD)
    if not encoded:
        raise PayloadError(f"the arguments mention {PAYLOAD_PLACEHOLDER}, but {ENV_PAYLOAD} is not set")
    named = environ.get(ENV_PAYLOAD_NAME) or "payload.zip"
    name = Path(named).name
    if name in {"", ".."}:
        raise PayloadError(f"{ENV_PAYLOAD_NAME} is no name of a file: {named!r}", hint="submit again")
    path = folder / name
    path.write_bytes(read(S3Uri.parse(encoded, what=ENV_PAYLOAD)) if encoded.startswith(SCHEME) else _decode(encoded))
    return [str(path) if argument == PAYLOAD_PLACEHOLDER else argument for argument in arguments]


def _decode(encoded: str) -> bytes:
    try:
        return lzma.decompress(base64.urlsafe_b64decode(encoded), format=lzma.FORMAT_ALONE)
    except (binascii.Error, lzma.LZMAError, ValueError) as exc:
        raise PayloadError(
            f"{ENV_PAYLOAD} is damaged: {exc}", hint="it is LZMA-compressed, then URL-safe base64; submit again"
        ) from exc
