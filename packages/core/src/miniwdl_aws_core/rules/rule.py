"""A rule about requests, as data. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Breach", "Rule", "values_at"]

_STEP = re.compile(r"(\w+)(\[\]|\{\}|)")


def values_at(parameters: object, path: str) -> Iterator[Any]:
    """
    Find what a request says at a path; nothing where it is silent.

    :param parameters: as botocore takes them.
    :param path: ``jobName``, or ``volumes[].name`` for each item of a list, or ``tags{}`` for the pairs of a map; empty
        for the whole request.
    """
    if not path:
        yield parameters
        return
    step, _, rest = path.partition(".")
    match = _STEP.fullmatch(step)
    assert match, path  # noqa: S101 - the paths are this package's own
    name, kind = match.groups()
    value = parameters.get(name) if isinstance(parameters, dict) else None
    if value is None:
        return
    for item in value if kind == "[]" else value.items() if kind == "{}" else (value,):
        yield from values_at(item, rest)


@dataclass(frozen=True)
class Rule:
    """What AWS wants of some requests."""

    id: str
    """Such as ``batch-job-name``."""
    operations: tuple[str, ...]
    """Such as ``batch:SubmitJob``."""
    paths: tuple[str, ...]
    """What of a request it is about, as :func:`values_at` takes them."""
    holds: Callable[[Any], bool]
    """Whether a value there is right."""
    sentence: str
    """The rule in words that a user can read."""
    source: str
    """Address of the page that says so."""
    later: bool = False
    """Whether AWS takes the request all the same, and fails what it asked for afterwards."""

    def subjects(self, parameters: Mapping[str, Any]) -> list[Any]:
        """What of a request it is about: nothing where it doesn't apply."""
        return [value for path in self.paths for value in values_at(parameters, path)]


@dataclass(frozen=True)
class Breach:
    """A request that breaks a rule."""

    rule: Rule
    operation: str
    value: Any

    def __str__(self) -> str:
        shown = repr(self.value)
        return (
            f"{self.operation}: {self.rule.sentence} [{self.rule.id}, {self.rule.source}]; here it is "
            f"{shown if len(shown) <= 200 else shown[:200] + '...'}"
        )
