"""The options of ``[s3_rails]``, read once and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_s3_rails.configuration import RailsOptions
from miniwdl_aws_s3_rails.transfer.writing import Protection, PutOptions, read_protection, read_put_options

if TYPE_CHECKING:
    from miniwdl_aws_hooks import Settings

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """How transfers are done."""

    concurrency: int = RailsOptions.concurrency.default
    """Requests in flight at once, over all transfers of the process."""
    max_memory: int = RailsOptions.max_memory.default
    """Bytes held in memory by transfers."""
    part_size: int = 8 * MIB
    """Files larger than this travel in parts of this size, at the same time."""
    attempts: int = 5
    """Tries per object, on top of the retries of single requests."""
    requester_pays: bool = RailsOptions.requester_pays.default
    """Whether we pay for requests to buckets whose owners want that."""
    protection: Protection = field(default_factory=Protection)
    """What all objects get that are written."""
    products: PutOptions = field(default_factory=PutOptions)
    """What the products of runs get."""
    confirm_above: int = RailsOptions.confirm_above.default
    """Bytes of local files that are staged without asking."""

    @classmethod
    def read(cls, settings: Settings) -> Options:
        """Read ``[s3_rails]``; what isn't set keeps its default."""
        given = RailsOptions(settings)
        return cls(
            concurrency=given.concurrency,
            max_memory=max(given.max_memory, 4 * cls.part_size),
            requester_pays=given.requester_pays,
            protection=read_protection(given),
            products=read_put_options(given),
            confirm_above=given.confirm_above,
        )
