"""Plain moto and the project's commands against it; the product is the one that AWS gets."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_hooks.protocol import SENTINEL_NAME

from ..containers.images import Images
from ..shell import Shell
from .mends import mending_door
from .plain_moto import KEY, REGION, SECRET, Engine, NoEngineError, PlainMoto, found_engine, moto_server, set_up

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = "/mnt/fsx/.aws/config"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A container engine; where there is none, the tests are skipped with the reason, but in CI they fail."""
    folder = Path(tempfile.mkdtemp(prefix="miniwdl-aws-"))
    try:
        with found_engine(folder) as found:
            yield found
    except NoEngineError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(exc))
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def images(engine: Engine) -> Images:
    return Images.of_this_machine(is_podman=engine.is_podman)


@pytest.fixture(scope="session")
def task_image(images: Images) -> str:
    """An image with bash; that it has miniwdl too does not matter."""
    return images.workflow()


@pytest.fixture(scope="session")
def workflow_image(images: Images, task_image: str) -> str:
    """
    The workflow image, told where a job finds AWS's settings.

    A host of AWS's gives jobs a role and a region, and AWS needs no endpoint; here a file on the file system says them.
    """
    return images.derived("second-opinion", task_image, f"ENV AWS_CONFIG_FILE={CONFIG}")


@pytest.fixture(scope="session")
def moto(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainMoto]:
    with moto_server(tmp_path_factory.mktemp("moto"), engine) as running:
        yield running


@pytest.fixture(scope="session")
def account(moto: PlainMoto) -> str:
    """What an account needs is there; the id of its file system."""
    return set_up(moto)


@pytest.fixture(scope="session")
def door(moto: PlainMoto) -> Iterator[str]:
    with mending_door(moto.url) as url:
        yield url


@pytest.fixture(scope="session")
def file_system(moto: PlainMoto, door: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that hosts would have mounted, with the marker and with what a job must know of this cloud."""
    folder = tmp_path_factory.mktemp("fsx")
    (folder / SENTINEL_NAME).touch()
    config = folder / Path(CONFIG).relative_to("/mnt/fsx")
    config.parent.mkdir()
    config.write_text(
        f"[default]\nregion = {REGION}\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
        f"endpoint_url = {moto.url}\nservices = mended\n[services mended]\nfsx =\n  endpoint_url = {door}\n"
    )
    return folder


@pytest.fixture(scope="session")
def shell(
    moto: PlainMoto,
    account: str,
    door: str,
    file_system: Path,
    workflow_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Shell:
    """Commands of a user whose account is set up by docs/how-to/set-up-aws.md."""
    home = tmp_path_factory.mktemp("user")
    names = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    user = {
        **names,
        "HOME": str(home),
        **moto.environ,
        "AWS_ENDPOINT_URL_FSX": door,
        "MINIWDL__AWS__WORKFLOW_QUEUE": "workflow",
        "MINIWDL__AWS__STAGING": "s3://staging/",
        "MINIWDL__AWS__WORKFLOW_IMAGE": workflow_image,
        "MINIWDL__FSX__HOST_PATH": str(file_system),
    }
    found = Shell(moto, home, user)
    made = found.run("miniwdl-aws", "fsx", "user-data", "--fsid", account, "--launch-template", "hosts")
    assert made.code == 0, made.stderr
    return found
