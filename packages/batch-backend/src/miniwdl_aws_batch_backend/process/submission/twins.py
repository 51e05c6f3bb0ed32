"""
Looks for jobs that AWS may have taken twice, since it gave no answer the first time.

All children of an array have one name and ask for the same, each when it ends: an answer is good for all who ask within
a few seconds, and for ever once ListJobs can't lag behind any more.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.batch.lookup import PAUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = ["Twins"]

PERIOD = 5.0
"""Seconds for which an answer is good, for who is in no hurry."""

SETTLED = 2 * sum(PAUSES)
"""Seconds after the last request of a name by which ListJobs tells all of its jobs, with room to spare."""


@dataclass
class _Name:
    sent: float
    """When the last request that may have made such a job was over."""
    looked: float = -SETTLED
    """When the last look began."""
    outcome: Sequence[Job] | AwsError = ()
    looking: threading.Lock = field(default_factory=threading.Lock)

    def is_good(self, since: float) -> bool:
        """Whether a look that began so long ago tells enough."""
        settled = self.looked >= self.sent + SETTLED and not isinstance(self.outcome, AwsError)
        return settled or self.looked >= since


class Twins:
    """The jobs of names for which there was no answer."""

    def __init__(
        self, list_jobs: Callable[[str, str], Sequence[Job]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Look for nothing yet.

        :param list_jobs: ListJobs for a queue and a name.
        """
        self._list = list_jobs
        self._clock = clock
        self._names: dict[str, _Name] = {}

    def unanswered(self, name: str) -> None:
        """Note that AWS may just have taken a job of a name."""
        self._names[name] = _Name(self._clock())

    def named(self, queue: str, name: str, *, at_once: bool) -> Sequence[Job]:
        """
        Tell the jobs of a name, as far as ListJobs knows them.

        :param at_once: an answer from before it was asked for doesn't do: nobody will look again.
        :raises AwsError: to all who have asked meanwhile.
        """
        since = self._clock() - (0.0 if at_once else PERIOD)
        known = self._names.setdefault(name, _Name(self._clock()))
        with known.looking:
            if not known.is_good(since):
                known.looked = self._clock()
                try:
                    known.outcome = self._list(queue, name)
                except AwsError as exc:
                    known.outcome = exc
            outcome = known.outcome
        if isinstance(outcome, AwsError):
            raise outcome
        return outcome
