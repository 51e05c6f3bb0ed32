"""What goes wrong on purpose, and how much of it: the local cloud, commands against it, small file systems."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_local_cloud import CloudSettings, LocalCloud

from ..integration.conftest import BIN, WDL, folder, shell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BIN", "STOPPED_WITHIN", "WDL", "SmallFileSystem", "folder", "shell"]

STOPPED_WITHIN = 20.0
"""Seconds between SIGTERM and SIGKILL of jobs."""

LONGEST = ("test_logs.py", "test_batch.py")
"""Files of the tests that wait longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that no worker is alone with one at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@dataclass
class SmallFileSystem:
    """A file system of its own (tmpfs), which can be full, read-only and gone as no folder can."""

    path: Path
    size: str = "2m"
    inodes: int = 1000

    def mount(self) -> bool:
        """Mount it; ``False`` where this user may not."""
        self.path.mkdir(exist_ok=True)
        options = f"size={self.size},nr_inodes={self.inodes}"
        return self._do("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path))

    def make_read_only(self) -> None:
        assert self._do("mount", "-o", "remount,ro", str(self.path))

    def take_away(self) -> None:
        """Unmount it though files in it are open, as when a host loses its servers: the folder is empty then."""
        assert self._do("umount", "--lazy", str(self.path))

    def _do(self, *command: str) -> bool:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud with room for many tasks."""
    settings = CloudSettings(slots=40, stop_timeout=STOPPED_WITHIN)
    with LocalCloud(tmp_path_factory.mktemp("cloud"), settings) as running:
        yield running


@pytest.fixture
def root(cloud: LocalCloud) -> Path:
    """The shared file system of that cloud."""
    return Path(cloud.environ["MINIWDL__FILE_IO__ROOT"])


@pytest.fixture
def small_file_system(tmp_path: Path) -> Iterator[SmallFileSystem]:
    """A file system that is not mounted yet."""
    system = SmallFileSystem(tmp_path.resolve() / "fsx")
    if not system.mount():
        # Nothing must be skipped unseen where everything is to be tested.
        (pytest.fail if os.environ.get("CI") else pytest.skip)("mounting a file system needs root")
    system.take_away()
    yield system
    while os.path.ismount(system.path):
        system.take_away()
