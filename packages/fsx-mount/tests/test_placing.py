from pathlib import Path

import pytest

from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_fsx_mount.placing import place, target_path


@pytest.fixture
def source(tmp_path):
    real = tmp_path / "call/work/result"
    real.parent.mkdir(parents=True)
    real.write_text("result")
    link = tmp_path / "out/result"
    link.parent.mkdir()
    link.symlink_to(real)
    return link


def test_a_link_becomes_a_file(source, tmp_path):
    target = tmp_path / "results/a/b/result"
    assert place(source, target) is False
    assert not target.is_symlink()
    assert target.samefile(source.resolve())
    assert place(source, target) is True
    assert [path.name for path in target.parent.iterdir()] == ["result"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_there_is_replaced(source, tmp_path, kind):
    target = tmp_path / "result"
    if kind == "file":
        target.write_text("old")
    else:
        target.symlink_to(source.resolve())
    assert place(source, target) is False
    assert target.read_text() == "result"
    assert not target.is_symlink()


def test_where_there_are_no_hard_links_it_is_copied(source, tmp_path, monkeypatch):
    def refuse(_self, _target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    target = tmp_path / "results/result"
    assert place(source, target) is False
    assert target.read_text() == "result"
    assert target.stat().st_mtime == source.stat().st_mtime
    assert not target.samefile(source)


def test_what_is_gone_cannot_be_placed(tmp_path):
    with pytest.raises(FileNotFoundError):
        place(tmp_path / "gone", tmp_path / "target")


@pytest.mark.parametrize("name", ["a", "a/b c/%20.txt", "größe", "-x"])
def test_names(tmp_path, name):
    assert target_path(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a//", "/", "a\0b", "x" * 256])
def test_what_is_no_name(tmp_path, name):
    with pytest.raises(FsxError):
        target_path(tmp_path, name)
