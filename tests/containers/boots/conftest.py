"""Hosts to boot, with the image that they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..images import Images


@pytest.fixture(scope="session")
def host_image(engine: Any, images: Images) -> str:
    if not engine.is_podman:
        pytest.skip("systemd as a container's first process needs podman (--systemd=always)")
    return images.host()


@pytest.fixture
def host(host_image: str, tmp_path: Path) -> Iterator[Host]:
    made = Host(host_image, tmp_path)
    yield made
    made.remove()
