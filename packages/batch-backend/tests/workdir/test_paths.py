from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.workdir.paths import JobPaths, lies_within, rebase, top_run_dir

if TYPE_CHECKING:
    from pathlib import Path

TASK = "/mnt/fsx/runs/r/call-a"


def test_names_of_the_first_job_are_miniwdls_own() -> None:
    paths = JobPaths(TASK)
    assert (paths.work, paths.stdout, paths.stderr) == (f"{TASK}/work", f"{TASK}/stdout.txt", f"{TASK}/stderr.txt")


def test_later_jobs_share_no_file_with_it() -> None:
    first, second = JobPaths(TASK), JobPaths(TASK, 2)
    for name in ("work", "command", "stdout", "stderr", "exit_code", "detail"):
        assert getattr(first, name) != getattr(second, name)
    assert second.stdout == f"{TASK}/stdout2.txt"


def test_retarget() -> None:
    text = f"cat '{TASK}/work/_miniwdl_inputs/0/x' {TASK}/work {TASK}/work2/y {TASK}/workspace {TASK}/work.txt"
    assert JobPaths(TASK).retarget(text) == text
    assert JobPaths(TASK, 3).retarget(text) == (
        f"cat '{TASK}/work3/_miniwdl_inputs/0/x' {TASK}/work3 {TASK}/work2/y {TASK}/workspace {TASK}/work.txt"
    )


def test_rebase() -> None:
    assert rebase("/a/work3/x", "/a/work3", "/b") == "/b/x"
    assert rebase("/a/work3", "/a/work3", "/b") == "/b"
    for other in ("/a/work31/x", "/a/work2/x", "/etc/passwd", "relative"):
        assert rebase(other, "/a/work3", "/b") is None


def make(root: Path, *logs: str) -> None:
    for log in logs:
        (root / log).parent.mkdir(parents=True, exist_ok=True)
        (root / log).touch()


def test_top_run_dir(tmp_path: Path) -> None:
    make(
        tmp_path,
        "workflow.log",  # in the root itself: says nothing
        "runs/r/workflow.log",
        "runs/r/call-sub/workflow.log",
        "runs/r/call-sub/call-a/task.log",
        "runs/r/call-sub/call-a/download/0/task.log",
        "runs/alone/task.log",
    )
    root = str(tmp_path)
    run = f"{root}/runs/r"
    assert top_run_dir(f"{run}/call-sub/call-a", root) == run
    assert top_run_dir(f"{run}/call-sub/call-a/download/0", root) == run
    assert top_run_dir(f"{root}/runs/alone", root) == f"{root}/runs/alone"


def test_lies_within_follows_links(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "out").symlink_to("/etc")
    assert lies_within(f"{tmp_path}/in/x", f"{tmp_path}/in")
    assert not lies_within(f"{tmp_path}/in/out/passwd", f"{tmp_path}/in")
    assert not lies_within(f"{tmp_path}/in/../x", f"{tmp_path}/in")
