from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_run_report.model import Call, Run, State, Try, TryEnd
from miniwdl_aws_run_report.prices.asking import Prices
from miniwdl_aws_run_report.prices.runs import with_prices
from miniwdl_aws_run_report.prices.shares import Need, needs_of, price_at, priced, region_of

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_000_000.0
HOST = {"instance_type": "m5.xlarge", "zone": "eu-central-1a", "instance_vcpus": 4, "instance_memory": 16_000}
SPOT = Try(1, TryEnd.HOST_LOST, 0, 0, 100, 1900, vcpus=2, memory=4000, spot=True, **HOST)
ON_DEMAND = Try(2, TryEnd.SUCCEEDED, 0, 0, 2000, 5600, vcpus=1, memory=16_000, spot=False, **HOST)
NOWHERE = Try(3, TryEnd.SUCCEEDED, 0, 0, 1, 2, vcpus=1, memory=1)
RUN = Run("r", "align", State.SUCCEEDED, (Call("call-a", "a", State.SUCCEEDED, (SPOT, ON_DEMAND, NOWHERE)),))


class Aws:
    """Answers as the two services do."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.types = {"m5.xlarge"}
        self.refuses: set[str] = set()

    def __call__(self, service: str, region: str) -> Any:
        self.asked.append((service, region))
        if service in self.refuses:
            raise ConfigurationError(f"can't ask {service}: permission is missing")
        return self

    def get_paginator(self, _name: str) -> Any:
        return self

    def paginate(self, **request: Any) -> Any:
        assert request["AvailabilityZone"] == "eu-central-1a"
        assert set(request["InstanceTypes"]) <= self.types
        entries = [(50, "0.10"), (0, "0.08"), (3000, "0.20")]
        told = [{"Timestamp": datetime.fromtimestamp(at, UTC), "SpotPrice": price} for at, price in entries]
        return [{"SpotPriceHistory": told}]

    def get_products(self, ServiceCode: str, Filters: list[dict[str, str]]) -> Any:  # noqa: N803 - AWS's names
        assert ServiceCode == "AmazonEC2"
        assert {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-central-1"} in Filters
        dimensions = {"x": {"pricePerUnit": {"USD": "0.2300000000"}}}
        return {"PriceList": [json.dumps({"terms": {"OnDemand": {"t": {"priceDimensions": dimensions}}}})]}


@pytest.fixture
def aws() -> Aws:
    return Aws()


def test_each_try_costs_its_share_of_its_host(aws: Aws, tmp_path: Path) -> None:
    run = with_prices(RUN, Prices(tmp_path / "new/prices.json", NOW, aws))
    spot, on_demand, nowhere = run.calls[0].tries
    assert spot.cost == pytest.approx(0.10 * 0.5 * 0.5)
    assert on_demand.cost == pytest.approx(0.23)
    assert nowhere.cost is None
    assert run.notes == ()
    assert aws.asked == [("pricing", "us-east-1"), ("ec2", "eu-central-1")]


def test_what_is_known_is_not_asked_again(aws: Aws, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    first = with_prices(RUN, Prices(file, NOW, aws))
    aws.refuses = {"ec2", "pricing"}
    assert with_prices(RUN, Prices(file, NOW + 86400, aws)) == first
    late = with_prices(RUN, Prices(file, NOW + 8 * 86400, aws))
    assert [item.cost is None for item in late.calls[0].tries] == [False, True, True]


MANY = replace(RUN, calls=(*RUN.calls, Call("call-b", "b", State.SUCCEEDED, tuple(
    replace(item, instance_type="m5.2xlarge") for item in (SPOT, ON_DEMAND)))))  # fmt: skip
"""With two prices of either kind."""


@pytest.mark.parametrize(
    ("refuses", "known", "notes", "asked"),
    [
        ({"ec2", "pricing"}, [False] * 5, ["on-demand", "spot"], ["pricing", "ec2"]),
        ({"pricing"}, [True, False, False, True, False], ["on-demand"], ["pricing", "ec2", "ec2"]),
        ({"ec2"}, [False, True, False, False, True], ["spot"], ["pricing", "pricing", "ec2"]),
    ],
)
def test_a_service_that_refuses_is_asked_once_and_the_other_one_all_the_same(
    aws: Aws, tmp_path: Path, refuses: set[str], known: list[bool], notes: list[str], asked: list[str]
) -> None:
    aws.refuses = refuses
    aws.types = {"m5.xlarge", "m5.2xlarge"}
    run = with_prices(MANY, Prices(tmp_path / "prices.json", NOW, aws))
    assert [item.cost is not None for call in run.calls for item in call.tries] == known
    services = {"on-demand": "pricing", "spot": "ec2"}
    told = [
        f"prices of {kind} instances are missing: can't ask {services[kind]}: permission is missing" for kind in notes
    ]
    assert list(run.notes) == told
    assert sorted(service for service, _ in aws.asked) == sorted(asked)


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"eu-central-1/m5.xlarge": 3}'])
def test_a_cache_that_is_none(aws: Aws, tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.json").write_text(text)
    assert with_prices(RUN, Prices(tmp_path / "prices.json", NOW, aws)).calls[0].tries[1].cost


def test_a_host_of_which_nobody_knows_the_market_counts_at_most(aws: Aws, tmp_path: Path) -> None:
    call = Call("call-a", "a", State.SUCCEEDED, (replace(SPOT, spot=None),))
    run = with_prices(Run("r", "align", State.SUCCEEDED, (call,)), Prices(tmp_path / "prices.json", NOW, aws))
    assert run.calls[0].tries[0].cost == pytest.approx(0.23 * 0.5 * 0.5)
    (note,) = run.notes
    assert note.startswith("of 1 try nobody knows whether the host was a spot instance")


@pytest.mark.parametrize("item", [NOWHERE, replace(SPOT, instance_type="local"), replace(SPOT, zone="")])
def test_a_run_without_hosts_of_aws_asks_nobody(aws: Aws, tmp_path: Path, item: Try) -> None:
    run = Run("r", "align", State.SUCCEEDED, (Call("call-a", "a", State.SUCCEEDED, (item,)),))
    assert with_prices(run, Prices(tmp_path / "prices.json", NOW, aws)) == run
    assert aws.asked == []


def test_no_try_costs_more_than_its_host() -> None:
    need = Need("eu-central-1", "m5.xlarge", "eu-central-1a")
    assert needs_of(RUN)[need] == (100, 1900)
    whole = priced(RUN, lambda _need: [(0, 1.0)]).calls[0].tries[1]
    assert whole.cost == 1.0


@pytest.mark.parametrize(("at", "price"), [(-1, 1), (0, 1), (9, 1), (10, 2), (99, 2)])
def test_a_price_at_a_time(at: float, price: float) -> None:
    assert price_at([(0, 1), (10, 2)], at) == price
    assert price_at([], at) is None


@pytest.mark.parametrize(
    ("zone", "region"), [("eu-central-1a", "eu-central-1"), ("us-west-2-lax-1a", "us-west-2"), ("", ""), ("x", "")]
)
def test_region(zone: str, region: str) -> None:
    assert region_of(zone) == region
