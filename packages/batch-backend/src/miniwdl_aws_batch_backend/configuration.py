"""
Every ``[aws]`` option of the task backend: its type, default and bounds in one table, read once per process.

Each option can be set in miniwdl's configuration file or as ``MINIWDL__AWS__OPTION``. What each is for is written
beside it in ``miniwdl_aws.cfg`` of miniwdl-aws-hooks, which a test keeps in step with this table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from WDL.runtime.config import Loader

    from miniwdl_aws_hooks import Settings

__all__ = ["BackendSettings", "LoaderSettings", "is_on", "read_option", "read_settings"]

Parser = Callable[[str], Any]


@dataclass(frozen=True)
class _Kind:
    expected: str
    """What a value must be, as the error says it."""
    parse: Parser
    """Gives the value, or raises ``ValueError``."""


def _number(low: float, high: float = math.inf, *, whole: bool = False) -> _Kind:
    noun = "a whole number" if whole else "a number"
    expected = f"{noun} of at least {low:g}" if math.isinf(high) else f"{noun} between {low:g} and {high:g}"

    def parse(text: str) -> float:
        value = int(text) if whole else float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return _Kind(expected, parse)


def _parse_switch(text: str) -> bool:
    if text.lower() in ("true", "yes", "1", "on"):
        return True
    if text.lower() in ("false", "no", "0", "off"):
        return False
    raise ValueError


def is_on(text: str | None) -> bool:
    """Whether an option of miniwdl's own is switched on."""
    return text is not None and _parse_switch(text)


def _choice(*values: str) -> _Kind:
    def parse(text: str) -> str:
        if text not in values:
            raise ValueError
        return text

    return _Kind(" or ".join(values), parse)


def _parse_object(text: str) -> Mapping[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - one exception for all ways in which a value can be wrong
    return value


def _parse_texts(text: str) -> Mapping[str, str]:
    value = _parse_object(text)
    if not all(isinstance(item, str) for item in value.values()):
        raise ValueError
    return value


_TEXT = _Kind("a text", str)
_SWITCH = _Kind("true or false", _parse_switch)
_OBJECT = _Kind("a JSON object", _parse_object)
_TEXTS = _Kind("a JSON object whose values are texts", _parse_texts)


def _option(default: Any, kind: _Kind) -> Any:
    factory = (lambda: dict(default)) if isinstance(default, dict) else (lambda: default)
    return field(default_factory=factory, metadata={"kind": kind})


@dataclass(frozen=True)
class BackendSettings:
    """The options, parsed and checked."""

    task_queue: str | None = _option(None, _TEXT)
    task_queue_fallback: str | None = _option(None, _TEXT)
    region: str | None = _option(None, _TEXT)
    submit_rate: float = _option(50.0, _number(0.1, 1000))
    describe_period_min: float = _option(1.0, _number(0.05, 3600))
    describe_period_max: float = _option(10.0, _number(0.05, 3600))
    describe_grace: float = _option(300.0, _number(0))
    api_attempts: int = _option(8, _number(1, 100, whole=True))
    isolation: str = _option("run", _choice("run", "none"))
    job_timeout: int = _option(86400, _number(60, whole=True))
    job_tags: Mapping[str, str] = _option({}, _TEXTS)
    memory_delta: int = _option(-33, _number(-1024, 1024, whole=True))
    gpu_value: int = _option(1, _number(1, 16, whole=True))
    container_properties: Mapping[str, Any] = _option({}, _OBJECT)
    batch_attempts: int = _option(1, _number(1, 10, whole=True))
    infrastructure_retries: int = _option(3, _number(0, 100, whole=True))
    retry_wait: float = _option(5.0, _number(0, 3600))
    memory_retry_multiplier: float = _option(1.0, _number(1, 10))
    memory_retry_max: float = _option(512.0, _number(1, 24576))
    runnable_timeout: float = _option(0.0, _number(0))
    adopt: bool = _option(True, _SWITCH)


def read_settings(settings: Settings) -> BackendSettings:
    """
    Parse the ``[aws]`` options that are set; the others keep their defaults.

    :raises ConfigurationError: naming the option.
    """
    parsed = BackendSettings(**{name: read_option(settings, name) for name in _OPTIONS})
    if parsed.describe_period_max < parsed.describe_period_min:
        raise ConfigurationError(
            f"[aws] describe_period_max ({parsed.describe_period_max:g}) must not be below "
            f"describe_period_min ({parsed.describe_period_min:g})"
        )
    return parsed


_OPTIONS = {option.name: option for option in fields(BackendSettings)}
_DEFAULTS = BackendSettings()


def read_option(settings: Settings, name: str) -> Any:
    """
    Parse one of the options, or take its default.

    :raises ConfigurationError: naming the option.
    """
    text = settings.get("aws", name)
    if text is None:
        return getattr(_DEFAULTS, name)
    kind: _Kind = _OPTIONS[name].metadata["kind"]
    try:
        return kind.parse(text)
    except ValueError:
        raise ConfigurationError(
            f"[aws] {name} must be {kind.expected}, not {text!r}",
            hint=f"correct it in the miniwdl configuration or in MINIWDL__AWS__{name.upper()}",
        ) from None


class LoaderSettings:
    """miniwdl's configuration, as hooks read it."""

    def __init__(self, cfg: Loader) -> None:
        """Read from miniwdl's loader, which also knows the environment."""
        self._cfg = cfg

    def get(self, section: str, key: str) -> str | None:
        """Value of the option; empty texts count as unset."""
        return self._cfg.get(section, key) or None if self._cfg.has_option(section, key) else None
