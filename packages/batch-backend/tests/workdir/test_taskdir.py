from __future__ import annotations

from pathlib import Path

import pytest

from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_batch_backend.workdir.taskdir import first_free, link_inputs, write_command


@pytest.fixture
def paths(tmp_path: Path) -> JobPaths:
    paths = JobPaths(str(tmp_path / "call-a"), 2)
    Path(paths.work).mkdir(parents=True)
    return paths


def test_first_free(paths: JobPaths) -> None:
    assert first_free(paths.task_dir).number == 1
    assert first_free(paths.task_dir, 2).number == 3


def test_links_are_where_either_try_looks(paths: JobPaths, tmp_path: Path) -> None:
    data = tmp_path / "x"
    data.write_text("data")
    seen = f"{paths.task_dir}/work/_miniwdl_inputs/0/x"
    for _ in range(2):
        link_inputs(paths, {str(data): seen, "/mnt/fsx/ref/": "/mnt/fsx/ref/"}, {})
    assert Path(seen).read_text() == "data"
    assert Path(paths.retarget(seen)).read_text() == "data"


def test_written_files_can_be_read_by_any_user(paths: JobPaths) -> None:
    written = Path(paths.task_dir, "write_", "tmpx")
    written.parent.mkdir()
    written.touch(0o600)
    link_inputs(paths, {str(written): f"{paths.task_dir}/work/_miniwdl_inputs/0/tmpx"}, {})
    assert written.stat().st_mode & 0o777 == 0o664


def test_the_command_is_replaced_not_overwritten(paths: JobPaths) -> None:
    write_command(paths, "old")
    with Path(paths.command).open() as reader:
        write_command(paths, "new, and longer")
        assert reader.read() == "old"
    assert Path(paths.command).read_text() == "new, and longer"


def test_links_are_not_made_through_a_link(paths: JobPaths, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Path(paths.task_dir, "work").symlink_to(elsewhere)
    seen = f"{paths.task_dir}/work/_miniwdl_inputs/0/x"
    link_inputs(paths, {"/data/x": seen}, {seen: "/data/elsewhere/x/"})
    assert Path(paths.retarget(seen)).readlink() == Path("/data/x")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("planted", ["command2", "command2.tmp"])
def test_a_command_is_not_written_through_a_link(paths: JobPaths, tmp_path: Path, planted: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    Path(paths.task_dir, planted).symlink_to(precious)
    write_command(paths, "text")
    assert Path(paths.command).read_text() == "text"
    assert precious.read_text() == "precious"
