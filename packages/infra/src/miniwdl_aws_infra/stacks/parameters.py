"""Parameters of the template, as they stand on the command line. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_hooks.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["parse", "request"]


def parse(words: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """
    Read ``K=V`` words.

    :raises ConfigurationError: when one isn't such a word, or names what there isn't, or what another one has named.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ConfigurationError(f"--parameter takes NAME=VALUE, not {word!r}")
        if name not in known:
            raise ConfigurationError(
                f"--parameter {name}: the template has no such parameter",
                hint=did_you_mean(name, known) or "`miniwdl-aws infra template` shows all of them",
            )
        if name in found:
            raise ConfigurationError(f"--parameter {name} is given twice")
        found[name] = value
    return found


def request(given: Mapping[str, str], before: Mapping[str, str], known: Collection[str]) -> list[dict[str, object]]:
    """
    Write them as CloudFormation wants them: what isn't given stays as it was.

    :param before: those of the stack as it is.
    :param known: those of the template.
    """
    kept = [name for name in before if name in known and name not in given]
    wanted: list[dict[str, object]] = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    return wanted + [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]
