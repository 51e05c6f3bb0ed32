"""What clients of botocore send, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore

from .model import invalid

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from .recorder import Recorder

__all__ = ["NOTED", "watch_clients"]

NOTED = "x-tests-noted"
"""Header of requests that need not be noted once more where they arrive."""


def watch_clients(recorder: Recorder) -> None:
    """Note what the clients of all sessions made from now on send, be it to a server or to a stub."""

    def note(params: dict[str, Any], model: OperationModel, **_more: object) -> None:
        # Otherwise botocore says what is wrong, and nothing is sent.
        if invalid(model, params) is None:
            recorder.note(model, params)

    def mark(params: dict[str, Any], **_more: object) -> None:
        params["headers"][NOTED] = "yes"

    def begin(session: Any) -> None:
        events = session.get_component("event_emitter")
        events.register_last("before-parameter-build", note, unique_id="tests-note")
        events.register_last("before-call", mark, unique_id="tests-mark")

    botocore.register_initializer(begin)
