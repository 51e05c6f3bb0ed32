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

FILES = """
version 1.2
workflow wf {
  input { Array[File] files }
  call look { input: files }
  output { String seen = look.seen }
}
task look {
  input { Array[File] files }
  command { cat ~{sep(" ", squote(files))} }
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

    def __init__(self, root: Path, wdl: str = WDL, **s3_rails: Any) -> None:
        self.root = root
        (root / "wf.wdl").write_text(wdl)
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
        return self.see(*inputs, *arguments)

    def see(self, *words: str) -> tuple[str, str]:
        done = self.start("-m", "miniwdl_aws_s3_rails", "wf.wdl", *words, "--dir", "runs")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["outputs"]["wf.seen"], done.stderr

    def start(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=self.root, env=self.environ, capture_output=True, text=True, check=False)

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


@pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)
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


@pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)
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


@pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)
def test_without_the_option_nobody_asks(
    bucket: Any, content: None, requests: list[tuple[str, str]], tmp_path: Path
) -> None:
    caches = Caches(tmp_path.resolve())
    caches.run(bucket)
    bucket["in/file.txt"] = b"ONE"
    requests.clear()
    assert caches.run(bucket)[0] == "one"
    assert requests == []


@pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)
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


@pytest.mark.parametrize("mode", ["off", "on", "revalidate"])
def test_each_key_is_a_file_of_its_own(literal_bucket: Any, tmp_path: Path, mode: str) -> None:
    """In one run, and in later ones that find what the first has left in the caches."""
    keys = [
        *("ds//f", "/ds/f", "ds/f?", "ds/f#x", "ds/f?versionId=1", "d\ts/f", "ds/x/../f", "ds/F"),
        *("d\u0161/f", "ds\u030c/f"),  # one letter in two normal forms
        "ds/f",
    ]
    for letter, key in zip("abcdefghijk", keys, strict=True):
        literal_bucket[key] = letter.encode()
    caches = Caches(tmp_path.resolve(), FILES, revalidate=str(mode == "revalidate").lower())
    caches.environ["MINIWDL__DOWNLOAD_CACHE__IGNORE_QUERY"] = "true"
    if mode == "off":
        caches.environ |= {name: "false" for name in caches.environ if name.endswith(("__GET", "__PUT"))}
    words = [f"files={literal_bucket.uri(key)}" for key in keys]
    seen, log = caches.see(*words)
    assert seen == "abcdefghijk"
    if mode == "off":
        assert "downloaded: 11," in log
        return  # a later run finds nothing of this one
    assert caches.see(words[-1])[0] == "k", "the ordinary key, which now is the only input"
    seen, log = caches.see(*words[::-1])
    assert seen == "kjihgfedcba"
    assert "downloaded: 11," not in log


def test_miniwdls_own_cache_does_not_get_keys_that_it_takes_for_one(literal_bucket: Any, tmp_path: Path) -> None:
    """It is looked into before any download, and nobody but who looks at the inputs could keep it from that."""
    literal_bucket["ds/f"], literal_bucket["ds//f"] = b"plain", b"odd"
    odd, plain = f"files={literal_bucket.uri('ds//f')}", f"files={literal_bucket.uri('ds/f')}"
    caches = Caches(tmp_path.resolve(), FILES)
    run = ("-m", "WDL", "run", "--dir", "runs", "wf.wdl")
    assert caches.start(*run, plain).returncode == 0
    done = caches.start(*run, odd)
    assert done.returncode != 0
    assert "/ds//f shares its place in miniwdl's own download cache with another key" in done.stderr
    assert "[call_cache] backend = s3_rails keeps them apart" in done.stderr
    caches.environ |= {f"MINIWDL__DOWNLOAD_CACHE__{key}": "false" for key in ("GET", "PUT")}
    done = caches.start(*run, odd, plain)
    assert json.loads(done.stdout)["outputs"]["wf.seen"] == "oddplain", (
        "nothing is kept, and nothing can be taken for it"
    )
