from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_local_cloud.s3.paths import KeyPaths, is_plain


@pytest.mark.parametrize("key", ["a", "a/b.txt", "..a/b", "å/ü", "a b/c", ".hidden", "a" * 255])
def test_ordinary_keys_are_paths(tmp_path, key) -> None:
    assert is_plain(key)
    paths = KeyPaths(tmp_path, "bucket")
    assert paths.choose(key) == tmp_path / "bucket" / key


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "..", "../x", "a/../../x", "./a", "a\0b", "x" * 256, "y/" * 600 + "z", "\ud800"]
)
def test_other_keys_stay_within_the_side_folder(tmp_path, key) -> None:
    assert not is_plain(key)
    paths = KeyPaths(tmp_path, "bucket")
    path = paths.choose(key)
    assert path.parent == tmp_path / ".odd-keys" / "bucket"
    path.write_bytes(b"x")
    assert paths.find(key) == path
    assert [name for name, _ in paths.items()] == [key]
    paths.remove(key)
    assert list(paths.items()) == []
    assert list(path.parent.iterdir()) == []


def test_a_key_below_another_object(tmp_path) -> None:
    paths = KeyPaths(tmp_path, "b")
    paths.choose("a").write_bytes(b"1")
    paths.choose("a/b").write_bytes(b"2")
    paths.choose("c/d").write_bytes(b"3")
    paths.choose("c").write_bytes(b"4")
    assert {name: Path(entry.path).read_bytes() for name, entry in paths.items()} == {
        "a": b"1",
        "a/b": b"2",
        "c/d": b"3",
        "c": b"4",
    }
    # What once is in the side folder stays there.
    paths.remove("a")
    assert paths.choose("a/b") == paths.find("a/b")


@pytest.mark.parametrize("absent", ["ds//f", "/ds/f", "ds/./f", "ds/x/../f", "../other/f", "ds/f/"])
def test_a_key_that_is_not_there_is_no_other(tmp_path, absent):
    for bucket in ("bucket", "other"):
        path = KeyPaths(tmp_path, bucket).choose("ds/f" if bucket == "bucket" else "f")
        path.write_text("kept")
    paths = KeyPaths(tmp_path, "bucket")
    assert not paths.find(absent).exists()
    paths.remove(absent)
    assert (tmp_path / "bucket/ds/f").read_text() == (tmp_path / "other/f").read_text() == "kept"


def test_empty_folders_go_with_their_last_object(tmp_path) -> None:
    paths = KeyPaths(tmp_path, "b")
    for key in ("x/y/z", "x/w"):
        paths.choose(key).write_bytes(b"")
    paths.remove("x/y/z")
    assert not (tmp_path / "b/x/y").exists()
    paths.remove("x/w")
    assert (tmp_path / "b").is_dir()
    assert not (tmp_path / "b/x").exists()


@given(st.dictionaries(st.text(min_size=1, max_size=30), st.binary(max_size=3), max_size=6))
def test_round_trip_of_any_keys(objects) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        paths = KeyPaths(root, "b")
        for key, content in objects.items():
            path = paths.choose(key)
            assert path.resolve().is_relative_to(root)
            path.write_bytes(content)
        assert {key: paths.find(key).read_bytes() for key in objects} == objects
        assert {name: Path(entry.path).read_bytes() for name, entry in paths.items()} == objects
