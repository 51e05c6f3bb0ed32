"""The options of ``[s3_rails]``."""

from __future__ import annotations

import re

from miniwdl_aws_core.options.kinds import GIB, MIB, SIZE, SWITCH, TEXT, TEXTS, choice, text_like, whole
from miniwdl_aws_core.options.shared import UploadOptions
from miniwdl_aws_core.options.table import Option
from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_hooks import ConfigurationError

__all__ = ["KMS", "RailsOptions"]

KMS = ("aws:kms", "aws:kms:dsse")

MAX_TAGS, MAX_TAG_KEY, MAX_TAG_VALUE = 10, 128, 256
TAG = re.compile(r"[\w+\-=.:/@ ]*")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html"""


class RailsOptions(UploadOptions):
    """How objects travel, and what becomes of them."""

    owns_section = True

    concurrency = Option(
        whole(1, 10_000),
        64,
        "Requests in flight at once, over all transfers of the process: fewer for a narrow network.",
        begins="how objects travel",
    )
    max_memory = Option(SIZE, 256 * MIB, "Bytes held in memory by transfers, of what the workflow job has.")
    requester_pays = Option(
        SWITCH, False, "Pay for requests to buckets whose owners want that, downloads and listings included."
    )
    checksum = Option(
        choice("auto", "crc64nvme", "none"),
        "auto",
        "Checksum that goes along with the data for the server to compare: crc64nvme or none; auto sends it to AWS "
        "only, since many other servers refuse what they don't know. ETags are compared in any case.",
    )
    confirm_above = Option(
        SIZE,
        10 * GIB,
        "Bytes of local files above which miniwdl-aws-submit wants --yes on a terminal before it stages them.",
        submit_only=True,
    )
    revalidate = Option(
        SWITCH,
        False,
        "Whether each run asks S3 for the ETags of its inputs, once each, and takes from the download cache and the "
        "call cache only what was made of the same ones. Off: a URI is looked for by its name, as miniwdl does.",
    )

    encryption = Option(
        choice("AES256", *KMS),
        None,
        "Encryption of everything written: AES256 (SSE-S3), aws:kms or aws:kms:dsse.",
        unset="what the bucket does by default",
        begins="what objects get that are written",
    )
    kms_key = Option(TEXT, None, "KMS key (id, alias or ARN) for aws:kms.", unset="the bucket's, or AWS's own")
    bucket_key = Option(
        SWITCH,
        None,
        "Whether objects share a data key of the bucket, which saves requests to KMS, for aws:kms.",
        unset="the bucket's own setting",
    )
    # Not AWS's own list, since other servers have other classes: an unknown one is found out before the run starts.
    storage_class = Option(
        text_like(re.compile(r"[A-Z][A-Z0-9_]*"), "one such as STANDARD_IA"),
        None,
        "Storage class of output files; logs and outputs.json, which are small and soon read, keep the bucket's.",
        unset="STANDARD",
    )
    object_tags = Option(TEXTS, {}, "Tags of every object that is uploaded, at most 10.")

    def check(self) -> None:
        """
        Read every option now, and look whether they go together.

        :raises ConfigurationError: for the first one that is wrong.
        """
        super().check()
        self.check_protection()
        self.check_tags()

    def check_protection(self) -> None:
        """Look whether what concerns encryption goes together."""
        if self.kms_key and self.encryption not in KMS:
            raise ConfigurationError(f"{RailsOptions.kms_key.label} needs encryption = aws:kms or aws:kms:dsse")
        if self.bucket_key is not None and self.encryption != "aws:kms":
            raise ConfigurationError(f"{RailsOptions.bucket_key.label} needs encryption = aws:kms")

    def check_tags(self) -> None:
        """Look whether S3 takes the tags."""
        what, tags = RailsOptions.object_tags.label, self.object_tags
        if len(tags) > MAX_TAGS:
            raise ConfigurationError(f"{what}: S3 allows {MAX_TAGS} tags, and these are {len(tags)}")
        for key, value in tags.items():
            _check_tag(what, key, value)


def _check_tag(what: str, key: str, value: str) -> None:
    if not 0 < len(key) <= MAX_TAG_KEY or len(value) > MAX_TAG_VALUE or key.lower().startswith("aws:"):
        raise ConfigurationError(
            f"{what}: {quoted(key)} is not possible",
            hint=f"keys have 1 to {MAX_TAG_KEY} characters and don't begin with aws:, values at most {MAX_TAG_VALUE}",
        )
    if not TAG.fullmatch(key) or not TAG.fullmatch(value):
        raise ConfigurationError(
            f"{what}: {key!r} has characters that S3 does not allow",
            hint="allowed: letters, digits, + - = . _ : / @ and spaces",
        )
