"""A local cloud whose jobs are containers, and the images that they need."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_local_cloud import CloudSettings, LocalCloud
from miniwdl_aws_local_cloud.batch.engine.connection import connect
from miniwdl_aws_local_cloud.errors import EngineError

from ..shell import Shell
from .images import Images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOTS = 8


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """A connection; where there is no engine, the tests are skipped with the reason, but in CI they fail."""
    try:
        connection = connect()
    except EngineError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{exc.message}; {exc.hint}")
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def images(engine: Any) -> Images:
    return Images.of_this_machine(is_podman=engine.is_podman)


@pytest.fixture(scope="session")
def workflow_image(images: Images) -> str:
    return images.workflow()


@pytest.fixture(scope="session")
def task_image(workflow_image: str) -> str:
    """An image with bash and Python; that it has miniwdl too does not matter."""
    return workflow_image


@pytest.fixture(scope="session")
def cloud(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), CloudSettings(slots=SLOTS, runner="engine")) as running:
        # Jobs of other users write here too.
        (running.state / "fsx").chmod(0o777)
        yield running


@pytest.fixture(scope="session")
def plain_environ() -> dict[str, str]:
    """What a new user has: no AWS settings, nothing of ours."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "DOCKER_HOST") if name in os.environ}


@pytest.fixture(scope="session")
def shell(
    cloud: LocalCloud, workflow_image: str, plain_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Shell:
    """Commands against the cloud, as on AWS."""
    folder: Path = tmp_path_factory.mktemp("user")
    ours = {"HOME": str(folder), "MINIWDL__AWS__WORKFLOW_IMAGE": workflow_image, "SECRET_OF_THE_HOST": "x"}
    return Shell(cloud, folder, {**plain_environ, **cloud.environ, **ours})
