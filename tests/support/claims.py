"""Which jobs runs have taken over from killed ones, by the journals on the shared file system."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["claimed"]


def claimed(root: Path) -> set[str]:
    """Tell their names; a journal, with its claims, is deleted once it is no longer of use, whoever comes by."""
    names = set()
    for journal in (root / ".miniwdl-aws" / "journal").glob("*.jsonl"):
        with suppress(FileNotFoundError):
            records = map(json.loads, journal.read_text().splitlines())
            names |= {record["claimed"] for record in records if "claimed" in record}
    return names
