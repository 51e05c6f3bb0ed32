import os
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_s3_rails.products.boundary import collect_outputs, is_within


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "fsx"
    (root / "run" / "out").mkdir(parents=True)
    (root / "run" / "call-t" / "work").mkdir(parents=True)
    return root


@pytest.fixture
def run(root: Path) -> Path:
    return root / "run"


def make(path: Path, text: str = "data") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def link(place: Path, target: Path) -> Path:
    """Link as miniwdl does: relative, straight to the file."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(target.resolve(), place.parent.resolve()))
    return place


def test_files_and_folders_that_miniwdl_linked(root: Path, run: Path) -> None:
    file = make(run / "call-t/work/x.txt")
    folder = run / "call-t/work/d"
    make(folder / "a.txt")
    make(folder / "sub/b.txt")
    (folder / "empty").mkdir()
    (folder / "l").symlink_to("sub/b.txt")
    (folder / "k").symlink_to("sub")
    link(run / "out/f/x.txt", file)
    link(run / "out/many/0/x.txt", file)
    link(run / "out/d/d", folder)
    make(run / "out/d/.WDL_Directory", "")
    products = collect_outputs(run, root)
    assert products.refused == {}
    assert products.outputs == {"f/x.txt": False, "many/0/x.txt": False, "d/d": True}
    assert set(products.files) == {
        *("f/x.txt", "many/0/x.txt", "d/d/a.txt", "d/d/sub/b.txt", "d/d/l", "d/d/k/b.txt", "d/d/empty/"),
    }
    assert all(not path.is_symlink() for path in products.files.values())


def test_absolute_links_to_other_runs(root: Path, run: Path) -> None:
    """What comes from the call cache or was an input lies elsewhere on the file system."""
    other = make(root / "other/work/y.txt")
    (run / "out/f").mkdir()
    (run / "out/f/y.txt").symlink_to(other.resolve())
    assert collect_outputs(run, root).files == {"f/y.txt": other.resolve()}


def test_a_run_without_outputs(root: Path, run: Path) -> None:
    assert collect_outputs(run, root).files == {}
    (run / "out").rmdir()
    assert collect_outputs(run, root).files == {}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    return make(tmp_path / "etc/secret", "not yours")


def leaves(run: Path, root: Path, secret: Path, *, hardlinks: bool = False) -> dict[str, str]:
    """Collect, make sure that the secret stays, and return what was refused."""
    products = collect_outputs(run, root, hardlinks=hardlinks)
    assert "not yours" not in [path.read_text() for path in products.files.values() if path.is_file()]
    return products.refused


class TestNothingElseLeaves:
    def test_link_out_of_the_file_system(self, root: Path, run: Path, secret: Path) -> None:
        link(run / "out/f/secret", secret)
        assert "outside the shared file system" in leaves(run, root, secret)["f/secret"]

    def test_output_replaced_by_a_link_afterwards(self, root: Path, run: Path, secret: Path) -> None:
        file = make(run / "call-t/work/x.txt")
        link(run / "out/f/x.txt", file)
        file.unlink()
        file.symlink_to(secret)
        assert "changed" in leaves(run, root, secret)["f/x.txt"]

    def test_folder_on_the_way_replaced_by_a_link(self, root: Path, run: Path, secret: Path) -> None:
        file = make(run / "call-t/work/sub/secret")
        link(run / "out/f/secret", file)
        file.unlink()
        file.parent.rmdir()
        file.parent.symlink_to(secret.parent)
        assert "changed" in leaves(run, root, secret)["f/secret"]

    @pytest.mark.parametrize("target", ["file", "folder"])
    def test_link_that_leads_out_of_a_directory_output(self, root: Path, run: Path, secret: Path, target: str) -> None:
        folder = run / "call-t/work/d"
        make(folder / "a.txt")
        (folder / "evil").symlink_to(secret if target == "file" else secret.parent)
        link(run / "out/d/d", folder)
        assert "out of its Directory" in leaves(run, root, secret)["d/d/evil"]

    def test_link_to_another_run_within_a_directory_output(self, root: Path, run: Path) -> None:
        secret = make(root / "other/work/secret", "not yours")
        folder = run / "call-t/work/d"
        folder.mkdir()
        (folder / "evil").symlink_to("../../../other/work")
        link(run / "out/d/d", folder)
        assert "out of its Directory" in leaves(run, root, secret)["d/d/evil"]

    def test_loop_in_a_directory_output(self, root: Path, run: Path) -> None:
        folder = run / "call-t/work/d"
        make(folder / "sub/a.txt")
        (folder / "sub/up").symlink_to("..")
        link(run / "out/d/d", folder)
        assert "leads back" in collect_outputs(run, root).refused["d/d/sub/up/"]

    def test_dangling_link(self, root: Path, run: Path) -> None:
        folder = run / "call-t/work/d"
        folder.mkdir()
        (folder / "lost").symlink_to("nowhere")
        link(run / "out/d/d", folder)
        assert "not exist" in collect_outputs(run, root).refused["d/d/lost"]

    def test_output_that_is_gone(self, root: Path, run: Path) -> None:
        file = make(run / "call-t/work/x.txt")
        link(run / "out/f/x.txt", file)
        file.unlink()
        assert "not exist" in collect_outputs(run, root).refused["f/x.txt"]

    def test_what_is_no_file(self, root: Path, run: Path) -> None:
        folder = run / "call-t/work/d"
        folder.mkdir()
        os.mkfifo(folder / "pipe")
        link(run / "out/d/d", folder)
        assert "not a regular file" in collect_outputs(run, root).refused["d/d/pipe"]

    def test_folders_nested_without_an_end(self, root: Path, run: Path) -> None:
        folder = run / "call-t/work/d"
        (folder / "/".join("n" * 520)).mkdir(parents=True)
        link(run / "out/d/d", folder)
        products = collect_outputs(run, root)
        assert products.files == {}
        assert list(products.refused.values()) == ["its key would be longer than S3's 1024 bytes"]

    def test_a_folder_that_is_exchanged_while_it_is_looked_at(
        self, root: Path, run: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        link(run / "out/d/d", make(run / "call-t/work/d/a.txt").parent)
        scandir = os.scandir

        def exchange(path: Path) -> Any:
            if path.name == "d" and path.is_relative_to(run / "call-t"):
                path.rename(path.with_name("aside"))
                path.touch()
            return scandir(path)

        monkeypatch.setattr(os, "scandir", exchange)
        products = collect_outputs(run, root)
        assert products.files == {}
        assert products.refused == {"d/d/": "it can't be listed: Not a directory"}

    def test_out_itself_is_a_link(self, root: Path, run: Path, secret: Path) -> None:
        (run / "out").rmdir()
        (run / "out").symlink_to(secret.parent)
        assert leaves(run, root, secret) == {}

    def test_names_that_clash_with_the_runs_own(self, root: Path, run: Path) -> None:
        make(run / "out/outputs.json")
        assert "clashes" in collect_outputs(run, root).refused["outputs.json"]

    def test_names_that_are_no_utf8(self, root: Path, run: Path) -> None:
        folder = run / "call-t/work/d"
        folder.mkdir()
        Path(os.fsdecode(bytes(folder) + b"/\xff")).touch()
        link(run / "out/d/d", folder)
        assert "UTF-8" in " ".join(collect_outputs(run, root).refused.values())


class TestHardLinks:
    def test_files_and_folders(self, root: Path, run: Path) -> None:
        make(run / "out/f/x.txt")
        make(run / "out/d/.WDL_Directory", "")
        make(run / "out/d/dd/a.txt")
        (run / "out/d/dd/l").symlink_to("a.txt")
        products = collect_outputs(run, root, hardlinks=True)
        assert set(products.files) == {"f/x.txt", "d/dd/a.txt", "d/dd/l"}
        assert products.outputs["f/x.txt"] is False
        assert products.outputs["d/dd"] is True

    def test_links_are_not_miniwdls(self, root: Path, run: Path) -> None:
        secret = make(root / "other/secret", "not yours")
        link(run / "out/f/secret", secret)
        assert "symbolic link" in leaves(run, root, secret, hardlinks=True)["f/secret"]

    def test_link_that_leads_out_of_a_directory_output(self, root: Path, run: Path) -> None:
        secret = make(root / "other/secret", "not yours")
        make(run / "out/d/.WDL_Directory", "")
        link(run / "out/d/dd/evil", secret)
        assert "out of its Directory" in leaves(run, root, secret, hardlinks=True)["d/dd/evil"]


def test_is_within(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net2").mkdir()
    (tmp_path / "net/link").symlink_to(tmp_path / "net2")
    assert is_within(tmp_path / "net", tmp_path / "net")
    assert is_within(tmp_path / "net/x/y", tmp_path / "net")
    assert not is_within(tmp_path / "net2", tmp_path / "net")
    assert not is_within(tmp_path / "net/../net2", tmp_path / "net")
    assert not is_within(tmp_path / "net/link", tmp_path / "net")
