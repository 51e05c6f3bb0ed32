import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.since import parse_since
from miniwdl_aws_hooks import ConfigurationError


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("3d", 259200), ("1w", 604800), (" 1s ", 1)]
)
def test_ages(text, seconds):
    assert parse_since(text, 1_000_000) == (1_000_000 - seconds) * 1000


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00", "2026-01-31T21:00+09:00"])
def test_a_time_that_names_its_zone(zone, text):
    assert parse_since(text, 0) == 1_769_860_800_000


def test_a_time_without_a_zone_is_of_this_machine(zone):
    hours = {"UTC": 0, "Asia/Tokyo": 9, "America/New_York": -5}[zone]
    assert parse_since("2026-01-31T12:00", 0) == 1_769_860_800_000 - hours * 3_600_000
    assert parse_since("2026-01-31", 0) == parse_since("2026-01-31T00:00", 0)


@pytest.mark.parametrize("text", ["yesterday", "", "-5m", "2026-13-01", "9999999999s", "5 m"])
def test_what_is_neither(text):
    with pytest.raises(ConfigurationError, match="--since takes"):
        parse_since(text, 0)


@given(st.one_of(st.text(), st.from_regex(r"[0-9T:.Z+ -]{1,30}", fullmatch=True), st.datetimes().map(str)))
def test_any_text_is_a_time_or_refused(text):
    with suppress(ConfigurationError):
        assert isinstance(parse_since(text, 1_000_000), int)
