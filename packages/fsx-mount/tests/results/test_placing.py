import os

import pytest

from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_fsx_mount.results.placing import check_name, place, renew


@pytest.fixture
def source(tmp_path):
    real = tmp_path.resolve() / "call/work/result"
    real.parent.mkdir(parents=True)
    real.write_text("result")
    return real


def test_a_result_is_linked_once(source, tmp_path):
    target = tmp_path / "results/a/b/result"
    assert place(source, tmp_path, "results/a/b/result") == (False, 6)
    assert target.samefile(source)
    assert place(source, tmp_path, "results/a/b/result") == (True, 6)
    assert [path.name for path in target.parent.iterdir()] == ["result"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_there_is_replaced(source, tmp_path, kind):
    target = tmp_path / "result"
    old = tmp_path / "old"
    old.write_text("old")
    if kind == "file":
        target.write_text("old")
    else:
        target.symlink_to(old)
    assert place(source, tmp_path, "result") == (False, 6)
    assert target.read_text() == "result"
    assert not target.is_symlink()
    assert old.read_text() == "old"


def test_where_there_are_no_hard_links_it_is_copied(source, tmp_path, monkeypatch):
    def refuse(*_arguments, **_more):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    source.chmod(0o640)
    target = tmp_path / "results/result"
    assert place(source, tmp_path, "results/result") == (False, 6)
    assert target.read_text() == "result"
    assert target.stat().st_mtime == source.stat().st_mtime
    assert target.stat().st_mode == source.stat().st_mode
    assert not target.samefile(source)


def test_what_is_gone_cannot_be_placed(tmp_path):
    with pytest.raises(FileNotFoundError):
        place(tmp_path / "gone", tmp_path, "target")


def test_a_renewed_file_is_another_one(source, tmp_path):
    place(source, tmp_path, "results/result")
    renew(tmp_path, "results/result")
    target = tmp_path / "results/result"
    assert target.read_text() == "result"
    assert not target.samefile(source)
    assert [path.name for path in target.parent.iterdir()] == ["result"]


@pytest.mark.parametrize("plant", ["link", "folder"])
def test_nothing_planted_is_renewed(source, tmp_path, plant):
    place(source, tmp_path, "results/result")
    target = tmp_path / "results/result"
    if plant == "link":
        target.unlink()
        target.symlink_to(source)
    else:
        target.parent.rename(tmp_path / "elsewhere")
        target.parent.symlink_to(tmp_path / "elsewhere")
    before = source.stat().st_ino, sorted(tmp_path.rglob("*"))
    with pytest.raises(OSError):
        renew(tmp_path, "results/result")
    assert (source.stat().st_ino, sorted(tmp_path.rglob("*"))) == before


@pytest.mark.parametrize("name", ["a", "a/b c/%20.txt", "größe", "-x"])
def test_names(name):
    assert check_name(name) == check_name(f"{name}/") == name


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a//", "/", "a\0b", "x" * 256])
def test_what_is_no_name(name):
    with pytest.raises(FsxError):
        check_name(name)
