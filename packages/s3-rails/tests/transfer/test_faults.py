"""Every fifth request meets a fault of some kind: everything still arrives, byte for byte."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks import EnvironSettings, PublishRequest
from miniwdl_aws_s3_rails.errors import TransferError, UploadError
from miniwdl_aws_s3_rails.products.ending import Ending
from miniwdl_aws_s3_rails.products.finished_run import FinishedRun, Layout, upload_run
from miniwdl_aws_s3_rails.products.s3_publisher import publish
from miniwdl_aws_s3_rails.transfer.engine import Engine
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.receiver import Receiver
from miniwdl_aws_s3_rails.transfer.sender import Sender

# The faults are the proxy's, whichever server is behind it.
pytestmark = pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """500 files of all sizes, two of them in parts."""
    files = {}
    for index in range(500):
        size = 11 * MIB + index if index < 2 else (index * 37) % 5000
        path = tmp_path / "source" / f"file {index}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(size))
        files[f"data/{index % 7}/file {index} +%.bin"] = path
    return files


@pytest.fixture
def broken(
    s3_url: str, bucket: Any, faulty: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """An engine behind a proxy that spoils requests, and its faults; the bucket is looked into directly."""
    share, kinds = getattr(request, "param", (0.2, faulty.FAULTS))
    faults = faulty.Faults(share, kinds)
    with faulty.faulty_proxy(s3_url, faults) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        options = Options(concurrency=16, part_size=5 * MIB, attempts=12)
        access = S3Access(options, backoff=0.001)
        engine = Engine(options, access, sleep=lambda _seconds: None)
        yield engine, faults
        engine.pool.shutdown()


def send(engine: Engine, bucket: Any, run_dir: Path, files: dict[str, Path]) -> Any:
    paths = {name: str(path) for name, path in files.items()}
    return publish(PublishRequest(str(run_dir), bucket.uri("run/"), paths, EnvironSettings({})), engine)


def test_everything_arrives(broken: Any, bucket: Any, files: dict[str, Path], tmp_path: Path) -> None:
    engine, faults = broken
    report = send(engine, bucket, tmp_path, files)
    assert report.failed == {}
    assert {key.removeprefix("run/") for key in bucket.keys()} == set(files)  # noqa: SIM118 - not a dict
    assert all(bucket["run/" + name] == path.read_bytes() for name, path in files.items())
    assert len(faults.met) >= 5, faults.met
    assert sum(faults.met.values()) > 90


def test_everything_comes_back(broken: Any, bucket: Any, files: dict[str, Path], tmp_path: Path) -> None:
    engine, faults = broken
    for name, path in files.items():
        bucket["in/" + name] = path.read_bytes()
    folder = S3Uri.parse(bucket.uri("in/"))
    found = engine.find_all(folder)
    assert len(found) == len(files)
    (tmp_path / "copy").mkdir()
    Receiver(engine).fetch_all(bucket.name, [(item, item.key) for item in found], tmp_path / "copy")
    assert all((tmp_path / "copy/in" / name).read_bytes() == path.read_bytes() for name, path in files.items())
    assert sum(faults.met.values()) > 90


def make_run(root: Path, files: dict[str, Path]) -> FinishedRun:
    run_dir = root / "20250101_000000_wf"
    for index, path in enumerate(files.values()):
        link = run_dir / f"out/files/{index:03d}/{path.name}"
        link.parent.mkdir(parents=True)
        link.symlink_to(path)
    (run_dir / "workflow.log").write_text("log")
    return FinishedRun(run_dir, Layout(root), EnvironSettings({}), Ending({}))


def test_outputs_json_is_last(broken: Any, bucket: Any, files: dict[str, Path], tmp_path: Path) -> None:
    engine, faults = broken
    few = dict(list(files.items())[2:100])
    upload_run(make_run(tmp_path.resolve(), few), bucket.uri("run/"), lambda request: publish(request, engine))
    puts = [path.removeprefix(f"/{bucket.name}/run/") for method, path in faults.order if method == "PUT"]
    first = puts.index("outputs.json")
    assert set(puts[first:]) == {"outputs.json"}, "tries of its own may follow, nothing else"
    assert puts.index("workflow.log") > max(index for index, path in enumerate(puts) if path.startswith("files/"))


@pytest.mark.parametrize("broken", [(1.0, ("503",)), (1.0, ("answer lost",))], indirect=True)
def test_where_nothing_gets_through_nothing_is_claimed(
    broken: Any, bucket: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    engine, _ = broken
    few = dict(list(files.items())[2:5])
    with pytest.raises(UploadError, match="4 of the run's products could not be uploaded"):
        upload_run(make_run(tmp_path.resolve(), few), bucket.uri("run/"), lambda request: publish(request, engine))
    assert "run/outputs.json" not in bucket.keys()  # noqa: SIM118 - not a dict


OTHERS = ["run/file", "run/file-2"]
"""Keys of uploads that were open before."""


class LostAnswers:
    """Loses the answers to one operation on uploads in parts."""

    def __init__(self, faulty: Any, query: str, times: int) -> None:
        self.faults = faulty.Faults(0.0, ())
        self.left, self.query = times, query
        self.faults.next = self.next

    def next(self, path: str) -> str | None:
        if self.left and re.search(self.query, path):
            self.left -= 1
            return "answer lost"
        return None


@pytest.fixture
def losing(
    s3_url: str, bucket: Any, faulty: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[str, int], tuple[Any, LostAnswers]]]:
    """Send a file in parts through a proxy that loses the answers to one operation, so many times."""
    content = os.urandom(11 * MIB)
    (tmp_path / "file").write_bytes(content)

    def send_file(query: str, times: int) -> tuple[Any, LostAnswers]:
        lost = LostAnswers(faulty, query, times)
        with faulty.faulty_proxy(s3_url, lost.faults) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            options = Options(concurrency=4, part_size=5 * MIB, attempts=3)
            engine = Engine(options, S3Access(options, backoff=0.001), sleep=lambda _seconds: None)
            report = send(engine, bucket, tmp_path, {"file": tmp_path / "file"})
            engine.pool.shutdown()
        assert lost.left < times
        return report, lost

    yield send_file
    assert bucket.keys() == ["run/file"]
    assert bucket["run/file"] == content


@pytest.mark.parametrize("times", [1, 100])
def test_lost_answers_to_the_end_of_an_upload_in_parts(losing: Any, bucket: Any, times: int) -> None:
    """The object is there and whole, so it counts; and no upload stays open."""
    report, _lost = losing(r"\?uploadId=[^&]*$", times)
    assert report.failed == {}
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_lost_answers_to_the_beginning_of_an_upload_in_parts(losing: Any, bucket: Any) -> None:
    """S3 has begun it, and nobody here has its id; what others have begun, or this side before, stays."""
    others = [bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)["UploadId"] for key in OTHERS]
    report, lost = losing(r"/run/file\?uploads", 2)
    assert report.failed == {}
    assert lost.left == 0
    still_open = bucket.client.list_multipart_uploads(Bucket=bucket.name)["Uploads"]
    assert sorted(item["UploadId"] for item in still_open) == sorted(others)


class Outage:
    """Lets some requests pass, then spoils all of them in one way; tries are counted by the pauses between them."""

    def __init__(self, faulty: Any, passing: int, kind: str, requests: int) -> None:
        self.faults = faulty.Faults(0.0, ())
        self.faults.next = self.next
        self.passing, self.kind, self.left = passing, kind, requests
        self.pauses: list[float] = []

    def next(self, _path: str) -> str | None:
        if self.passing:
            self.passing -= 1
            return None
        self.left -= 1
        return self.kind if self.left >= 0 else None

    def engine(self) -> Engine:
        options = Options(concurrency=1, attempts=2)
        return Engine(options, S3Access(options, backoff=0.001), sleep=self.pauses.append)


@pytest.mark.parametrize("kind", ["503", "slow down", "reset in the request"])
@pytest.mark.parametrize("served", [1, 0])
def test_an_outage_of_what_has_served_is_waited_for(
    s3_url: str, bucket: Any, faulty: Any, monkeypatch: pytest.MonkeyPatch, kind: str, served: int
) -> None:
    """Two minutes of pauses, and not a try more."""
    for requests, arrives in ((12, bool(served)), (1000, False)):
        outage = Outage(faulty, served, kind, requests)
        with faulty.faulty_proxy(s3_url, outage.faults) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            sender = Sender(outage.engine())
            if served:
                sender.put_bytes(S3Uri(bucket.name, "before"), b"data")
            if arrives:
                sender.put_bytes(S3Uri(bucket.name, "after"), b"data")
                continue
            with pytest.raises(TransferError, match=r"can't \w+ s3://"):
                sender.put_bytes(S3Uri(bucket.name, "after"), b"data")
        assert (120 <= sum(outage.pauses) <= 150) if served else len(outage.pauses) == 2


def test_damage_is_no_outage(s3_url: str, bucket: Any, faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    outage = Outage(faulty, 1, "damaged upload", 1000)
    with faulty.faulty_proxy(s3_url, outage.faults) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        sender = Sender(outage.engine())
        sender.put_bytes(S3Uri(bucket.name, "before"), b"data")
        with pytest.raises(TransferError, match="can't write s3://"):
            sender.put_bytes(S3Uri(bucket.name, "after"), b"data")
    assert len(outage.pauses) == 1
