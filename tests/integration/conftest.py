"""One local cloud per xdist worker, and the commands of the project run against it as a user runs them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_local_cloud import LocalCloud

from ..shell import BIN, TIMEOUT, Finished, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BIN", "TIMEOUT", "WDL", "Finished", "Shell"]

WDL = Path(__file__).parent / "wdl"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def shell(cloud: LocalCloud, tmp_path: Path) -> Shell:
    """Commands against the worker's cloud, as on AWS: every name by environment, an image given, none of --local."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return Shell(
        cloud,
        tmp_path,
        {
            **kept,
            "HOME": str(tmp_path),
            **cloud.environ,
            "MINIWDL__AWS__WORKFLOW_QUEUE": "workflow",
            "MINIWDL__AWS__WORKFLOW_IMAGE": "not-used-by-processes",
        },
    )


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """An upload folder of the test's own; a slash at its end makes it the folder itself."""
    return f"s3://demo/{request.node.name.translate(str.maketrans('[]/ ', '----'))}"
