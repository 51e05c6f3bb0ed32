"""How often each operation was requested, for benchmarks and tests."""

from __future__ import annotations

import threading
from collections import Counter

__all__ = ["CallCounts"]


class CallCounts:
    """How often each operation was requested, such as ``batch:SubmitJob``. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, call: str) -> None:
        """Count a request."""
        with self._lock:
            self._counts[call] += 1

    def read(self) -> dict[str, int]:
        """Tell all counts."""
        with self._lock:
            return dict(self._counts)

    def reset(self) -> None:
        """Start again."""
        with self._lock:
            self._counts.clear()
