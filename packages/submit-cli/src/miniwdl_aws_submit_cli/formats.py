"""How times and sizes are written and read. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from miniwdl_aws_hooks.errors import ConfigurationError

__all__ = ["ago", "counted", "duration", "parse_since"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def duration(seconds: float) -> str:
    """Write a duration with at most two units: ``45s``, ``3m12s``, ``2h05m``, ``3d4h``."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def counted(number: int, one: str, more: str = "") -> str:
    """Write how many there are of something: ``1 task job``, ``2 task jobs``."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def ago(milliseconds: int | None, now: float) -> str:
    """Write how long ago a time of AWS Batch was; nothing when it isn't known."""
    return duration(now - milliseconds / 1000) if milliseconds else ""


def parse_since(text: str, now: float, option: str = "--since") -> int:
    """
    Read a beginning: ``90s``, ``10m``, ``2h``, ``3d``, ``1w`` before now, or a date such as ``2026-01-31T12:00``.

    :return: milliseconds since the epoch.
    """
    relative = re.fullmatch(r"(\d+)([smhdw])", text)
    if relative:
        return int((now - int(relative[1]) * _SECONDS[relative[2]]) * 1000)
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except ValueError:
        raise ConfigurationError(
            f"{option} takes a time ago such as 90s, 10m, 2h, 3d or 1w, or a date such as 2026-01-31, not {text!r}"
        ) from None
