"""miniwdl's caches, asked whether what they hold is still what lies in S3."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from WDL.runtime import DownloadFailed

# The folder is an input of the workflow alone: tasks without containers can't have any.
WDL = """
version 1.2
workflow wf {
  input { File file  Directory folder }
  call look { input: file }
  output { String seen = look.seen }
}
task look {
  input { File file }
  command { cat '~{file}' }
  output { String seen = read_string(stdout()) }
}
"""


@pytest.fixture
def requests(s3_url: str, bucket: Any, monkeypatch: pytest.MonkeyPatch, faulty: Any) -> Iterator[list[tuple[str, str]]]:
    """What goes to the server, as method and path; the bucket itself is used directly."""
    faults = faulty.Faults(0.0, ())
    with faulty.faulty_proxy(s3_url, faults) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield faults.order


class Caches:
    """Runs of miniwdl that share a file system and its caches."""

    def __init__(self, root: Path, **s3_rails: Any) -> None:
        self.root = root
        (root / "wf.wdl").write_text(WDL)
        caches = ("CALL_CACHE", "DOWNLOAD_CACHE")
        self.environ = {
            **os.environ,
            "MINIWDL__SCHEDULER__CONTAINER_BACKEND": "bare",
            "MINIWDL__FILE_IO__ROOT": str(root),
            **{f"MINIWDL__{cache}__{key}": "true" for cache in caches for key in ("GET", "PUT")},
            **{f"MINIWDL__{cache}__DIR": str(root / cache.lower()) for cache in caches},
            **{f"MINIWDL__S3_RAILS__{key.upper()}": value for key, value in s3_rails.items()},
        }

    def run(self, bucket: Any, *arguments: str) -> tuple[str, str]:
        """Give what the task saw, and the log."""
        inputs = (f"file={bucket.uri('in/file.txt')}", f"folder={bucket.uri('in/folder/')}")
        command = [sys.executable, "-m", "miniwdl_aws_s3_rails", "wf.wdl", *inputs, "--dir", "runs", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self.environ, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["outputs"]["wf.seen"], done.stderr

    def copies(self) -> list[Path]:
        return sorted(path for path in (self.root / "download_cache").rglob("*.txt") if path.is_file())


@pytest.fixture
def content(bucket: Any) -> None:
    bucket["in/file.txt"] = b"one"
    bucket["in/folder/a.txt"] = b"two"
    bucket["in/folder/b.txt"] = b"three"


def got(requests: list[tuple[str, str]]) -> list[str]:
    """Objects whose content was asked for."""
    return sorted(path.rsplit("/", 1)[1] for method, path in requests if method == "GET" and path.endswith(".txt"))


def test_what_is_the_same_costs_one_look(
    bucket: Any, content: None, requests: list[tuple[str, str]], tmp_path: Path
) -> None:
    caches = Caches(tmp_path.resolve(), revalidate="true")
    assert caches.run(bucket)[0] == "one"
    assert got(requests) == ["a.txt", "b.txt", "file.txt"]
    for calls in ("true", "false"):
        caches.environ["MINIWDL__CALL_CACHE__GET"] = calls
        requests.clear()
        seen, log = caches.run(bucket)
        assert seen == "one"
        assert ("call cache hit" in log) == (calls == "true")
        assert sorted(method for method, _ in requests) == ["GET", "HEAD"], "the file, and a listing of the folder"
        assert got(requests) == []


def test_what_changed_is_downloaded_anew(
    bucket: Any, content: None, requests: list[tuple[str, str]], tmp_path: Path
) -> None:
    caches = Caches(tmp_path.resolve(), revalidate="true")
    caches.run(bucket)
    first = caches.copies()
    bucket["in/file.txt"] = b"ONE"  # the same size
    requests.clear()
    seen, log = caches.run(bucket)
    assert seen == "ONE"
    assert "call cache hit" not in log
    assert got(requests) == ["file.txt"]
    assert set(first) < set(caches.copies()), "another run may be reading the old version"

    bucket["in/folder/c.txt"] = b"four"
    requests.clear()
    seen, log = caches.run(bucket)
    assert log.count("call cache hit") == 1, "of the call, whose input is the same"
    assert got(requests) == ["a.txt", "b.txt", "c.txt"]

    bucket["in/file.txt"] = b"one"
    requests.clear()
    assert caches.run(bucket)[0] == "one"
    assert got(requests) == [], "the first version is still there"


def test_without_the_option_nobody_asks(
    bucket: Any, content: None, requests: list[tuple[str, str]], tmp_path: Path
) -> None:
    caches = Caches(tmp_path.resolve())
    caches.run(bucket)
    bucket["in/file.txt"] = b"ONE"
    requests.clear()
    assert caches.run(bucket)[0] == "one"
    assert requests == []


def test_what_cannot_be_looked_at_is_not_taken_from_the_cache(bucket: Any, content: None, tmp_path: Path) -> None:
    caches = Caches(tmp_path.resolve(), revalidate="true")
    caches.run(bucket)
    bucket.client.delete_object(Bucket=bucket.name, Key="in/file.txt")
    with pytest.raises(AssertionError, match=r"in/file.txt does not exist"):
        caches.run(bucket)


def test_one_run_sees_one_version(bucket: Any, miniwdl: Any) -> None:
    """An object that changes between the look and its download is no longer what the cache would say it is."""
    bucket["in/x.txt"] = b"old"
    run = miniwdl(backend="s3_rails", revalidate="true", put=True, get=True)
    assert run.cache.get_download(bucket.uri("in/x.txt")) is None
    bucket["in/x.txt"] = b"new"
    with pytest.raises(DownloadFailed) as caught:
        run.download(bucket.uri("in/x.txt"))
    assert "somebody else changed it meanwhile" in str(caught.value.__cause__)


@pytest.mark.parametrize("revalidate", ["false", "true"])
def test_keys_of_a_thousand_characters_enter_the_cache(bucket: Any, miniwdl: Any, revalidate: str) -> None:
    """miniwdl makes one folder's name of all that precedes the last part of a key."""
    key = "/".join(["k" * 200] * 4) + "/ü +%.txt"
    bucket[key] = b"data"
    options = {"backend": "s3_rails", "revalidate": revalidate, "put": True, "get": True}
    cached, path = miniwdl(**options).download(bucket.uri(key))
    assert not cached
    assert path.name == "ü +%.txt"
    assert path.read_bytes() == b"data"
    assert miniwdl(**options).download(bucket.uri(key)) == (True, path)
