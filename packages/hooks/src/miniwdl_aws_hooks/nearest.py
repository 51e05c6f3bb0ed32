"""Says what was probably meant by a name that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest"]

ALIKE = 0.6
"""How much of two names must be the same, of 1; ``difflib``'s own measure."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the name that is nearest; ``None`` when none is near."""
    import difflib  # only for mistakes

    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=ALIKE)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Ask whether the nearest name was meant; ``None`` when none is near."""
    near = nearest(name, known)
    return f"did you mean {near}?" if near else None
