"""
URLs of buckets: AWS's hosts in all of its partitions, and the two styles of naming a bucket in a URL.

The rules are botocore's own, so that data and single requests go to the same host:

- On AWS the bucket's name is a part of the host, which is the only way to reach an access point; it is a part of the
  path where it has a dot, since the wildcard of AWS's certificates covers none, or can't be a part of a host at all.
- On other servers it is a part of the path.
- ``addressing_style`` of the profile (``path``, ``virtual``) goes first.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-restrictions-limitations-naming-rules.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

__all__ = ["Addressing", "BucketUrl", "dns_suffix", "is_amazon", "is_regular"]

PLAIN_SUFFIX = "amazonaws.com"

_PLAIN_REGION = r"(?!cn-)[a-z]{2}-[a-z]+-\d+"
"""A region of the partition ``aws``; those of all others have longer names, or China's. For these alone botocore's list
needn't be read, which takes longer than the rest of finding out where S3 is."""

_LABEL = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
_HOST = r"(?=.{3,63}$)(?!\d+(\.\d+){3}$)[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*(?<!-)"
"""Bucket whose name can stand before a host; with dots only where there is no certificate."""


@cache
def _partitions() -> list[dict[str, Any]]:
    import json
    from importlib.resources import files

    text = files("botocore").joinpath("data/partitions.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["partitions"]
    return found


def dns_suffix(region: str) -> str:
    """What the names of AWS's hosts end in there, by the partition of the region; unknown regions are of ``aws``."""
    if re.fullmatch(_PLAIN_REGION, region):
        return PLAIN_SUFFIX
    known = _partitions()
    named = (one for one in known if region in one["regions"])
    alike = (one for one in known if re.match(one["regionRegex"], region))
    partition = next(named, None) or next(alike, None)
    return str(partition["outputs"]["dnsSuffix"]) if partition else PLAIN_SUFFIX


def is_amazon(url: str, region: str) -> bool:
    """Whether a server is AWS's own in the partition of that region: S3 itself, or an interface endpoint of a VPC."""
    return (urlsplit(url).hostname or "").endswith(f".{dns_suffix(region)}")


def is_regular(url: str) -> bool:
    """Whether this is where S3 is for everybody: a URL that needs no mention, since it follows from the region."""
    # Of all partitions: for dual-stack endpoints in small ones, botocore answers the same question with others' hosts.
    outputs = [one["outputs"] for one in _partitions()]
    names = ("dnsSuffix", "dualStackDnsSuffix")
    suffixes = "|".join(re.escape(one[name]) for one in outputs for name in names if name in one)
    host = urlsplit(url).hostname or ""
    return re.fullmatch(rf"s3(-fips)?(\.dualstack)?(\.[a-z0-9-]+)?\.({suffixes})", host) is not None


class BucketUrl(NamedTuple):
    """Where the requests about a bucket go."""

    url: str
    """Without a slash at its end; the bucket is a part of its host, or of its path."""
    server: str
    """The same without the bucket's part of the path."""
    in_host: bool


@dataclass(frozen=True)
class Addressing:
    """Where S3 is, and how it is told which bucket is meant."""

    endpoint: str | None = None
    """URL of the S3 server where somebody named one; ``None`` for AWS's own of a bucket's region."""
    style: str | None = None
    """``path`` or ``virtual``; anything else leaves it to the rules above."""
    fips: bool = False
    """Use the servers with validated cryptography: AWS_USE_FIPS_ENDPOINT."""
    dual_stack: bool = False
    """Use the servers that speak IPv6 too: AWS_USE_DUALSTACK_ENDPOINT."""

    def locate(self, bucket: str, region: str) -> BucketUrl:
        """Find the URL of a bucket, by its region."""
        server = (self.endpoint or self._regular(region)).rstrip("/")
        scheme, _, rest = server.partition("://")
        if self._in_host(bucket, scheme):
            url = f"{scheme}://{bucket}.{rest}"
            return BucketUrl(url, url, in_host=True)
        return BucketUrl(f"{server}/{bucket}", server, in_host=False)

    def _regular(self, region: str) -> str:
        service = f"s3{'-fips' if self.fips else ''}{'.dualstack' if self.dual_stack else ''}"
        return f"https://{service}.{region}.{dns_suffix(region)}"

    def _in_host(self, bucket: str, scheme: str) -> bool:
        wanted = self.style == "virtual" if self.endpoint else self.style != "path"
        return wanted and re.fullmatch(_HOST if scheme == "http" else _LABEL, bucket) is not None
