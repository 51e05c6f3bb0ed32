"""How a cloud that is up is found: ``cloud.json`` in its state folder, and questions to its control endpoint."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.errors import CloudStartError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CLOUD_FILE", "CLOUD_LOCK", "CloudRecord"]

CLOUD_FILE = "cloud.json"
CLOUD_LOCK = ".cloud.lock"
PATIENCE = 10.0
"""Seconds to wait for an answer: the cloud's process may be busy starting jobs."""


@dataclass(frozen=True)
class CloudRecord:
    """Where a cloud is, and the key to it."""

    endpoint: str
    access_key: str
    region: str
    runner: str
    pid: int
    version: str

    @classmethod
    def read(cls, path: Path) -> CloudRecord | None:
        """Read it; ``None`` when there is none."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write it at once and for its owner only: whoever has the key can run commands."""
        incoming = path.with_suffix(".new")
        descriptor = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
        incoming.replace(path)

    def ask(self, method: str, name: str, body: bytes | None = None) -> dict[str, Any]:
        """
        Ask the control endpoint.

        :raises CloudStartError: when nobody answers there, or somebody else.
        """
        request = urllib.request.Request(  # noqa: S310 - the address is our own record's
            f"{self.endpoint}/local-cloud/{name}",
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self.access_key}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                document: dict[str, Any] = json.load(answer)
                return document
        except urllib.error.HTTPError as exc:
            with exc:  # it is an open answer
                reason = exc.read().decode(errors="replace")
            raise CloudStartError(f"the local cloud at {self.endpoint} refused: {reason}") from exc
        except (OSError, ValueError) as exc:
            raise CloudStartError(f"no local cloud answers at {self.endpoint}: {exc}") from exc

    def alive(self) -> bool:
        """Whether the cloud still is what the record says."""
        try:
            return bool(self.ask("GET", "status")["pid"] == self.pid)
        except CloudStartError:
            return False
