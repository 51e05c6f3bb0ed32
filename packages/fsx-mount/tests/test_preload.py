import logging
import threading

import pytest

from miniwdl_aws_fsx_mount.preload import Preloader, files_of, read_first_byte


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "sub/b", "sub/deep/c"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    return tmp_path


def test_what_a_path_stands_for(folder):
    assert files_of(folder / "a") == [folder / "a"]
    assert files_of(folder) == [folder / "a", folder / "sub/b", folder / "sub/deep/c"]


def test_loads_everything_and_says_so(folder, caplog):
    loaded = []
    with caplog.at_level(logging.INFO):
        done = Preloader(3, load=lambda path: (read_first_byte(path), loaded.append(path))).preload("s3://b/x", folder)
        assert done.wait(30)
    assert sorted(loaded) == files_of(folder)
    assert "preloaded s3://b/x: 3 files, 15 bytes" in caplog.text


def test_loads_in_parallel(folder):
    together = threading.Barrier(3, timeout=30)
    assert Preloader(3, load=lambda _path: together.wait()).preload("s3://b/x", folder).wait(30)


def test_a_file_that_cannot_be_loaded_is_named(folder, caplog):
    def fail(path):
        if path.name == "b":
            raise OSError("no such object any more")

    assert Preloader(1, load=fail).preload("s3://b/x", folder).wait(30)
    assert f"could not preload {folder}/sub/b" in caplog.text


def test_nothing_to_load(tmp_path):
    assert Preloader(1).preload("s3://b/empty/", tmp_path).is_set()
