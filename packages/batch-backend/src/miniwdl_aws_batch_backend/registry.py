"""Finds the job definition for a content, and registers it when nobody did; never deregisters."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_batch_backend.client import BatchApi

__all__ = ["DefinitionRegistry"]


class DefinitionRegistry:
    """Looks in this process first, then asks AWS, then registers: once for each content, however many tasks wait."""

    def __init__(self, api: BatchApi) -> None:
        """Know nothing yet."""
        self._api = api
        self._lock = threading.Lock()
        self._known: dict[str, Future[str]] = {}

    def arn_of(self, definition: Mapping[str, Any]) -> str:
        """
        ARN of an active job definition with this content.

        :param definition: a RegisterJobDefinition request whose name stands for its content.
        """
        name: str = definition["jobDefinitionName"]
        with self._lock:
            found = self._known.get(name)
            ours = found is None
            if found is None:
                found = self._known[name] = Future()
        if ours:
            try:
                found.set_result(self._find(name) or self._register(definition))
            except BaseException as exc:
                # The next task tries again; those that wait now share this one's fate.
                with self._lock:
                    del self._known[name]
                found.set_exception(exc)
                raise
        return found.result()

    def _find(self, name: str) -> str | None:
        answer = self._api.call("describe_job_definitions", jobDefinitionName=name, status="ACTIVE")
        found = sorted(answer["jobDefinitions"], key=lambda item: int(item["revision"]))
        return str(found[-1]["jobDefinitionArn"]) if found else None

    def _register(self, definition: Mapping[str, Any]) -> str:
        return str(self._api.call("register_job_definition", **definition)["jobDefinitionArn"])
