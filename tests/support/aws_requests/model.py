"""What botocore's data says of a request. botocore itself checks types and least sizes only."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, ServiceModel, Shape

__all__ = ["faults", "invalid", "service_model"]


@cache
def service_model(service: str) -> ServiceModel:
    """Load the model of a service."""
    return botocore.session.Session().get_service_model(service)


def invalid(operation: OperationModel, parameters: dict[str, Any]) -> str | None:
    """Say why botocore would not send a request: a member it doesn't know, one that lacks, one of the wrong type."""
    shape = operation.input_shape
    if shape is None:
        return None
    report = ParamValidator().validate(parameters, shape)
    return report.generate_report() if report.has_errors() else None


def faults(operation: OperationModel, parameters: dict[str, Any]) -> list[str]:
    """Find what a request of the right types says that the model forbids: largest sizes, patterns, values."""
    shape = operation.input_shape
    return list(_faults(shape, parameters, "")) if shape is not None else []


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and _extent(value) > most:
        yield f"{path} is at most {most}: here it is {_extent(value)}"
    kind = shape.type_name
    if kind == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _faults(member, value[name], f"{path}.{name}".lstrip("."))
    elif kind == "list":
        for item in value:
            yield from _faults(shape.member, item, f"{path}[]")
    elif kind == "map":
        for key, item in value.items():
            yield from _faults(shape.key, key, f"{path}{{}}")
            yield from _faults(shape.value, item, f"{path}{{}}")
    elif kind == "string":
        yield from _faults_of_text(shape, value, path)


def _faults_of_text(shape: Shape, text: str, path: str) -> Iterator[str]:
    pattern = _pattern(shape.metadata.get("pattern"))
    if pattern is not None and not pattern.fullmatch(text):
        yield f"{path} has the form {pattern.pattern}: here it is {text[:200]!r}"
    if shape.enum and text not in shape.enum:
        yield f"{path} is one of {', '.join(shape.enum)}: here it is {text[:200]!r}"


def _extent(value: Any) -> float:
    if isinstance(value, int | float):
        return value
    return len(value) if hasattr(value, "__len__") else 0


@cache
def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        # Java's classes of Unicode, of which the models use three.
        return re.compile(text.replace(r"\p{L}\p{Z}\p{N}_", r"\w\s"))
    except re.error:
        return None
