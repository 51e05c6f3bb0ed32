import errno
import os

import pytest

from miniwdl_aws_core.beneath import (
    append_line,
    folder,
    holds,
    is_file,
    open_resolved,
    read_bytes,
    read_tail,
    write_bytes,
)


@pytest.fixture
def top(tmp_path):
    (tmp_path / "run" / "call-a").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    return tmp_path / "run"


def plant_link(top):
    (top / "call-a/file").symlink_to(top.parent / "secret")


def plant_folder(top):
    """The folder itself is a link, to one that has such a file."""
    (top / "call-a").rmdir()
    (top.parent / "elsewhere").mkdir()
    (top.parent / "elsewhere/file").write_text("secret")
    (top / "call-a").symlink_to(top.parent / "elsewhere")


def plant_pipe(top):
    os.mkfifo(top / "call-a/file")


def plant_directory(top):
    (top / "call-a/file").mkdir()


PLANTED = pytest.mark.parametrize("plant", [plant_link, plant_folder, plant_pipe, plant_directory])


@PLANTED
def test_nothing_planted_is_read(top, plant):
    plant(top)
    for read in (read_bytes, read_tail):
        with pytest.raises(OSError):
            read(top, "call-a/file", 100)
    with pytest.raises(OSError):
        open_resolved(f"{top.resolve()}/call-a/file")
    assert not is_file(top, "call-a/file")


@PLANTED
def test_nothing_planted_is_appended_to(top, plant):
    plant(top)
    with pytest.raises(OSError):
        append_line(top, "call-a/file", b"line")
    assert (top.parent / "secret").read_text() == "secret"


def test_a_planted_link_is_replaced_and_not_followed(top):
    plant_link(top)
    write_bytes(top, "call-a/file", b"ours")
    assert not (top / "call-a/file").is_symlink()
    assert (top / "call-a/file").read_text() == "ours"
    assert (top.parent / "secret").read_text() == "secret"


def test_nothing_is_written_through_a_planted_folder(top):
    plant_folder(top)
    with pytest.raises(OSError):
        write_bytes(top, "call-a/file", b"ours")
    assert [path.read_text() for path in (top.parent / "elsewhere").iterdir()] == ["secret"]


def test_a_failed_write_leaves_nothing(top):
    plant_directory(top)
    with pytest.raises(OSError):
        write_bytes(top, "call-a/file", b"ours")
    assert [path.name for path in (top / "call-a").iterdir()] == ["file"]


def test_a_file_with_a_second_name_is_not_appended_to(top):
    os.link(top.parent / "secret", top / "call-a/file")
    with pytest.raises(OSError) as refused:
        append_line(top, "call-a/file", b"line")
    assert refused.value.errno == errno.EMLINK
    assert (top.parent / "secret").read_text() == "secret"


@pytest.mark.parametrize("relative", ["../secret", "/etc/passwd", "call-a/../../secret", "a\0b", "\ud800", ""])
def test_a_path_that_leads_out_is_refused(top, relative):
    with pytest.raises(OSError):
        read_bytes(top, relative, 100)


def test_no_folder_is_made_through_a_planted_one(top):
    plant_folder(top)
    with pytest.raises(OSError), folder(top, "call-a/new", make=True):
        pass
    assert not (top.parent / "elsewhere/new").exists()


def test_folders_are_made_beneath_an_open_one(top):
    for _ in range(2):
        with folder(top, "call-a") as call, folder(call, "b/c", make=True) as made:
            write_bytes(made, "file", b"ours")
    assert (top / "call-a/b/c/file").read_text() == "ours"


@pytest.mark.parametrize("system", ["Linux", "another"])
def test_a_file_by_its_real_path(top, monkeypatch, system):
    (top / "call-a/file").write_text("ours")
    if system != "Linux":
        monkeypatch.setattr(os, "readlink", lambda _path: (_ for _ in ()).throw(FileNotFoundError()))
    with os.fdopen(open_resolved(top.resolve() / "call-a/file")) as file:
        assert file.read() == "ours"
        assert os.get_blocking(file.fileno())


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="Linux alone opens folders without reading them")
def test_folders_on_the_way_need_not_be_readable(top, monkeypatch):
    write_bytes(top, "call-a/file", b"ours")
    opened = os.open

    def refuse(path, flags, *arguments, **more):
        """Stands for a system that checks permissions, as it does not for root."""
        if path == "call-a" and not flags & os.O_PATH:
            raise PermissionError(errno.EACCES, "no r", path)
        return opened(path, flags, *arguments, **more)

    monkeypatch.setattr(os, "open", refuse)
    assert read_bytes(top, "call-a/file", 4) == b"ours"


def test_ordinary_files(top):
    write_bytes(top, "call-a/file", b"one\n")
    append_line(top, "call-a/file", b"two")
    append_line(top, "log", b"first")
    assert read_bytes(top, "call-a/file", 8) == b"one\ntwo\n"
    assert read_tail(top, "call-a/file", 4) == b"two\n"
    assert read_bytes(top, "log", 100) == b"first\n"
    with pytest.raises(OSError):
        read_bytes(top, "call-a/file", 7)
    with folder(top, "call-a") as descriptor, os.scandir(descriptor) as entries:
        assert [entry.name for entry in entries] == ["file"]


def test_a_line_that_was_cut_takes_no_other_one_along(top):
    (top / "log").write_bytes(b"one\ntw")
    append_line(top, "log", b"three")
    assert read_bytes(top, "log", 100) == b"one\ntw\nthree\n"


def test_the_path_of_the_folder_itself_may_have_links(top):
    link = top.parent / "link"
    link.symlink_to(top)
    write_bytes(link, "call-a/file", b"ours")
    assert (top / "call-a/file").read_text() == "ours"


def test_a_folder_holds_what_leads_nowhere_too(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    with folder(tmp_path) as descriptor:
        assert holds(descriptor, "link")
        assert not holds(descriptor, "nowhere")
