import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from WDL._util import TerminationSignalFlag
from WDL.runtime import DownloadFailed
from WDL.runtime.download import able

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_s3_rails.errors import AccessError, TransferError
from miniwdl_aws_s3_rails.inside_miniwdl.places import layout
from miniwdl_aws_s3_rails.transfer.engine import Engine, Found
from miniwdl_aws_s3_rails.transfer.reach.reader import Reader


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Where a task would like to have something written."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "x.txt").write_text("precious")
    return folder


@pytest.mark.parametrize("directory", [False, True])
def test_a_planted_folder(bucket: Any, miniwdl: Any, elsewhere: Path, directory: bool) -> None:
    bucket["in/d/x.txt"] = b"data"
    run = miniwdl(put=False, get=False)
    (run.run_dir / "download").symlink_to(elsewhere)
    with pytest.raises(DownloadFailed):
        run.download(bucket.uri("in/d" if directory else "in/d/x.txt"), directory=directory)
    assert [path.name for path in elsewhere.rglob("*")] == ["x.txt"]


@pytest.mark.parametrize("size", [4, 20 * MIB])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_exchanged_while_it_arrives(
    bucket: Any, miniwdl: Any, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, what: str, size: int
) -> None:
    """As soon as a task sees the folder, or the file in it, it puts a link in its place."""
    bucket["in/d/x.txt"] = b"x" * size
    run = miniwdl(put=False, get=False)
    get, lock = Reader.get, threading.Lock()

    def exchange(*args: Any, **kwargs: Any) -> Any:
        with lock:
            for file in run.run_dir.glob("download/s3-*/incomplete/d/x.txt"):
                if not (victim := file if what == "file" else file.parent).is_symlink():
                    victim.rename(run.run_dir / "aside")
                    victim.symlink_to(elsewhere / file.name if what == "file" else elsewhere)
        return get(*args, **kwargs)

    monkeypatch.setattr(Reader, "get", exchange)
    with suppress(DownloadFailed):
        run.download(bucket.uri("in/d"), directory=True)
    assert (elsewhere / "x.txt").read_text() == "precious"


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
    get, lock, full = Reader.get, threading.Lock(), threading.Event()
    under_way: list[int] = []
    threads: set[int] = set()

    @contextmanager
    def counted_get(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with lock:
            under_way.append((under_way[-1] if under_way else 0) + 1)
            threads.add(threading.get_ident())
            if under_way[-1] == limit:
                full.set()
        full.wait(10)
        try:
            with get(*args, **kwargs) as answer:
                yield answer
        finally:
            with lock:
                under_way.append(under_way[-1] - 1)

    monkeypatch.setattr(Reader, "get", counted_get)
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


def test_a_version_cannot_be_named(literal_bucket: Any, miniwdl: Any) -> None:
    literal_bucket["in/x.txt"] = b"data"
    with pytest.raises(DownloadFailed) as caught:
        miniwdl().download(literal_bucket.uri("in/x.txt?versionId=3"))
    assert "x.txt?versionId=3 does not exist: versions can't be named, all of it is the key" in str(
        caught.value.__cause__
    )
    literal_bucket["in/x.txt?versionId=3"] = b"odd"
    _, path = miniwdl().download(literal_bucket.uri("in/x.txt?versionId=3"))
    assert path.name == "x.txt?versionId=3"
    assert path.read_bytes() == b"odd"


def test_layout_of_a_folder() -> None:
    folder = S3Uri.parse("s3://b1/f/")
    found = [
        Found("f/", 0, ""),
        Found("f/a", 1, ""),
        Found("f/b/c", 1, ""),
        Found("f/d/", 0, ""),
        Found("f/d/e", 1, ""),
    ]
    folders, files = layout(folder, found)
    assert folders == ["", "d/"]
    assert list(files) == ["a", "b/c", "d/e"]


FOLDER = "s3://b1/f/"


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/abs", "a//b", "./x", "..", "a//", "a\0b", "a\0/"])
def test_keys_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(AccessError, match="can't be a file: its key makes no path"):
        layout(S3Uri.parse(FOLDER), [Found("f/" + name, 0, "")])


@pytest.mark.parametrize("name", ["x" * 256, "ä" * 128 + "/a", "a/" + "😀" * 64 + "/"])
def test_names_that_are_too_long(name: str) -> None:
    with pytest.raises(
        AccessError, match=r"s3://b1/f/.* can't be a file: a part of its key is longer than the 255 bytes"
    ):
        layout(S3Uri.parse(FOLDER), [Found("f/" + name, 0, "")])


@pytest.mark.parametrize("other", ["a/b", "a/", "a/b/"])
def test_file_and_folder_at_once(other: str) -> None:
    with pytest.raises(AccessError, match=r"s3://b1/f/a is a file and a folder at once"):
        layout(S3Uri.parse(FOLDER), [Found("f/a", 1, ""), Found("f/" + other, 0, "")])


@pytest.mark.parametrize("marker", ["f/", "f/a/"])
def test_a_folders_marker_with_content(marker: str) -> None:
    with pytest.raises(
        AccessError, match=f"s3://b1/{marker} can't be a file: it has content, but its key is a folder's"
    ):
        layout(S3Uri.parse(FOLDER), [Found(marker, 1, ""), Found("f/a/b", 1, "")])


@given(st.lists(st.lists(st.sampled_from(["a", "A", "/", ".", "..", "é", "e\u0301"])).map("".join), unique=True))
def test_a_layout_is_the_same_tree_as_the_keys_or_none(names: list[str]) -> None:
    found = [Found("f/" + name, 0 if name.endswith("/") or not name else 1, name) for name in names]
    try:
        folders, files = layout(S3Uri.parse(FOLDER), found)
    except AccessError:
        return
    assert {item.key: name for name, item in files.items()} == {
        f"f/{name}": name for name in names if name and not name.endswith("/")
    }
    assert sorted(folders) == sorted(name for name in names if not name or name.endswith("/"))
    assert all(os.path.normpath("/t/" + name) == ("/t/" + name).rstrip("/") for name in (*folders, *files))
    paths = {os.path.normpath(name) for name in files}
    assert not paths & {os.path.normpath(name) for name in folders}
    assert len(paths) == len(files)


@pytest.mark.parametrize(
    ("keys", "refused"),
    [
        ({"a": b"1", "/a": b"2"}, "in/p//a can't be a file: its key makes no path"),
        ({"a": b"1", "a/": b""}, "in/p/a is a file and a folder at once"),
        ({"a": b"1", "a/": b"1"}, "in/p/a/ can't be a file: it has content"),
        ({"a": b"1", "a/b": b"2"}, "in/p/a is a file and a folder at once"),
        ({"a": b"1", "../p/a": b"2"}, "in/p/../p/a can't be a file: its key makes no path"),
        ({"a/": b"1"}, "in/p/a"),
    ],
)
def test_folders_in_s3_that_can_be_none_here(
    literal_bucket: Any, miniwdl: Any, root: Path, keys: dict[str, bytes], refused: str
) -> None:
    for key, data in keys.items():
        literal_bucket["in/p/" + key] = data
    with pytest.raises(DownloadFailed) as caught:
        miniwdl(put=True).download(literal_bucket.uri("in/p"), directory=True)
    assert refused in str(caught.value.__cause__)
    assert leftovers(root) == []


def test_a_folder_below_a_slash_is_not_the_one_without(literal_bucket: Any, miniwdl: Any) -> None:
    literal_bucket["ds/f"], literal_bucket["/ds/f"], literal_bucket["x//ds/f"] = b"plain", b"odd", b"odder"
    for uri, data in (("ds", b"plain"), ("/ds", b"odd"), ("x//ds", b"odder")):
        _, path = miniwdl(backend="s3_rails", put=True, get=True).download(literal_bucket.uri(uri), directory=True)
        assert {file.name: file.read_bytes() for file in path.iterdir()} == {"f": data}


@pytest.mark.parametrize("size", [4, 11 * MIB])
def test_a_place_that_is_taken_is_never_overwritten(
    engine: Engine, bucket: Any, fetch: Any, tmp_path: Path, size: int
) -> None:
    """As it is on macOS, which takes names that differ in case for one."""
    bucket["in/a.txt"] = b"x" * size
    uri, path = S3Uri.parse(bucket.uri("in/a.txt")), tmp_path / "a.txt"
    path.write_bytes(b"other")
    for place in (path, path / "b"):
        with pytest.raises(TransferError, match=f"can't store {uri} at .*: another object is there already"):
            fetch(engine, uri, place)
    with pytest.raises(TransferError, match=f"can't store {uri} at .*: File name too long"):
        fetch(engine, uri, tmp_path / ("x" * 256))
    assert path.read_bytes() == b"other"
