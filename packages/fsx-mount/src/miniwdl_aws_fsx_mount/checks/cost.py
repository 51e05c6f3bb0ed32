"""What a file system costs while nothing runs, where a price is known: pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from miniwdl_aws_hooks import Check, CheckState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miniwdl_aws_fsx_mount.aws.file_system import FileSystem

__all__ = ["check_cost"]

PRICES = {
    ("SCRATCH_2", "SSD", "200 MB/s per TiB"): (
        0.140, "https://learning-aws.readthedocs.io/en/latest/_sources/resources/pricing.rst.txt",
    ),
    ("PERSISTENT_2", "SSD", "125 MB/s per TiB"): (
        0.145, "https://c3x.dev/resources/aws/aws_fsx_lustre_file_system/",
    ),
}  # fmt: skip
"""US dollars a GB and month in us-east-1, with the source, by deployment type, storage and throughput."""
LOOKED_AT = "November 2026"
"""When the sources, which bear no date, said so."""


def check_cost(system: FileSystem, environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Say what the file system costs a month: by its size, whoever uses it; nothing where the cloud isn't AWS's."""
    if any(environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_FSX")):
        return None
    subject = f"file system {system.id}"
    tier = system.throughput.partition(",")[0]
    price, source = PRICES.get((system.deployment, system.storage_type, tier), (None, ""))
    if price is None:
        size = f"{system.capacity_gib} GiB at {tier}"
        message = f"{size} cost the same whether or not anything runs; no price is known here"
    else:
        month = f"costs about ${price * system.capacity_gib:.0f} a month, also while nothing runs"
        message = f"{month} (${price:.3f} a GB and month in us-east-1, {source}, {LOOKED_AT})"
    yield Check(subject, CheckState.OK, message)
