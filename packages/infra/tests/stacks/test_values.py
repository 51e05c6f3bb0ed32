import re

import pytest

from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_infra.stacks.values import check
from miniwdl_aws_infra.template import rules, text

RULES = rules(text())


def test_the_defaults_are_allowed() -> None:
    defaults = {name: rule["Default"].strip('"') for name, rule in RULES.items()}
    check(defaults, RULES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("StorageCapacity", "2400"),
        ("ShareDecaySeconds", "604800"),
        ("BudgetUsd", "99.5"),
        ("LogRetentionDays", "3653"),
        ("LinkBucket", "yes"),
        ("BucketName", "a-bucket"),
        ("WorkflowPolicyArns", "anything"),
    ],
)
def test_values_that_are_allowed(name: str, value: str) -> None:
    check({name: value}, RULES)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("FairShare", "maybe", "be one of yes, no"),
        ("LogRetentionDays", "2", "be one of 0, 1, 3, "),
        ("StorageCapacity", "abc", "be a number"),
        ("StorageCapacity", "", "be a number"),
        ("StorageCapacity", "1199", "be 1200 or more"),
        ("ShareDecaySeconds", "604801", "be 604800 or less"),
        ("BudgetUsd", "-1", "be 0 or more"),
        ("WorkflowImage", "x" * 256, "have 255 characters at most"),
        ("FileSystemId", "nope", "be empty or match fs-[0-9a-f]{8,}"),
        ("BucketName", "a;rm", "be empty or match [a-z0-9]"),
        ("LinkPath", "", "match /[A-Za-z0-9._-]+"),
    ],
)
def test_values_that_are_not(name: str, value: str, wanted: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"--parameter {name} must {wanted}")) as caught:
        check({name: value}, RULES)
    assert caught.value.message.endswith(f"not {value!r}")
    assert "infra template" in (caught.value.hint or "")
