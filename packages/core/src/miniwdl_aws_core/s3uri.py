"""
``s3://`` URIs: taking them apart and putting them together.

Keys travel raw in these URIs, never percent-encoded, as in the AWS CLI and in miniwdl: ``s3://b/a b%20.txt`` is the
object whose key is ``a b%20.txt``, and ``s3://b/f?versionId=x`` the one whose key is ``f?versionId=x``. Versions can't
be named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_hooks.errors import ConfigurationError

__all__ = ["MAX_KEY_BYTES", "SCHEME", "S3Uri", "UriError", "is_utf8"]

SCHEME = "s3://"

# Names that AWS allows, and aliases of access points; other servers are laxer, hence the underscore and capitals.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}"

ARN = "arn:"

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""


class UriError(ConfigurationError):
    """Not an ``s3://`` URI, or not one that can exist."""


def is_utf8(text: str) -> bool:
    """Whether a text can be written as UTF-8: names of files that aren't have lone surrogates in Python."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


@dataclass(frozen=True)
class S3Uri:
    """An object, or a folder: everything under a key that is empty or ends in a slash."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str, *, what: str = "the URI") -> S3Uri:
        """
        Take a URI apart.

        :param what: who gave it, the subject of the error message: ``--s3upload``.
        :raises UriError: when there can be no such object.
        """
        if not text.startswith(SCHEME):
            raise UriError(f"{what} must begin with s3://, and {quoted(text)} does not")
        bucket, _, key = text[len(SCHEME) :].partition("/")
        if bucket.startswith(ARN):
            # Where the ARN ends and the key begins is hard to tell, and other tools that meet the URI can't.
            raise UriError(
                f"{what} names an access point by its ARN, which has no place in a URI: {quoted(text)}",
                hint="name it by its alias, which ends in -s3alias: s3://ALIAS/FOLDER/",
            )
        if not re.fullmatch(BUCKET, bucket):
            raise UriError(f"{what} names no valid bucket: {quoted(text)}", hint="the form is s3://BUCKET/FOLDER/")
        if not is_utf8(key):
            raise UriError(f"{what} is not valid UTF-8, which S3 demands of a key: {text!a}")
        if len(key.encode()) > MAX_KEY_BYTES:
            raise UriError(f"{what} has a key of more than {MAX_KEY_BYTES} bytes: {text[:100]}...")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def is_folder(self) -> bool:
        """Whether it ends in a slash, or is a whole bucket."""
        return not self.key or self.key.endswith("/")

    @property
    def basename(self) -> str:
        """Last part of the key, without a trailing slash; the bucket's name for a whole bucket."""
        return self.key.rstrip("/").rsplit("/", 1)[-1] or self.bucket

    @property
    def above(self) -> str:
        """All that precedes the last part of the key, with the slash at its end; empty for the top of a bucket."""
        key = self.key.rstrip("/")
        return key[: key.rfind("/") + 1]

    def as_folder(self) -> S3Uri:
        """The same with a slash at its end."""
        return self if self.is_folder else S3Uri(self.bucket, self.key + "/")

    def join(self, name: str) -> S3Uri:
        """Something under this folder."""
        return S3Uri(self.bucket, self.as_folder().key + name)
