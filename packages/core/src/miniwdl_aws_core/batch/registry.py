"""Finds the job definition for a content, and registers it when nobody did; never deregisters. Knows no client."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

__all__ = ["DefinitionRegistry"]


class DefinitionRegistry:
    """Looks in this process first, then asks AWS, then registers: once for each content, however many tasks wait."""

    def __init__(
        self,
        find: Callable[[str], Sequence[Mapping[str, Any]]],
        register: Callable[[Mapping[str, Any]], str],
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """
        Know nothing yet.

        :param find: asks AWS for the active definitions of a name.
        :param register: sends the request, and gives the ARN.
        :param waiting: gives what to open while a thread waits for that, whichever sends it.
        """
        self._ask = find
        self._register = register
        self._waiting = waiting
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
        if ours or not found.done():
            with self._waiting():
                return self._first(definition, found) if ours else found.result()
        return found.result()

    def _first(self, definition: Mapping[str, Any], found: Future[str]) -> str:
        name: str = definition["jobDefinitionName"]
        try:
            found.set_result(self._find(name) or self._register(definition))
        except BaseException as exc:
            # The next task tries again; those that wait now share this one's fate.
            with self._lock:
                del self._known[name]
            found.set_exception(exc)
            raise
        return found.result()

    def renewed(self, definition: Mapping[str, Any], arn: str) -> str | None:
        """
        Find or register the definition once more, should somebody have deregistered it.

        :param arn: what :meth:`arn_of` gave for it.
        :return: another ARN; ``None`` when the definition is active, so that whatever is wrong is not its absence.
        """
        name: str = definition["jobDefinitionName"]
        if any(item["jobDefinitionArn"] == arn for item in self._ask(name)):
            return None
        with self._lock:
            known = self._known.get(name)
            if known is not None and known.done() and known.result() == arn:
                del self._known[name]
        return self.arn_of(definition)

    def _find(self, name: str) -> str | None:
        newest = max(self._ask(name), key=lambda item: int(item["revision"]), default=None)
        return str(newest["jobDefinitionArn"]) if newest else None
