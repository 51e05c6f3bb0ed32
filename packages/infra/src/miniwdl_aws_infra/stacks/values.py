"""
What the template allows as values of its parameters, looked at before anything is sent. Pure.

CloudFormation looks, too, but doesn't name the option, and its stand-ins don't look at all.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check"]

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def check(given: Mapping[str, str], rules: Mapping[str, Mapping[str, str]]) -> None:
    """
    Look at values.

    :param rules: by parameter, what the template says of it, as it stands there.
    :raises ConfigurationError: when the template doesn't allow one.
    """
    for name, value in given.items():
        wanted = _missed(value, rules[name])
        if wanted:
            raise ConfigurationError(
                f"--parameter {name} must {wanted}, not {value!r}",
                hint="`miniwdl-aws infra template` describes the parameters",
            )


def _missed(value: str, rule: Mapping[str, str]) -> str | None:
    """Say which rule a value breaks, in the words that follow `must`."""
    if "AllowedValues" in rule:
        allowed = re.findall(r'[^][", ]+', rule["AllowedValues"])
        return None if value in allowed else f"be one of {', '.join(allowed)}"
    if rule.get("Type") == "Number":
        if not NUMBER.fullmatch(value):
            return "be a number"
        if "MinValue" in rule and float(value) < float(rule["MinValue"]):
            return f"be {rule['MinValue']} or more"
        if "MaxValue" in rule and float(value) > float(rule["MaxValue"]):
            return f"be {rule['MaxValue']} or less"
    if "MaxLength" in rule and len(value) > int(rule["MaxLength"]):
        return f"have {rule['MaxLength']} characters at most"
    if "AllowedPattern" in rule:
        pattern = json.loads(rule["AllowedPattern"])  # JSON's strings are YAML's, too
        if not re.fullmatch(pattern, value):
            empty = "be empty or " if pattern.startswith("|") else ""
            return f"{empty}match {pattern.removeprefix('|')}"
    return None
