"""Puts prices to a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from miniwdl_aws_core.sizes import counted
from miniwdl_aws_run_report.prices.shares import needs_of, of_unknown_market, priced

if TYPE_CHECKING:
    from miniwdl_aws_run_report.model import Run
    from miniwdl_aws_run_report.prices.asking import Prices

__all__ = ["with_prices"]

_KINDS = {True: "spot", False: "on-demand"}
"""By :attr:`~miniwdl_aws_run_report.prices.shares.Need.spot`."""


def with_prices(run: Run, prices: Prices) -> Run:
    """Give the tries of a run their cost, or a note that says why there is none."""
    prices.learn(needs_of(run))
    found = priced(run, prices.steps)
    notes = [f"prices of {_KINDS[spot]} instances are missing: {why}" for spot, why in prices.refused.items()]
    if number := of_unknown_market(found):
        notes.append(
            f"of {counted(number, 'try', 'tries')} nobody knows whether the host was a spot instance: they count at "
            "the price on demand, which is the most that they cost"
        )
    return replace(found, notes=(*found.notes, *notes))
