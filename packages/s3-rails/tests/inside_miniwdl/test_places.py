"""No two objects have one place in miniwdl's download cache, and ordinary ones have that which miniwdl gives them."""

import itertools
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from WDL.runtime import DownloadFailed
from WDL.runtime.cache import CallCache

HOSTILE = [*"abA_/.-?#%; \t\n\r\0é😀", "e\u0301", "//", "..", "x" * 255, "x" * 256, "ä" * 128, "._miniwdl_flock"]
"""The escapes that folders' names are made of, what URLs are cut at, and what no name may be or have."""

keys = (
    st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=12)
    .map("".join)
    .filter(lambda key: len(key.encode()) <= 1024)
)

ordinary = st.lists(
    st.text(st.sampled_from("abA_.-%😀é"), min_size=1).map(lambda part: f"{part}z"), min_size=1, max_size=6
).map("/".join)


@pytest.fixture
def cache(miniwdl: Any) -> CallCache:
    return miniwdl(backend="s3_rails", put=True, get=True, ignore_query=True).cache


def test_short_keys_of_slashes_and_underscores(cache: CallCache) -> None:
    keys = ["".join(chars) for size in range(8) for chars in itertools.product("a_/", repeat=size)]
    keys = [key for key in keys if key and not key.endswith("/")]
    for directory in (False, True):
        paths = {cache.download_path(f"s3://bucket/{key}", directory=directory) for key in keys}
        assert len(paths) == len(keys)


def test_any_two_keys(cache: CallCache) -> None:
    @given(keys, keys, st.booleans())
    def check(one: str, other: str, directory: bool) -> None:
        paths = [cache.download_path(f"s3://bucket/{key}", directory=directory) for key in (one, other)]
        if directory:
            one, other = one.rstrip("/"), other.rstrip("/")  # no Value.Directory has any
        assert paths[0] is None or paths[0] != paths[1] or one == other

    check()


def test_a_place_is_one_level_below_another_and_has_the_natural_name(cache: CallCache, root: Any) -> None:
    @given(keys, st.booleans())
    def check(key: str, directory: bool) -> None:
        path = cache.download_path(f"s3://bucket/{key}", directory=directory)
        if path is None:
            return
        parts = PurePosixPath(path).relative_to(root / "cache").parts
        kind, scheme, bucket, folder, name = parts
        assert (kind, scheme, bucket) == ("dirs" if directory else "files", "s3", "bucket")
        assert name == key.rstrip("/").rsplit("/", 1)[-1]
        assert not {".", ".."} & set(parts)
        assert all(len(part.encode()) <= 255 and "\0" not in part for part in (folder, name))

    check()


def test_ordinary_keys_lie_where_they_always_did(cache: CallCache, miniwdl: Any) -> None:
    plain = miniwdl(put=True, get=True).cache

    @given(ordinary, st.booleans())
    def check(key: str, directory: bool) -> None:
        uri = f"s3://bucket/{key}"
        path = plain.download_path(uri, directory=directory)
        if len(PurePosixPath(path).parent.name.encode()) <= 255:
            assert cache.download_path(uri, directory=directory) == path

    check()
    assert cache.download_path("s3://bucket/my_run/_x/f.bam").endswith("/files/s3/bucket/_my__run___x/f.bam")


@pytest.mark.parametrize("folder", ["ds/", "ds//", "/", "a_/b/", ""])
def test_an_index_lies_beside_its_file(cache: CallCache, folder: str) -> None:
    paths = [PurePosixPath(cache.download_path(f"s3://bucket/{folder}{name}")) for name in ("f.bam", "f.bam.bai")]
    assert paths[0].parent == paths[1].parent
    assert [path.name for path in paths] == ["f.bam", "f.bam.bai"]


@pytest.mark.parametrize(
    ("key", "directory", "reason"),
    [
        ("a/..", False, "can't be a file here: its key makes no path"),
        ("a/..", True, "can't be a folder here: its key makes no path"),
        (".", False, "its key makes no path"),
        ("a/b/", False, "its key makes no path"),
        ("", False, "its key makes no path"),
        ("a/b\0c", False, "its key makes no path"),
        ("a/" + "x" * 256, False, "longer than the 255 bytes that a file's name may have"),
        ("a/" + "😀" * 64, True, "longer than the 255 bytes that a file's name may have"),
        ("a/\udcff", False, "not valid UTF-8, which S3 demands of a key"),
    ],
)
@pytest.mark.parametrize("revalidate", ["false", "true"])
def test_what_can_be_no_file_is_refused_by_name(
    miniwdl: Any, root: Any, key: str, directory: bool, reason: str, revalidate: str
) -> None:
    run = miniwdl(backend="s3_rails", put=True, get=True, revalidate=revalidate)
    with pytest.raises(DownloadFailed) as caught:
        run.download(f"s3://bucket/{key}", directory=directory)
    assert reason in str(caught.value.__cause__)
    assert ascii(key)[1:-1] in str(caught.value.__cause__) or f"s3://bucket/{key}" in str(caught.value.__cause__)
    assert not list(root.rglob("s3-*"))


@pytest.mark.parametrize("name", ["x", "x._miniwdl_flock", "y" * 250])
def test_folders_beside_the_files_that_miniwdl_locks(literal_bucket: Any, miniwdl: Any, name: str) -> None:
    """It makes one beside each folder in its cache, whose name must not be another folder's, nor too long."""
    for folder in ("x", name):
        literal_bucket[f"in/{folder}/file"] = folder.encode()
    run = miniwdl(backend="s3_rails", put=True, get=True, flock=True)
    with run.cache:
        for folder in (name, "x"):
            _, path = run.download(literal_bucket.uri(f"in/{folder}"), directory=True)
            assert path.name == folder
            assert (path / "file").read_text() == folder
