from __future__ import annotations

from pathlib import Path

import pytest

from miniwdl_aws_batch_backend.paths import JobPaths
from miniwdl_aws_batch_backend.taskdir import first_free, link_inputs, open_to_any_user, write_command


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
        link_inputs(paths, {str(data): seen, "/mnt/fsx/ref/": "/mnt/fsx/ref/"})
    assert Path(seen).read_text() == "data"
    assert Path(paths.retarget(seen)).read_text() == "data"


def test_written_files_can_be_read_by_any_user(paths: JobPaths) -> None:
    written = Path(paths.task_dir, "write_", "tmpx")
    written.parent.mkdir()
    written.touch(0o600)
    link_inputs(paths, {str(written): f"{paths.task_dir}/work/_miniwdl_inputs/0/tmpx"})
    assert written.stat().st_mode & 0o777 == 0o664


def test_the_command_is_replaced_not_overwritten(paths: JobPaths) -> None:
    write_command(paths, "old")
    with Path(paths.command).open() as reader:
        write_command(paths, "new, and longer")
        assert reader.read() == "old"
    assert Path(paths.command).read_text() == "new, and longer"


def test_any_user_may_write(paths: JobPaths) -> None:
    open_to_any_user(paths)
    assert Path(paths.work).stat().st_mode & 0o777 == 0o777
    assert Path(paths.task_dir).stat().st_mode & 0o777 == 0o777
