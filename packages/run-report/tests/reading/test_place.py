from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_hooks import FoundRun
from miniwdl_aws_run_report.errors import NoRunError
from miniwdl_aws_run_report.model import Run, State
from miniwdl_aws_run_report.reading.place import open_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOG = '2026-11-27 12:00:00.000 wdl.w:align NOTICE workflow start :: name: "align"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "20261127_120000_align"
    folder.mkdir()
    (folder / "workflow.log").write_text(LOG)
    return folder


def read(word: str, *tasks: Any, **job: Any) -> Run:
    @contextmanager
    def open_runs() -> Iterator[Callable[[str], FoundRun]]:
        detail = {"jobId": "w", "status": "RUNNING", "createdAt": 1, **job}
        yield lambda word: FoundRun(word, detail, f"miniwdl-aws rerun {word}", lambda: tasks, "--local")

    with open_places(open_runs, [word], 2e9) as found:
        return found(word)


def test_a_directory_needs_nobody(folder: Path) -> None:
    with open_places(None, [str(folder)], 2e9) as found:
        assert found(str(folder)).target == "align"


def test_a_run_of_plain_miniwdl_is_repeated_by_it(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "my align.wdl"
    start = f'2026-11-27 12:00:00.000 wdl.w:align NOTICE workflow start :: name: "align", source: "{source}"\n'
    (folder / "workflow.log").write_text(start)
    assert read(str(folder)).command == ""  # the WDL has gone
    source.touch()
    assert read(str(folder)).command == f"miniwdl run '{source}'"
    (folder / "inputs.json").write_text("{}")
    assert read(str(folder)).command == f"miniwdl run '{source}' -i {folder}/inputs.json"
    (folder / "workflow.log").write_text(start.replace("w:align", "t:align").replace("workflow start", "task setup"))
    assert read(str(folder)).command.endswith("/inputs.json --task align")


def test_the_directory_that_the_run_names_at_its_end_is_read_where_it_is_seen(folder: Path) -> None:
    run = read("last", tags=RunEnd(run_dir=str(folder), results="s3://b/r/").written(), status="FAILED")
    assert run.target == "align"
    assert (run.directory, run.folder, run.job_id, run.command, run.options) == (
        str(folder), "s3://b/r/", "w", "miniwdl-aws rerun last", "--local",
    )  # fmt: skip


def test_one_under_way_is_found_by_its_options(folder: Path) -> None:
    task = {"jobId": "t", "status": "RUNNING", "tags": TaskTags(folder.name, "call-a", "a", 1).written()}
    run = read("last", task, container={"command": ["x", "--dir", str(folder.parent)]})
    assert run.directory == str(folder)


def test_else_aws_batch_is_asked() -> None:
    task = {"jobId": "t", "status": "RUNNING", "tags": TaskTags("r", "call-a", "a", 1).written()}
    run = read("last", task, container={"command": ["x", "--dir", "/not/here"]})
    assert (run.state, [call.path for call in run.calls], run.command) == (
        State.RUNNING, ["call-a"], "miniwdl-aws rerun last",
    )  # fmt: skip


@pytest.mark.parametrize("word", ["no/where", "./x"])
def test_a_path_that_is_not_there_asks_nobody(word: str) -> None:
    with pytest.raises(NoRunError, match="there is no directory"):
        read(word)


def test_without_the_other_commands_names_are_not_known() -> None:
    with pytest.raises(NoRunError), open_places(None, ["last"], 2e9) as found:
        found("last")
