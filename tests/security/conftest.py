"""A cloud for what means harm, and a search through all that a run leaves anywhere."""

from __future__ import annotations

import base64
import io
import json
import lzma
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_hooks.protocol import ENV_PAYLOAD
from miniwdl_aws_local_cloud import LocalCloud

from ..integration.conftest import folder, shell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Traces", "folder", "shell"]


class Traces:
    """All that a cloud keeps of runs, by where it is."""

    def __init__(self, shell: Any, root: Path) -> None:
        self._shell, self._root = shell, root

    def find(self, text: str) -> list[str]:
        """Where a text is."""
        wanted = text.encode()
        return [place for place, content in self._all() if wanted in content]

    def _all(self) -> Iterator[tuple[str, bytes]]:
        yield from self._batch()
        yield from self._logs()
        s3 = self._shell.client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            for key in self._shell.keys(bucket["Name"]):
                found = s3.get_object(Bucket=bucket["Name"], Key=key)
                content = found["Body"].read()
                yield f"s3 {key}", content + _members(content) + json.dumps([key, found["Metadata"]]).encode()
        for path in self._root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield f"file {path.relative_to(self._root)}", path.read_bytes() + str(path).encode()

    def _batch(self) -> Iterator[tuple[str, bytes]]:
        batch = self._shell.client("batch")
        for page in batch.get_paginator("describe_job_definitions").paginate():
            for definition in page["jobDefinitions"]:
                yield f"definition {definition['jobDefinitionName']}", json.dumps(definition).encode()
        for job_id in self._shell.jobs():
            job = self._shell.job(job_id)
            packed = {item["name"]: item["value"] for item in job["container"]["environment"]}.get(ENV_PAYLOAD, "")
            yield f"job {job_id}", json.dumps(job).encode() + _unpacked(packed)

    def _logs(self) -> Iterator[tuple[str, bytes]]:
        logs, group = self._shell.client("logs"), "/aws/batch/job"
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                yield f"log {event['logStreamName']}", event["message"].encode()


def _unpacked(payload: str) -> bytes:
    """What came along with a workflow job."""
    if not payload or payload.startswith("s3://"):
        return b""
    content = lzma.decompress(base64.urlsafe_b64decode(payload), format=lzma.FORMAT_ALONE)
    return content + _members(content)


def _members(content: bytes) -> bytes:
    """What is in a zip file; nothing if it is none."""
    packed = io.BytesIO(content)
    if not zipfile.is_zipfile(packed):
        return b""
    with zipfile.ZipFile(packed) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud of a module's own, in which nothing is but what the module leaves there."""
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def root(cloud: LocalCloud) -> Path:
    return Path(cloud.environ["MINIWDL__FILE_IO__ROOT"])


@pytest.fixture
def traces(shell: Any, root: Path) -> Traces:
    return Traces(shell, root)
