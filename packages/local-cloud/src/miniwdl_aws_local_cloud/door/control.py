"""
The control endpoint: what a test or a command asks of the cloud itself, below ``/local-cloud/``.

=======  =========  =====================================================
GET      status     what the cloud is and does
GET      calls      how often each operation was requested
DELETE   calls      start counting again
GET      faults     the faults still to come
POST     faults     add those of a plan
DELETE   faults     let everything go well
POST     stop       end the cloud
=======  =========  =====================================================
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.door.faults import FaultPlan
from miniwdl_aws_local_cloud.door.protocols import Reply, json_reply
from miniwdl_aws_local_cloud.errors import FaultPlanError

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_local_cloud.door.counts import CallCounts

__all__ = ["Control"]


class Control:
    """Answers requests to the control endpoint."""

    def __init__(
        self, faults: FaultPlan, counts: CallCounts, status: Callable[[], dict[str, Any]], stop: Callable[[], None]
    ) -> None:
        """
        Connect it.

        :param status: called for each status request.
        :param stop: called when the cloud is asked to end; returns at once.
        """
        self._faults = faults
        self._counts = counts
        self._status = status
        self._stop = stop

    def answer(self, method: str, name: str, body: bytes) -> Reply:
        """Answer a request."""
        found: Callable[[bytes], Any] | None = {
            ("GET", "status"): lambda _: self._status(),
            ("GET", "calls"): lambda _: self._counts.read(),
            ("DELETE", "calls"): lambda _: self._counts.reset(),
            ("GET", "faults"): lambda _: {"faults": [asdict(fault) for fault in self._faults.pending()]},
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): lambda _: self._faults.clear(),
            ("POST", "stop"): lambda _: self._stop(),
        }.get((method, name))
        if found is None:
            return _refused(404, f"there is no {method} {name}")
        try:
            return json_reply(found(body) or {})
        except FaultPlanError as error:
            return _refused(400, f"{error}. {error.hint or ''}".strip())

    def _add_faults(self, body: bytes) -> None:
        try:
            document = json.loads(body)
        except ValueError as exc:
            raise FaultPlanError(f"the fault plan is not JSON: {exc}") from exc
        self._faults.add(FaultPlan.parse(document))


def _refused(status: int, message: str) -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode())
