"""What goes wrong on purpose, and how much of it: the local cloud, commands against it, small file systems."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ..integration.conftest import cloud, folder, shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SmallFileSystem", "cloud", "folder", "shell", "small_file_system"]


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
