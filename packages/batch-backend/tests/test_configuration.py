from __future__ import annotations

import configparser
import re
from dataclasses import fields

import pytest

from miniwdl_aws_batch_backend.configuration import BackendSettings, read_settings
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings, workflow_cfg

READ_BY_OTHERS = {"fs", "publish"}
"""Options of [aws] that are documented in the same place and belong to other parts."""


def read(**values: str) -> BackendSettings:
    return read_settings(EnvironSettings({}, {("aws", key): value for key, value in values.items()}))


def test_defaults() -> None:
    assert read() == BackendSettings()


def documented() -> dict[str, str | None]:
    """The [aws] options in the preset configuration, those that are commented out included, with their values."""
    text = workflow_cfg().read_text()
    section = re.search(r"^\[aws\]\n(.*?)(?=^\[)", text, re.MULTILINE | re.DOTALL)
    assert section
    found = re.findall(r"^#?([a-z_]+) =[ ]?(.*)$", section[1], re.MULTILINE)
    return {name: value or None for name, value in found}


def test_the_preset_configuration_documents_every_option_with_its_default() -> None:
    options = documented()
    assert set(options) - READ_BY_OTHERS == {option.name for option in fields(BackendSettings)}
    parser = configparser.ConfigParser()
    parser.read(workflow_cfg())
    for name, value in options.items():
        if value is not None and name not in READ_BY_OTHERS:
            assert getattr(read(**{name: value}), name) == getattr(BackendSettings(), name), name
            assert parser.get("aws", name, fallback=value) == value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("submit_rate", "fast", "a number between 0.1 and 1000"),
        ("submit_rate", "nan", "a number between"),
        ("api_attempts", "1.5", "a whole number"),
        ("job_timeout", "59", "at least 60"),
        ("isolation", "total", "run or none"),
        ("adopt", "perhaps", "true or false"),
        ("job_tags", "{", "a JSON object"),
        ("job_tags", '{"a": 1}', "whose values are texts"),
        ("container_properties", "[]", "a JSON object"),
    ],
)
def test_wrong_values_are_refused_by_name(name: str, value: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"[aws] {name}")) as caught:
        read(**{name: value})
    assert expected in caught.value.message
    assert f"MINIWDL__AWS__{name.upper()}" in (caught.value.hint or "")


def test_periods_must_fit_each_other() -> None:
    with pytest.raises(ConfigurationError, match="describe_period_max"):
        read(describe_period_min="5", describe_period_max="2")
