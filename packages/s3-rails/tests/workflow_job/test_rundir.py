import errno
from pathlib import Path

import pytest

from miniwdl_aws_s3_rails.workflow_job.rundir import RunDirError, delete_run_dir, should_delete


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "fsx"


@pytest.fixture
def run_dir(root: Path) -> Path:
    run_dir = root / "20250131_120000_align"
    run_dir.mkdir(parents=True)
    (run_dir / "workflow.log").touch()
    (run_dir / "inputs.json").touch()
    return run_dir


@pytest.mark.parametrize(
    ("when", "succeeded", "expected"),
    [
        (None, True, False), (None, False, False), ("always", True, True), ("always", False, True),
        ("success", True, True), ("success", False, False), ("failure", True, False), ("failure", False, True),
    ],
)  # fmt: skip
def test_when(when: str | None, succeeded: bool, expected: bool) -> None:
    assert should_delete(when, succeeded=succeeded) is expected


def test_run_directory(root: Path, run_dir: Path) -> None:
    delete_run_dir(run_dir, root)
    assert not run_dir.exists()
    assert root.exists()


def test_task_run(root: Path, run_dir: Path) -> None:
    (run_dir / "workflow.log").rename(run_dir / "task.log")
    delete_run_dir(run_dir, root)
    assert not run_dir.exists()


class TestKept:
    def refused(self, path: Path, root: Path) -> str:
        with pytest.raises(RunDirError) as caught:
            delete_run_dir(path, root)
        assert path.exists()
        return caught.value.message

    def test_outside_the_file_system(self, tmp_path: Path, run_dir: Path) -> None:
        (tmp_path / "fs").mkdir()
        assert "does not lie within" in self.refused(run_dir, tmp_path / "fs")

    def test_sibling_with_the_roots_name_as_prefix(self, tmp_path: Path, run_dir: Path) -> None:
        other = tmp_path / "fsx2"
        run_dir.parent.rename(other)
        assert "does not lie within" in self.refused(other / run_dir.name, tmp_path / "fsx")

    def test_the_file_system_itself(self, root: Path, run_dir: Path) -> None:
        assert "does not lie within" in self.refused(run_dir, run_dir)

    def test_link_out_of_it(self, root: Path, run_dir: Path, tmp_path: Path) -> None:
        away = tmp_path / "away"
        run_dir.rename(away)
        run_dir.symlink_to(away)
        assert "not a directory" in self.refused(run_dir, root)
        assert away.exists()

    @pytest.mark.parametrize("missing", ["workflow.log", "inputs.json"])
    def test_what_holds_no_run(self, root: Path, run_dir: Path, missing: str) -> None:
        (run_dir / missing).unlink()
        assert "holds no run" in self.refused(run_dir, root)

    def test_what_miniwdl_did_not_create(self, root: Path, run_dir: Path) -> None:
        home = run_dir.rename(root / "home")
        assert "did not create it" in self.refused(home, root)

    @pytest.mark.parametrize("name", ["workflow.log", "inputs.json"])
    def test_what_only_links_to_the_files_of_a_run(self, root: Path, run_dir: Path, tmp_path: Path, name: str) -> None:
        (run_dir / name).rename(tmp_path / name)
        (run_dir / name).symlink_to(tmp_path / name)
        assert "holds no run" in self.refused(run_dir, root)

    @pytest.mark.parametrize(
        "error", [PermissionError(errno.EACCES, "Permission denied", "work"), RecursionError("maximum recursion depth")]
    )
    def test_what_a_task_made_undeletable(
        self, root: Path, run_dir: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        """By its permissions, or by nesting folders a thousand times."""

        def refuse(_path: Path) -> None:
            raise error

        monkeypatch.setattr("shutil.rmtree", refuse)
        assert f"not deleted as a whole: {error}" in self.refused(run_dir, root)

    def test_where_we_work(self, root: Path, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(run_dir)
        assert "works in it" in self.refused(run_dir, root)
