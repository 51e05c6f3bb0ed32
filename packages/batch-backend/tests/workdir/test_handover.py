"""What lies where before, while and after a job runs, and what it may have planted meanwhile."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from miniwdl_aws_batch_backend.workdir.handover import (
    Place,
    discard,
    hand_over,
    has_begun,
    is_there,
    new_place,
    read_claim,
    read_exit_code,
    read_usage,
    take_back,
)
from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_core.records.usage import Source, Usage

SECRET = "AWS_SECRET_ACCESS_KEY=geheim"


@pytest.fixture
def home(tmp_path: Path) -> JobPaths:
    paths = JobPaths(str(tmp_path / "run/call-a"), 2)
    Path(paths.work, "_miniwdl_inputs").mkdir(parents=True)
    (tmp_path / "secret").write_text(SECRET)
    return paths


@pytest.fixture
def place(home: JobPaths) -> Place:
    place = new_place(str(Path(home.task_dir).parent), "call-a-3", 2)
    hand_over(home, place, to_any_user=True)
    return place


@pytest.mark.parametrize(("left", "begun"), [(None, False), ("claim", True), ("exit_code", True)])
def test_what_the_wrapper_leaves_tells_that_it_began(home: JobPaths, place: Place, left, begun: bool) -> None:
    if left == "claim":
        Path(place.paths.claim).symlink_to("nowhere")
    elif left:
        Path(place.paths.exit_code).write_text("0\n")
    take_back(place, home)
    assert has_begun(place, home) is begun


def test_a_place_that_is_gone_tells_nothing(home: JobPaths, place: Place) -> None:
    discard(place)
    assert has_begun(place, home) is None
    Path(place.paths.task_dir).symlink_to(home.task_dir)
    assert has_begun(place, home) is None, "nor does a planted link"


def test_there_and_back(home: JobPaths, place: Place) -> None:
    there = place.paths
    assert is_there(there)
    assert Path(there.work, "_miniwdl_inputs").is_dir()
    assert stat.S_IMODE(Path(there.work).stat().st_mode) == 0o777
    assert stat.S_IMODE(Path(home.task_dir).stat().st_mode) & stat.S_IWOTH == 0
    Path(there.work, "made").write_text("made")
    Path(there.work, "link").symlink_to(f"{there.work}/made")
    Path(there.stderr).write_text("complaint\n")
    Path(there.exit_code).write_text("0\n")
    Path(there.usage).write_text("0m0s 0m0s\n0m1s 0m2s\n")
    assert Path(home.stderr).read_text() == "complaint\n", "who looks while the job runs finds it"
    assert Path(home.work, "made").exists()
    take_back(place, home)
    assert not is_there(there)
    assert is_there(home)
    assert not Path(home.work).is_symlink()
    assert Path(home.work, "link").read_text() == "made"
    assert Path(home.stderr).read_text() == "complaint\n"
    assert not os.path.lexists(home.stdout)
    assert read_exit_code(home) == 0
    assert read_usage(home) == Usage(Source.TIMES, cpu_seconds=3.0)


def plant(there: JobPaths, what: str, secret: Path) -> None:
    target = Path(
        {"work": there.work, "stderr": there.stderr, "exit_code": there.exit_code, "usage": there.usage}[what]
    )
    if what == "work":
        (target / "_miniwdl_inputs").rmdir()
        target.rmdir()
    target.symlink_to(secret.parent if what == "work" else secret)


@pytest.mark.parametrize("what", ["work", "stderr", "exit_code", "usage"])
def test_planted_links_are_not_followed(home: JobPaths, place: Place, tmp_path: Path, what: str) -> None:
    plant(place.paths, what, tmp_path / "secret")
    take_back(place, home)
    assert Path(home.work).is_dir()
    assert list(Path(home.work).rglob("secret")) == []
    assert read_exit_code(home) is None
    assert read_usage(home) is None
    assert not os.path.lexists(home.stderr)
    assert not os.path.lexists(home.usage)
    assert (tmp_path / "secret").read_text() == SECRET


def test_a_pipe_in_the_place_of_a_stream_is_left_behind(home: JobPaths, place: Place) -> None:
    os.mkfifo(place.paths.stderr)
    Path(place.paths.stdout).mkdir()
    take_back(place, home)
    assert not os.path.lexists(home.stderr)
    assert not os.path.lexists(home.stdout)


def test_a_place_that_was_exchanged_is_not_touched(home: JobPaths, place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    Path(place.paths.task_dir).rename(elsewhere)
    Path(place.paths.task_dir).symlink_to(elsewhere)
    (elsewhere / "exit_code2").write_text("0\n")
    assert read_exit_code(place.paths) is None
    assert read_claim(place) is None
    with pytest.raises(OSError):
        take_back(place, home)
    discard(place)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["exit_code2", "stderr2.txt.pipe", "work2"]


@pytest.mark.parametrize(("to_any_user", "mode"), [(True, 0o666), (False, 0o600)])
def test_a_pipe_is_there_as_long_as_the_place(home: JobPaths, to_any_user: bool, mode: int) -> None:
    place = new_place(str(Path(home.task_dir).parent), "call-a", 2)
    before = os.umask(0o077)
    try:
        hand_over(home, place, to_any_user=to_any_user)
    finally:
        os.umask(before)
    found = Path(place.paths.pipe).stat()
    assert stat.S_ISFIFO(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == mode
    take_back(place, home)
    assert not os.path.lexists(home.pipe)
    discard(place)
    assert not os.path.lexists(place.paths.task_dir)


@pytest.mark.parametrize("error", [OSError("no pipes here"), NotImplementedError()])
def test_a_file_system_without_pipes(home: JobPaths, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(os, "mkfifo", refuse)
    place = new_place(str(Path(home.task_dir).parent), "call-a", 2)
    hand_over(home, place, to_any_user=True)
    assert is_there(place.paths)


def test_jobs_of_a_run_directory_that_is_a_link_are_refused(tmp_path: Path) -> None:
    """Without isolation, a task could plant it."""
    home = JobPaths(str(tmp_path / "run/call-b"))
    Path(home.work).mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run/jobs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        hand_over(home, new_place(str(tmp_path / "run"), "call-b", 1), to_any_user=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) & stat.S_IWOTH == 0


@pytest.mark.parametrize("run_id", ["call-a", "call-" + "ä" * 300, "../..", "call-a b\n", ".hidden", ""])
def test_names_of_places(run_id: str) -> None:
    one, other = (new_place("/mnt/fsx/run", run_id, 1) for _ in range(2))
    assert one != other
    assert "/" not in one.name
    assert 0 < len(one.name.encode()) <= 255
    assert not one.name.startswith(".")
    assert Place.at(one.paths.work) == one
