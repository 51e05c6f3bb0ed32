"""A real S3 server in this process (moto's), and engines that talk to it without ever sleeping."""

from __future__ import annotations

import itertools
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from moto.server import ThreadedMotoServer

from miniwdl_aws_s3_rails.access import S3Access
from miniwdl_aws_s3_rails.engine import Engine
from miniwdl_aws_s3_rails.options import MIB, Options

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKETS = itertools.count()


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """
    URL of a server that lives as long as the tests.

    S3_RAILS_TEST_SERVER names another one to test against, which takes the key ``someone`` with the secret ``secret``.
    """
    if url := os.environ.get("S3_RAILS_TEST_SERVER"):
        yield url
        return
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def aws(s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment of a user of that server, with no other configuration in sight."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MINIWDL_", "WDL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)


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
