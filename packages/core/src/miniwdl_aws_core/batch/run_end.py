"""
How a run ended, and where its products are, as tags of its workflow job. Pure.

The workflow job writes them (:meth:`RunEnd.written`): where the run is as soon as miniwdl has begun, the rest as the
last thing that it does. Whoever looks at a run reads them back: with the job itself, by the DescribeJobs that was
asked for anyway. A laptop may see neither the shared file system, nor the bucket, nor the log; what can look at the
run at all sees these.

A tag has at most 256 characters, and few of those that a sentence needs. So what is not a letter, a digit, a space or
one of ``+ - . _ : / @`` is written as ``=28`` (the bytes of UTF-8, as in quoted-printable text), and what is too long
goes on in ``NAME-2``, ``NAME-3``.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_TagResource.html and
https://docs.aws.amazon.com/batch/latest/userguide/using-tags.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.limits import MAX_TAG_VALUE
from miniwdl_aws_hooks.protocol import HINT_TAG, REPORT_TAG, RESULTS_TAG, RESULTS_TO_TAG, RUN_PATH_TAG, WHY_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RunEnd", "without_end"]

PIECE = MAX_TAG_VALUE - 6
"""Characters of a full tag; a space at either of its ends, which somebody might cut off, takes three."""
MOST = 4
"""Tags of one text."""

_ODD = re.compile(r"[^A-Za-z0-9 +\-._:/@]+")
_ESCAPED = re.compile(r"(?:=[0-9A-F]{2})+")
_TAGS = (WHY_TAG, HINT_TAG, RUN_PATH_TAG, RESULTS_TAG, REPORT_TAG, RESULTS_TO_TAG)
"""In the order of the fields of :class:`RunEnd`."""
_NAMES = re.compile(rf"(?:{'|'.join(_TAGS)})(?:-\d)?")


@dataclass(frozen=True)
class RunEnd:
    """What the workflow job says of the run at its end; what isn't known is empty."""

    why: str = ""
    """Why it failed: one sentence, without a full stop."""
    hint: str = ""
    """What to do about it."""
    run_dir: str = ""
    """Path of the run's directory on the shared file system."""
    results: str = ""
    """URI of the folder that holds the products of the run, with the run's own subfolder; it ends in a slash."""
    report: str = ""
    """What its report says in a sentence, and where it is."""
    results_to: str = ""
    """URI of the folder that the products will go to, said as the run begins; as ``results``."""

    def written(self) -> dict[str, str]:
        """
        Write it as tags.

        A long sentence loses its end; a place that is too long is left out, since a part of it would be another one.
        """
        places = {RUN_PATH_TAG: self.run_dir, RESULTS_TAG: self.results, RESULTS_TO_TAG: self.results_to}
        sentences = {WHY_TAG: self.why, HINT_TAG: self.hint, REPORT_TAG: self.report}
        tags = {key: piece for name, text in sentences.items() for key, piece in _in_pieces(name, text).items()}
        for name, place in places.items():
            if len(_escaped(place)) <= PIECE * MOST:
                tags.update(_in_pieces(name, place))
        return tags

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> RunEnd:
        """Read it back; nothing is known of a job without such tags."""
        return cls(*(_joined(name, tags) for name in _TAGS))


def without_end(tags: Mapping[str, str]) -> dict[str, str]:
    """Leave out of the tags of a job what it said at its end, for another job of the same kind."""
    return {name: value for name, value in tags.items() if not _NAMES.fullmatch(name)}


def _escaped(text: str) -> str:
    return _ODD.sub(lambda odd: "".join(f"={byte:02X}" for byte in odd[0].encode(errors="replace")), text)


def _in_pieces(name: str, text: str) -> dict[str, str]:
    whole = _escaped(text)[: PIECE * MOST]
    pieces = [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]
    names = [name, *(f"{name}-{number}" for number in range(2, MOST + 1))]
    return dict(zip(names, map(_protected, pieces), strict=False))


def _protected(piece: str) -> str:
    if piece.endswith(" "):
        piece = piece[:-1] + "=20"
    return "=20" + piece[1:] if piece.startswith(" ") else piece


def _joined(name: str, tags: Mapping[str, str]) -> str:
    pieces = [tags.get(name, "")]
    # What follows a piece that is not full is left over from something longer.
    while len(pieces[-1]) >= PIECE and (more := tags.get(f"{name}-{len(pieces) + 1}")):
        pieces.append(more)
    whole = re.sub(r"=[0-9A-F]?\Z", "", "".join(pieces))
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("=", "")).decode(errors="replace"), whole)
