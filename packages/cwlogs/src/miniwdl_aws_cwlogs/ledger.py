"""
What of a stream was shown already: the exact answer, although no two ways of reading share an identity of events.

GetLogEvents returns no event id, FilterLogEvents does. But a reader who sees only time and text can't tell events with
equal time and text apart either, so counting is enough. A *pass* is one traversal of the stream that meets each event
once. When a pass meets an event for the n-th time, the event is new if fewer than n of its kind have been shown.
However many passes overlap, each kind is shown as often as the pass that has met most of them; and once one pass has
met all events, all are shown, none twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniwdl_aws_hooks import LogEvent

__all__ = ["Ledger", "Pass"]


class Pass:
    """
    How many events of each kind one traversal has met, by second, so that the past can be dropped cheaply.

    Texts are kept as 64-bit hashes: two of the same second would have to collide for a line to be lost, which is
    less likely than a faulty memory chip, and a megabyte of text costs as little as a word.
    """

    def __init__(self) -> None:
        self.seconds: dict[int, dict[int, int]] = {}

    def forget(self, before: int) -> None:
        """Drop what is older than a time; a second that isn't over by then is kept whole."""
        for second in [second for second in self.seconds if (second + 1) * 1000 <= before]:
            del self.seconds[second]


class Ledger:
    """The events of one stream that were shown."""

    def __init__(self, floor: int = 0) -> None:
        """
        Start with nothing shown.

        :param floor: milliseconds since the epoch; older events are of no interest.
        """
        self.floor = floor
        """Nothing is known about older events: they were forgotten, so they must not be shown again."""
        self._shown = Pass()

    def new(self, events: Iterable[LogEvent], reading: Pass, *, late: bool = False) -> list[LogEvent]:
        """
        Pick the events that have to be shown, and take them as shown.

        :param late: whether a pass that meets events older than the floor can only have met late arrivals.
        """
        fresh = []
        shown_seconds, met_seconds = self._shown.seconds, reading.seconds
        for event in events:
            if event.timestamp < self.floor:
                if late:
                    fresh.append(event)
                continue
            second = event.timestamp // 1000
            shown = shown_seconds.setdefault(second, {})
            met = met_seconds.setdefault(second, {})
            kind = hash((event.timestamp, event.message))
            times = met[kind] = met.get(kind, 0) + 1
            if times > shown.get(kind, 0):
                shown[kind] = times
                fresh.append(event)
        return fresh

    def forget(self, before: int) -> None:
        """Drop what is older than a time: no pass will meet it again."""
        if before > self.floor:
            self.floor = before
            self._shown.forget(before)

    @property
    def remembered(self) -> int:
        """Kinds of events that are remembered."""
        return sum(map(len, self._shown.seconds.values()))
