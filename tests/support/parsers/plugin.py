"""The pytest plugin: one folder of parsers for all tests, from run to run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import sitecustomize

if TYPE_CHECKING:
    from collections.abc import Mapping


def pytest_configure(config: pytest.Config) -> None:
    cache = getattr(config, "cache", None)
    if cache is not None:  # not with -p no:cacheprovider
        os.environ[sitecustomize.FOLDER] = str(cache.mkdir("parsers"))


@pytest.fixture(scope="session")
def quick_parsers() -> Mapping[str, str]:
    """Environment for a process that parses WDL."""
    folders = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(folders)}
