"""
What commands printed, as a page shows it, and whether two texts say the same.

Times, ids, durations, sizes and rates belong to one run on one machine, and so do folders. On a page they stand as they
would for a reader who began at noon; what is compared has none of them.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import unified_diff
from itertools import zip_longest

__all__ = ["Normaliser", "differences"]

WIDTH = 120
"""Longer lines are cut: a log's lines hold paths, and a page is not for reading those."""
BEGINNING = datetime(2025, 1, 31, 12, tzinfo=UTC)
_TIME = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)([ _T])(\d\d):?(\d\d):?(\d\d)(?!\d)")
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{20}\b")
_NOT_FOR_PAGES = re.compile(r"(?m)^.*running miniwdl as root.*\n")
_MASKS = (
    (_TIME, "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"(?<=TIME)\.\d+"), ""),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}(?:-[0-9a-f]+)*\b"), "ID"),
    (re.compile(r"\b(?:\d+d)?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)? ?s\b|\b\d+h\d+m\b"), "DURATION"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:[KMGT]i)?B\b"), "SIZE"),
    (re.compile(r"\b\d+ (?=(?:succeeded|calls), [1-9]\d* failed)"), "SOME "),  # what had ended when another failed
    (re.compile(r"[ ─]{2,}"), "  "),
)
_CUT = re.compile(r"\S*(?:\.\.\.|…)$")


@dataclass
class Normaliser:
    """Takes out of a text what belongs to this machine and this hour. Pure, but for what it has seen before."""

    paths: dict[str, str]
    """What to write for a path, the longest first."""
    began: datetime
    ids: dict[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """Return the text as it stands on a page."""
        for path, shown in self.paths.items():
            text = text.replace(path, shown)
        text = _NOT_FOR_PAGES.sub("", text)
        text = _ID.sub(lambda found: self._id(found.group()), _TIME.sub(self._time, text))
        lines = [line.rstrip() for line in text.splitlines()]
        return "".join(f"{line[: WIDTH - 3]}...\n" if len(line) > WIDTH else f"{line}\n" for line in lines)

    def _id(self, found: str) -> str:
        made = uuid.uuid5(uuid.NAMESPACE_OID, str(len(self.ids))).bytes
        new = uuid.UUID(bytes=made, version=4)
        return self.ids.setdefault(found, str(new) if "-" in found else new.hex[: len(found)])

    def _time(self, found: re.Match[str]) -> str:
        *date, between, hour, minute, second = found.groups()
        digits = "".join((*date, hour, minute, second))
        try:
            moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:  # digits that are no time
            return found.group()
        form = f"%Y-%m-%d{between}%H:%M:%S" if "-" in found.group() else f"%Y%m%d{between}%H%M%S"
        return (moment - self.began + BEGINNING).strftime(form)


def differences(shown: str, printed: str, vary: str = "") -> list[str]:
    """
    Name the lines that differ in more than what belongs to one run, as a diff does.

    :param vary: what else may differ. Where it is given, as for lines of tasks that run at the same time, it is enough
        that each line of the page was printed somewhere.
    """
    ours, theirs = (_masked(text, vary) for text in (shown, printed))
    if vary:
        same = all(any(_same(line, other) for other in theirs) for line in ours)
    else:
        same = all(_same(*pair) for pair in zip_longest(ours, theirs))
    return [] if same else list(unified_diff(ours, theirs, "page", "printed", lineterm="", n=1))


def _masked(text: str, vary: str) -> list[str]:
    for pattern, mask in (*_MASKS, *([(re.compile(vary), "VARIES")] if vary else ())):
        text = pattern.sub(mask, text)
    return [line.strip() for line in text.splitlines()]


def _same(one: str | None, other: str | None) -> bool:
    """Whether lines are equal as far as neither is cut: what a mask made shorter was cut elsewhere."""
    if one == other:
        return True
    if one is None or other is None:
        return False
    if _CUT.search(one) or _CUT.search(other):
        length = min(len(_CUT.sub("", one)), len(_CUT.sub("", other)))
        return length > 0 and one[:length] == other[:length]
    return False
