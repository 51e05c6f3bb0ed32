"""
Signature Version 4 of requests that have no body, as S3 reads it. Pure.

botocore has one, but takes longer to import than most downloads take; a test holds this one against it.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from obstore.store import S3Credential

__all__ = ["sign"]

ALGORITHM = "AWS4-HMAC-SHA256"
NO_BODY = hashlib.sha256(b"").hexdigest()
"""What a body is signed by that isn't there."""


def sign(
    method: str, target: str, headers: Mapping[str, str], credential: S3Credential, region: str, now: datetime
) -> dict[str, str]:
    """
    Sign a request, with all of its headers.

    :param target: path and query, percent-encoded once; parameters of the query are sorted, each ``name=value``.
    :param headers: by names in lower case; ``host`` is among them.
    :param now: time of the request, aware; S3 accepts 15 minutes more or less.
    :return: the headers to send: those that were given, and those that make up the signature.
    """
    time = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    day = time[:8]
    sent = {**headers, "x-amz-content-sha256": NO_BODY, "x-amz-date": time}
    if token := credential.get("token"):
        sent["x-amz-security-token"] = token
    path, _, query = target.partition("?")
    names = sorted(sent)
    listed = ";".join(names)
    # S3 alone takes the path as it is, neither normalized nor encoded twice.
    lines = (method, path, query, *(f"{name}:{' '.join(sent[name].split())}" for name in names), "", listed, NO_BODY)
    request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    scope = f"{day}/{region}/s3/aws4_request"
    text = f"{ALGORITHM}\n{time}\n{scope}\n{request}"
    signature = hmac.digest(_key(credential["secret_access_key"], day, region), text.encode(), "sha256").hex()
    who = f"{credential['access_key_id']}/{scope}"
    sent["authorization"] = f"{ALGORITHM} Credential={who}, SignedHeaders={listed}, Signature={signature}"
    return sent


@lru_cache(maxsize=16)
def _key(secret: str, day: str, region: str) -> bytes:
    """Derive what all requests of a day, region and identity are signed with."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
