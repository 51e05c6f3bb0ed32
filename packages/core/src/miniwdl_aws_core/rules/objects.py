"""Rules of Amazon S3. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from miniwdl_aws_core.rules.checks import between, matches
from miniwdl_aws_core.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["RULES"]

_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
_KEYS = _GUIDE + "object-keys.html"
_TAGS = _GUIDE + "object-tagging.html"
_PARTS = _GUIDE + "qfacts.html"
_WRITING = tuple(f"s3:{name}" for name in ("PutObject", "CopyObject", "CreateMultipartUpload"))
_KEYED = (
    *_WRITING,
    *(
        f"s3:{name}"
        for name in (
            "AbortMultipartUpload", "CompleteMultipartUpload", "DeleteObject", "GetObject", "HeadObject", "UploadPart",
        )
    ),
)  # fmt: skip
_LISTING = ("s3:ListObjectsV2", "s3:ListMultipartUploads", "s3:HeadBucket", "s3:CreateBucket")
MAX_KEY = 1024
MAX_METADATA = 2 * 1024
MAX_OBJECT_TAGS = 10
MAX_PARTS = 10_000
MAX_DELETED = 1000


def _short(key: str) -> bool:
    return 1 <= len(key.encode()) <= MAX_KEY


def _metadata_size(metadata: Mapping[str, str]) -> bool:
    return sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items()) <= MAX_METADATA


def _tags(holds: Callable[[list[tuple[str, str]]], bool]) -> Callable[[str], bool]:
    return lambda written: holds(parse_qsl(written, keep_blank_values=True))


def _in_order(parts: Sequence[Mapping[str, int]]) -> bool:
    numbers = [part["PartNumber"] for part in parts]
    return 1 <= len(numbers) <= MAX_PARTS and all(first < second for first, second in pairwise(numbers))


RULES = (
    Rule(
        "s3-bucket", _KEYED + _LISTING, ("Bucket",),
        matches(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]|arn:.*"),
        "The name of a bucket has 3 to 63 lower-case letters, digits, periods and hyphens.",
        _GUIDE + "bucketnamingrules.html",
    ),
    Rule(
        "s3-key", _KEYED, ("Key",), _short, f"The key of an object has 1 to {MAX_KEY} bytes.", _KEYS,
    ),
    Rule(
        "s3-metadata", _WRITING, ("Metadata",), _metadata_size,
        f"The metadata of an object has at most {MAX_METADATA // 1024} KiB.", _GUIDE + "UsingMetadata.html",
    ),
    Rule(
        "s3-tags", _WRITING, ("Tagging",), _tags(lambda tags: len(dict(tags)) == len(tags) <= MAX_OBJECT_TAGS),
        f"An object has at most {MAX_OBJECT_TAGS} tags, each with a name of its own.", _TAGS,
    ),
    Rule(
        "s3-tag", _WRITING, ("Tagging",),
        _tags(lambda tags: all(1 <= len(name) <= 128 and len(value) <= 256 for name, value in tags)),
        "The name of an object's tag has 1 to 128 characters, its value up to 256.", _TAGS,
    ),
    Rule(
        "s3-tag-reserved", _WRITING, ("Tagging",),
        _tags(lambda tags: not any(name.lower().startswith("aws:") for name, _value in tags)),
        "The name of an object's tag doesn't begin with aws:.", _TAGS,
    ),
    Rule(
        "s3-part-number", ("s3:UploadPart",), ("PartNumber",), between(1, MAX_PARTS),
        f"The parts of an upload have the numbers 1 to {MAX_PARTS}.", _PARTS,
    ),
    Rule(
        "s3-parts", ("s3:CompleteMultipartUpload",), ("MultipartUpload.Parts",), _in_order,
        f"An upload has 1 to {MAX_PARTS} parts, named in their order.", _PARTS,
    ),
    Rule(
        "s3-deleted", ("s3:DeleteObjects",), ("Delete.Objects",), lambda keys: 1 <= len(keys) <= MAX_DELETED,
        f"DeleteObjects takes 1 to {MAX_DELETED} keys.",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html",
    ),
)  # fmt: skip
