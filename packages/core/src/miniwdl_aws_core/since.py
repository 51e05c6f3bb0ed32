"""How a user says since when: the option ``--since`` of every command that has one."""

from __future__ import annotations

import re
from datetime import datetime

from miniwdl_aws_core.options.kinds import TIME_UNITS
from miniwdl_aws_hooks.errors import ConfigurationError

__all__ = ["SINCE_HELP", "parse_since"]

SINCE_HELP = "only what is not older: 90s, 10m, 2h, 3d, 1w, or a date or time of this machine's clock, or with Z of UTC"


def parse_since(text: str, now: float) -> int:
    """
    Read a beginning.

    A date such as ``2026-01-31`` or ``2026-01-31T12:00`` is of the local time zone, as the clock on the user's wall,
    unless it names another one: ``Z`` or ``+01:00``.

    :param now: seconds since the epoch.
    :return: milliseconds since the epoch.
    :raises ConfigurationError: when it is neither an age nor a date.
    """
    text = text.strip()
    age = re.fullmatch(r"(\d{1,9})([smhdw])", text)
    if age:
        return int((now - int(age[1]) * TIME_UNITS[age[2]]) * 1000)
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"--since takes an age such as 90s, 10m, 2h, 3d or 1w, or a date such as 2026-01-31T12:00, not {text!r}"
        ) from None
