import logging
import threading

import pytest

from miniwdl_aws_fsx_mount.inputs.preload import Preloader, files_of, find_loader, read_first_byte, restore


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


def test_links_in_a_folder_are_not_followed(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret"
    elsewhere.write_text("x")
    (folder / "link").symlink_to(elsewhere)
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


@pytest.mark.parametrize("kind", [OSError, ValueError])
def test_a_file_that_cannot_be_loaded_is_named(folder, caplog, kind):
    def fail(path):
        if path.name == "b":
            raise kind("no such object any more")

    assert Preloader(1, load=fail).preload("s3://b/x", folder).wait(30)
    assert f"could not preload {folder}/sub/b" in caplog.text


def test_nothing_to_load(tmp_path):
    assert Preloader(1).preload("s3://b/empty/", tmp_path).is_set()


LFS = """#!/bin/sh
# A file with .released beside it is in S3 only; its restore takes as many looks as .looks has lines.
echo "$1" >>"$LFS_CALLS"
case "$1" in
hsm_state) if [ -e "$2.released" ]; then echo "$2: (0x0000000d) released exists archived"; else echo "$2: (0x9)"; fi ;;
hsm_restore) if [ -e "$2.forbidden" ]; then echo "Operation not permitted" >&2; exit 1; fi ;;
hsm_action)
    if [ -s "$2.looks" ]; then sed -i 1d "$2.looks"; echo "$2: RESTORE running"
    else [ -e "$2.broken" ] || rm -f "$2.released"; echo "$2: NOOP"; fi ;;
esac
"""


@pytest.fixture
def lfs(tmp_path, monkeypatch):
    tool = tmp_path / "bin/lfs"
    tool.parent.mkdir()
    tool.write_text(LFS)
    tool.chmod(0o755)
    monkeypatch.setenv("LFS_CALLS", str(tmp_path / "calls"))
    return str(tool)


@pytest.fixture
def released(tmp_path):
    file = tmp_path / "NOOP released"
    file.write_text("12345")
    (tmp_path / "NOOP released.released").touch()
    return file


def calls(tmp_path):
    return (tmp_path / "calls").read_text().split()


def test_lustre_restores_and_is_watched_to_the_end(lfs, released, tmp_path):
    (tmp_path / "NOOP released.looks").write_text("1\n2\n3\n")
    waits = []
    restore(released, lfs, waits.append)
    assert waits == [0.1, 0.2, 0.4]
    assert calls(tmp_path) == ["hsm_state", "hsm_restore", *["hsm_action"] * 4, "hsm_state"]


def test_what_is_there_is_left_alone(lfs, released, tmp_path):
    (tmp_path / "NOOP released.released").unlink()
    restore(released, lfs)
    assert calls(tmp_path) == ["hsm_state"]


@pytest.mark.parametrize("trouble", ["forbidden", "broken"])
def test_what_lustre_does_not_restore_is_read(lfs, released, tmp_path, monkeypatch, trouble):
    (tmp_path / f"NOOP released.{trouble}").touch()
    read = []
    monkeypatch.setattr("miniwdl_aws_fsx_mount.inputs.preload.read_first_byte", read.append)
    restore(released, lfs, lambda _seconds: None)
    assert read == [released]


def test_lfs_is_used_where_it_is(lfs, released, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert find_loader() is read_first_byte
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    find_loader()(released)
    assert "hsm_restore" in calls(tmp_path)
