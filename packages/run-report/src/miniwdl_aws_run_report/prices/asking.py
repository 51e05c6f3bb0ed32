"""
Asks AWS for prices: on demand by the Price List API, which a few regions alone have, and spot by EC2's history.

What AWS has said is kept with its date in ``prices.json`` of the user's cache folder: prices on demand for a week, the
past of spot prices for good. Without network or permission there are no prices, and a note says so.

Sources: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotPriceHistory.html, whose answer begins with the
price at the start of the time asked for.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import translated
from miniwdl_aws_core.aws.session import connect
from miniwdl_aws_core.beneath import write_bytes
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_hooks import MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from miniwdl_aws_run_report.prices.shares import Need

__all__ = ["Prices", "cache_file", "for_this_user"]

REGION_OF_PRICES = "us-east-1"
"""One of those that have the Price List API; it knows the prices of all."""

WEEK, LATEST = 7 * 86400.0, 3600.0
"""Seconds for which a price on demand is taken for today's, and that the end of a spot history may be too young."""

TIMEOUT, ATTEMPTS = 5, 2
"""A report is not worth a long wait."""

Steps = list[tuple[float, float]]


def cache_file(environ: Mapping[str, str]) -> Path:
    """Where prices are kept."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "miniwdl-aws", "prices.json")


class Prices:
    """Prices, as AWS says them, or has said them before."""

    def __init__(self, file: Path, now: float, client: Callable[[str, str], Any] | None = None) -> None:
        """
        Read what is kept.

        :param file: where.
        :param now: seconds since the epoch.
        :param client: connects to a service in a region; it may raise ``MiniwdlAwsError``.
        """
        self._file, self._now, self._client = file, now, client or _connect
        self._kept = _read(file)
        self._known: dict[Need, Steps] = {}
        self.refused: dict[bool, str] = {}
        """Why prices of spot instances (``True``) or of those on demand are missing; each has a service of its own."""

    def learn(self, needs: Mapping[Need, tuple[float, float]]) -> None:
        """Find prices out: each with the time for which it is needed."""
        changed = False
        for need, span in sorted(needs.items()):
            key = _key(need, span)
            kept = self._fresh(key, need, span)
            if kept is None and need.spot not in self.refused:
                try:
                    kept = self._ask(need, span)
                except MiniwdlAwsError as exc:
                    self.refused[need.spot] = exc.message
                    continue
                self._kept[key] = {"at": self._now, "steps": kept}
                changed = True
            self._known[need] = kept or []
        if changed:
            with suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(self._file.parent, self._file.name, json.dumps(self._kept).encode())

    def steps(self, need: Need) -> Sequence[tuple[float, float]]:
        """Tell a price over time; empty when nobody knows it."""
        return self._known.get(need, [])

    def _fresh(self, key: str, need: Need, span: tuple[float, float]) -> Steps | None:
        kept: Any = self._kept.get(key)
        try:
            asked, steps = float(kept["at"]), [(float(since), float(price)) for since, price in kept["steps"]]
        except (TypeError, KeyError, ValueError):
            return None
        good = asked >= span[1] + LATEST if need.spot else self._now - asked < WEEK
        return steps if good else None

    def _ask(self, need: Need, span: tuple[float, float]) -> Steps:
        return self._ask_spot(need, span) if need.spot else self._ask_on_demand(need)

    def _ask_spot(self, need: Need, span: tuple[float, float]) -> Steps:
        client = self._client("ec2", need.region)
        with translated("ask for the prices of spot instances"):
            pages = client.get_paginator("describe_spot_price_history").paginate(
                InstanceTypes=[need.instance_type],
                ProductDescriptions=["Linux/UNIX"],
                AvailabilityZone=need.zone,
                StartTime=datetime.fromtimestamp(span[0], UTC),
                EndTime=datetime.fromtimestamp(span[1], UTC),
            )
            entries = [entry for page in pages for entry in page["SpotPriceHistory"]]
            return sorted((entry["Timestamp"].timestamp(), float(entry["SpotPrice"])) for entry in entries)

    def _ask_on_demand(self, need: Need) -> Steps:
        client = self._client("pricing", REGION_OF_PRICES)
        wanted = {
            "instanceType": need.instance_type, "regionCode": need.region, "operatingSystem": "Linux",
            "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
        }  # fmt: skip
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
        with translated("ask for the prices of instances"):
            listed = client.get_products(ServiceCode="AmazonEC2", Filters=filters)["PriceList"]
            prices = {price for text in listed for price in _on_demand(json.loads(text))}
        return [(0.0, min(prices))] if prices else []


def _on_demand(product: Mapping[str, Any]) -> list[float]:
    """Read what an hour of a product costs."""
    terms = product["terms"].get("OnDemand", {}).values()
    found = [float(item["pricePerUnit"].get("USD", 0)) for term in terms for item in term["priceDimensions"].values()]
    return [price for price in found if price > 0]


def _connect(service: str, region: str) -> Any:
    return connect(service, region, attempts=ATTEMPTS, connect_timeout=TIMEOUT, read_timeout=TIMEOUT)


def _key(need: Need, span: tuple[float, float]) -> str:
    whole = (need.region, need.instance_type)
    return "/".join((*whole, need.zone, *map(str, map(round, span))) if need.spot else whole)


def _read(file: Path) -> dict[str, Any]:
    try:
        kept = read_json(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def for_this_user(now: float) -> Prices:
    """Ask with this user's credentials, and keep it in this user's cache."""
    return Prices(cache_file(os.environ), now)
