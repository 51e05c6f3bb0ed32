"""How objects are written: encryption, checksum, storage class, tags, and whether they may replace others."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from miniwdl_aws_s3_rails.errors import OptionError

if TYPE_CHECKING:
    from miniwdl_aws_hooks import Settings

__all__ = ["CHECKSUM", "Protection", "PutOptions", "read_protection", "read_put_options", "read_switch"]

SECTION = "s3_rails"

KMS = ("aws:kms", "aws:kms:dsse")
ENCRYPTIONS = ("AES256", *KMS)

CHECKSUM = "CRC64NVME"
"""Of the checksums that S3 compares, the one it recommends; it covers an object as a whole, however many its parts.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""
CHECKSUM_CHOICES = ("auto", "crc64nvme", "none")

STORAGE_CLASS = re.compile(r"[A-Z][A-Z0-9_]*")
"""Not AWS's own list, since other servers have other classes: an unknown one is found out before the run starts."""

MAX_TAGS, MAX_TAG_KEY, MAX_TAG_VALUE = 10, 128, 256
TAG = re.compile(r"[\w+\-=.:/@ ]*")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html"""


@dataclass(frozen=True)
class Protection:
    """What all objects get that are written to S3, staged files too."""

    encryption: str | None = None
    """``AES256``, ``aws:kms`` or ``aws:kms:dsse``; ``None`` leaves it to the bucket."""
    kms_key: str | None = None
    bucket_key: bool | None = None
    checksum: str = "auto"

    def sends_checksum(self, *, aws: bool) -> bool:
        """
        Whether a checksum goes along with the data for the server to compare.

        :param aws: whether the server is AWS's own; many others refuse checksums that they don't know.
        """
        return self.checksum == "crc64nvme" or (self.checksum == "auto" and aws)

    def store_config(self, *, aws: bool) -> dict[str, Any]:
        """Put it in obstore's words."""
        config = {
            "server_side_encryption": self.encryption,
            "sse_kms_key_id": self.kms_key,
            "sse_bucket_key_enabled": self.bucket_key,
            "checksum_algorithm": CHECKSUM if self.sends_checksum(aws=aws) else None,
        }
        return {key: value for key, value in config.items() if value is not None}

    def parameters(self) -> dict[str, Any]:
        """Put it in the words of S3's own operations."""
        config = {
            "ServerSideEncryption": self.encryption,
            "SSEKMSKeyId": self.kms_key,
            "BucketKeyEnabled": self.bucket_key,
        }
        return {key: value for key, value in config.items() if value is not None}


@dataclass(frozen=True)
class PutOptions:
    """What some objects get: the products of runs."""

    storage_class: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    replace: bool = True
    """Whether another object that is there already may be replaced."""

    def store_arguments(self) -> dict[str, Any]:
        """Put it in obstore's words."""
        arguments: dict[str, Any] = {} if self.replace else {"mode": "create"}
        if self.storage_class:
            arguments["attributes"] = {"Storage-Class": self.storage_class}
        if self.tags:
            arguments["tags"] = dict(self.tags)
        return arguments

    def parameters(self) -> dict[str, Any]:
        """Put it in the words of PutObject and CreateMultipartUpload."""
        parameters = {"StorageClass": self.storage_class, "Tagging": urlencode(self.tags)}
        return {key: value for key, value in parameters.items() if value}

    def condition(self) -> dict[str, str]:
        """Put in the words of PutObject and CompleteMultipartUpload that nothing may be replaced."""
        return {} if self.replace else {"IfNoneMatch": "*"}


def read_protection(settings: Settings) -> Protection:
    """Read what concerns all objects from ``[s3_rails]``, and check that it goes together."""
    encryption = _choice(settings, "encryption", ENCRYPTIONS)
    kms_key = _text(settings, "kms_key")
    bucket_key = read_switch(settings, "bucket_key")
    if kms_key and encryption not in KMS:
        raise OptionError(f"[{SECTION}] kms_key needs encryption = aws:kms or aws:kms:dsse")
    if bucket_key is not None and encryption != "aws:kms":
        raise OptionError(f"[{SECTION}] bucket_key needs encryption = aws:kms")
    checksum = _choice(settings, "checksum", CHECKSUM_CHOICES)
    return Protection(encryption, kms_key, bucket_key, checksum or Protection.checksum)


def read_put_options(settings: Settings) -> PutOptions:
    """Read what concerns the products of runs from ``[s3_rails]``."""
    storage_class = _text(settings, "storage_class")
    if storage_class and not STORAGE_CLASS.fullmatch(storage_class):
        raise OptionError(f"[{SECTION}] storage_class must be one such as STANDARD_IA, not {storage_class!r}")
    return PutOptions(storage_class, _tags(settings), read_switch(settings, "overwrite") is not False)


def read_switch(settings: Settings, key: str) -> bool | None:
    """Read a switch of ``[s3_rails]``; ``None`` where it isn't set."""
    choice = _choice(settings, key, ("true", "false"))
    return None if choice is None else choice == "true"


def _text(settings: Settings, key: str) -> str | None:
    return (settings.get(SECTION, key) or "").strip() or None


def _choice(settings: Settings, key: str, choices: tuple[str, ...]) -> str | None:
    text = _text(settings, key)
    if text is None:
        return None
    for choice in choices:
        if text.lower() == choice.lower():
            return choice
    raise OptionError(f"[{SECTION}] {key} must be {', '.join(choices[:-1])} or {choices[-1]}, not {text!r}")


def _tags(settings: Settings) -> tuple[tuple[str, str], ...]:
    text = _text(settings, "object_tags")
    if text is None:
        return ()
    what = f"[{SECTION}] object_tags"
    try:
        tags = json.loads(text)
    except ValueError:
        tags = None
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise OptionError(f'{what} must be a JSON object such as {{"project": "genomes"}}, not {text!r}')
    if len(tags) > MAX_TAGS:
        raise OptionError(f"{what}: S3 allows {MAX_TAGS} tags, and these are {len(tags)}")
    for key, value in tags.items():
        _check_tag(what, key, value)
    return tuple(tags.items())


def _check_tag(what: str, key: str, value: str) -> None:
    if not 0 < len(key) <= MAX_TAG_KEY or len(value) > MAX_TAG_VALUE or key.lower().startswith("aws:"):
        raise OptionError(
            f"{what}: {key[:MAX_TAG_KEY]!r} is not possible",
            hint=f"keys have 1 to {MAX_TAG_KEY} characters and don't begin with aws:, values at most {MAX_TAG_VALUE}",
        )
    if not TAG.fullmatch(key) or not TAG.fullmatch(value):
        raise OptionError(
            f"{what}: {key!r} has characters that S3 does not allow",
            hint="allowed: letters, digits, + - = . _ : / @ and spaces",
        )
