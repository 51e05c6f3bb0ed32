"""Numbers of bytes, seconds and things as people read them. Pure."""

from __future__ import annotations

__all__ = ["counted", "duration", "human_size"]


def human_size(size: float) -> str:
    """``1.5 GiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


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
