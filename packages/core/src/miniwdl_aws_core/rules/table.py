"""
The table of all rules.

The local cloud refuses requests by it, and the tests hold every request of theirs against it. Numbers that whoever
builds a request has to know, too, are in :mod:`miniwdl_aws_core.batch.limits`. What botocore's own model says of a
request, such as types, required members, lengths and patterns, is not repeated here.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.rules import batch_jobs, batch_lists, elsewhere, objects, tags
from miniwdl_aws_core.rules.rule import Breach, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RULES", "breaches", "rules_for"]

RULES: tuple[Rule, ...] = (*batch_jobs.RULES, *batch_lists.RULES, *tags.RULES, *objects.RULES, *elsewhere.RULES)

_BY_OPERATION: dict[str, list[Rule]] = defaultdict(list)
for _rule in RULES:
    for _operation in _rule.operations:
        _BY_OPERATION[_operation].append(_rule)


def rules_for(operation: str) -> list[Rule]:
    """
    List the rules for an operation.

    :param operation: such as ``batch:SubmitJob``; the service as botocore names it.
    """
    return _BY_OPERATION.get(operation, [])


def breaches(operation: str, parameters: Mapping[str, Any]) -> list[Breach]:
    """
    Find what a request does that AWS refuses, or fails later.

    :param operation: as in :func:`rules_for`.
    :param parameters: as botocore takes them, of the right types.
    """
    return [
        Breach(rule, operation, value)
        for rule in rules_for(operation)
        for value in rule.subjects(parameters)
        if not rule.holds(value)
    ]
