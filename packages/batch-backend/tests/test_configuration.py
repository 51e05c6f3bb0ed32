from __future__ import annotations

import logging
import re

import pytest
from WDL.runtime.config import Loader

from miniwdl_aws_batch_backend.configuration import BackendSettings, read_settings
from miniwdl_aws_batch_backend.process.engine import Engine
from miniwdl_aws_core.options.loader import LoaderSettings
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-AbCdEf"


def read(**values: str) -> BackendSettings:
    return read_settings(EnvironSettings({}, {("aws", key): value for key, value in values.items()}))


def test_what_is_not_set_has_its_default() -> None:
    assert (read().isolation, read().adopt, read().job_timeout) == ("run", True, 7 * 86400)
    assert read(task_queue="q", job_timeout="2h").task_queue == "q"
    assert read(job_timeout="2h").job_timeout == 7200


def test_secrets_are_those_of_any_partition() -> None:
    secret = SECRET.replace("arn:aws:", "arn:aws-us-gov:")
    found = read(repository_credentials=f'{{"registry.lab.example:5000/": "{secret}"}}').repository_credentials
    assert found == {"registry.lab.example:5000": secret}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("submit_rate", "fast", "a number between 0.1 and 1000"),
        ("submit_rate", "nan", "a number between"),
        ("infrastructure_retries", "1.5", "a whole number"),
        ("job_timeout", "59", "between 60 and 2147483647"),
        ("isolation", "total", "run or none"),
        ("adopt", "perhaps", "true or false"),
        ("job_tags", "{", "a JSON object"),
        ("job_tags", '{"a": 1}', "whose values are texts"),
        ("container_properties", "[]", "a JSON object"),
        ("image_rewrite", '{"docker-hub": "quay.io"}', "names and values are registries"),
        ("image_rewrite", '{"docker.io": "https://quay.io"}', "names and values are registries"),
        ("image_rewrite", '{"docker.io": "quay.io", "index.docker.io": "ghcr.io"}', "names and values are registries"),
        ("repository_credentials", '{"quay.io": "my-secret"}', "ARNs of secrets"),
        ("repository_credentials", f'{{"lab": "{SECRET}"}}', "names are registries"),
        (
            "repository_credentials",
            f'{{"123456789012.dkr.ecr.eu-west-1.amazonaws.com": "{SECRET}"}}',
            "other than ECR's",
        ),
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


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("task_queu = q", "did you mean task_queue?"),
        ("batch_attempts = 2", "preemptible and maxRetries"),
        ("gpu_value = 4", "acceleratorCount"),
        ("fsap = fsap-1", "FSx for Lustre"),
        ("memory_delta = -500", "what a host keeps of its memory is taken off"),
    ],
)
def test_an_option_that_does_not_exist_is_refused_before_anything_else(line: str, advice: str, tmp_path) -> None:
    cfg = tmp_path / "my.cfg"
    cfg.write_text(f"[aws]\n{line}\nsubmit_rate = 10\n")
    with pytest.raises(ConfigurationError, match=re.escape(f"no option [aws] {line.split()[0]} in {cfg}")) as caught:
        Engine.start(LoaderSettings(Loader(logging.getLogger("test"), filenames=[str(cfg)])), lambda _region: None)
    assert advice in (caught.value.hint or "")
