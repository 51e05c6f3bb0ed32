"""Whether the service can be reached, and for how long it could not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from miniwdl_aws_cwlogs.errors import LostContactError

if TYPE_CHECKING:
    from miniwdl_aws_cwlogs.asking.pace import Pace
    from miniwdl_aws_cwlogs.errors import UnreachableError

__all__ = ["Contact"]

logger = logging.getLogger(__name__)


class Contact:
    """Endures an outage for as long as the pace says."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._answered = False
        self._lost_at: float | None = None

    def answered(self) -> None:
        """Note an answer."""
        if self._lost_at is not None and self._answered:
            logger.warning("in contact with CloudWatch Logs again")
        self._lost_at = None
        self._answered = True

    def failed(self, exc: UnreachableError, now: float) -> None:
        """
        Note that there was none.

        :raises LostContactError: when that has gone on for too long.
        """
        if self._lost_at is None:
            self._lost_at = now
            if self._answered:
                logger.warning("no contact with CloudWatch Logs (%s); trying on", exc)
        patience = self._pace.patience if self._answered else self._pace.first_patience
        if now - self._lost_at >= patience:
            raise LostContactError(
                f"CloudWatch Logs could not be reached for {patience:.0f} seconds: {exc}",
                hint="the job is not affected; come back to its log later",
                more_info=exc.more_info,
                retryable=True,
            ) from exc
