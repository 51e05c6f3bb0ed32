import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import obstore
import pytest
from WDL._util import TerminationSignalFlag
from WDL.runtime import DownloadFailed
from WDL.runtime.download import able

from miniwdl_aws_s3_rails.downloads import layout
from miniwdl_aws_s3_rails.engine import Found
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.uri import S3Uri


def leftovers(root: Path) -> list[str]:
    return [str(path) for path in root.rglob("*") if path.name.startswith("s3-") or path.name == "incomplete"]


def test_file_without_a_cache(bucket: Any, miniwdl: Any, root: Path) -> None:
    bucket["in/x y.txt"] = b"data"
    run = miniwdl(put=False, get=False)
    assert able(run.cfg, bucket.uri("in/x y.txt"))
    cached, path = run.download(bucket.uri("in/x y.txt"))
    assert not cached
    assert path.name == "x y.txt"
    assert path.read_bytes() == b"data"
    assert path.is_relative_to(run.run_dir / "download"), "it belongs to the run, and goes with it"


def test_file_enters_the_cache(bucket: Any, miniwdl: Any, root: Path) -> None:
    bucket["in/x.txt"] = b"data"
    uri = bucket.uri("in/x.txt")
    _, path = miniwdl(put=True, get=True).download(uri)
    assert path.is_relative_to(root / "cache/files/s3")
    assert leftovers(root) == []
    bucket["in/x.txt"] = b"changed"
    cached, again = miniwdl(put=True, get=True).download(uri)
    assert cached
    assert again == path
    assert again.read_bytes() == b"data"


def test_cache_that_is_not_looked_into(bucket: Any, miniwdl: Any, root: Path) -> None:
    """``--no-cache``: the new copy belongs to the run, the cached one stays."""
    bucket["in/x.txt"] = b"data"
    uri = bucket.uri("in/x.txt")
    _, kept = miniwdl(put=True, get=True).download(uri)
    bucket["in/x.txt"] = b"changed"
    run = miniwdl(put=True, get=False)
    _, path = run.download(uri)
    assert path.read_bytes() == b"changed"
    assert path.is_relative_to(run.run_dir)
    assert kept.read_bytes() == b"data"


@pytest.mark.parametrize("cache", [False, True])
@pytest.mark.parametrize("slash", ["", "/"])
def test_directory(bucket: Any, miniwdl: Any, root: Path, cache: bool, slash: str) -> None:
    content = {"a.txt": os.urandom(10), "sub/ü +%.txt": os.urandom(20), "sub/tab\there/x": b"", "empty/": b""}
    for name, data in content.items():
        bucket["in/d/" + name] = data
    bucket["in/d2/not this"] = b""
    run = miniwdl(put=cache, get=cache)
    assert able(run.cfg, bucket.uri("in/d"), directory=True)
    _, path = run.download(bucket.uri("in/d" + slash), directory=True)
    assert path.name == "d"
    found = {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    assert found == {name: data for name, data in content.items() if name != "empty/"}
    assert (path / "empty").is_dir()
    assert path.is_relative_to(root / "cache/dirs" if cache else run.run_dir / "download")
    assert not cache or leftovers(root) == []


def test_all_downloads_share_one_limit(bucket: Any, miniwdl: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever call or workflow of the process asks for them."""
    limit, folders = 4, 3
    for folder in range(folders):
        for name in range(2 * limit):
            bucket[f"in/{folder}/{name}"] = b"data"
    monkeypatch.setenv("MINIWDL__S3_RAILS__CONCURRENCY", str(limit))
    get, lock, full = obstore.get, threading.Lock(), threading.Event()
    under_way: list[int] = []
    threads: set[int] = set()

    def counted_get(*args: Any, **kwargs: Any) -> Any:
        with lock:
            under_way.append((under_way[-1] if under_way else 0) + 1)
            threads.add(threading.get_ident())
            if under_way[-1] == limit:
                full.set()
        full.wait(10)
        try:
            return get(*args, **kwargs)
        finally:
            with lock:
                under_way.append(under_way[-1] - 1)

    monkeypatch.setattr(obstore, "get", counted_get)
    # miniwdl opens this flag on its main thread for all that it does on others.
    with TerminationSignalFlag(logging.getLogger("test")), ThreadPoolExecutor(folders) as pool:
        list(pool.map(lambda folder: miniwdl().download(bucket.uri(f"in/{folder}/"), directory=True), range(folders)))
    assert max(under_way) == limit
    assert len(threads) == limit


@pytest.mark.parametrize("directory", [False, True])
def test_what_is_not_there(
    bucket: Any, miniwdl: Any, root: Path, directory: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DownloadFailed) as caught:
        miniwdl(put=True).download(bucket.uri("nothing"), directory=directory)
    assert isinstance(caught.value.__cause__, AccessError)
    assert leftovers(root) == []


def test_layout_of_a_folder() -> None:
    folder = S3Uri.parse("s3://b1/f/")
    found = [Found("f/" + name, 1, "") for name in ("", "a", "b/c", "d/")]
    folders, files = layout(folder, found)
    assert folders == ["", "d/"]
    assert list(files) == ["a", "b/c"]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/abs", "a//b", "./x", ".."])
def test_keys_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(AccessError, match="can't be a file"):
        layout(S3Uri.parse("s3://b1/f/"), [Found("f/" + name, 1, "")])


def test_file_and_folder_at_once() -> None:
    with pytest.raises(AccessError, match=r"s3://b1/f/a is a file and a folder at once"):
        layout(S3Uri.parse("s3://b1/f/"), [Found("f/a", 1, ""), Found("f/a/b", 1, "")])
