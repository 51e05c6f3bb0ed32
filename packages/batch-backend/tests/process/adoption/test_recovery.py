from __future__ import annotations

import itertools
import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from abandoned import abandon
from fake_batch import FakeBatch, FakeJob, Fate, client_error

from miniwdl_aws_batch_backend.process.adoption.journal import Entry, Journal, LeftJournal, journal_folder
from miniwdl_aws_batch_backend.process.adoption.recovery import FORGOTTEN, LOCK_PATIENCE, Recovery, take_over
from miniwdl_aws_batch_backend.process.batch_api import BatchApi
from miniwdl_aws_batch_backend.workdir.handover import Place, hand_over, lie_elsewhere, read_exit_code, take_back
from miniwdl_aws_batch_backend.workdir.paths import JobPaths

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGER = logging.getLogger("test")


def never(_seconds: float) -> bool:
    raise AssertionError("nothing is to be waited for")


HERE = JobPaths("/run/call-a")
"""Where the results of a job that is taken over shall go."""


class Scene:
    """A file system with a task directory, a job in some state, and journals."""

    def __init__(self, root: Path, batch: FakeBatch) -> None:
        self.root, self.batch = root, batch
        self.folder = journal_folder(str(root))
        self.home = JobPaths(str(root / "run/call-a"))
        Path(self.home.work).mkdir(parents=True)
        self.place = Place(str(root / "run"), "a-1", 1)
        self.paths = self.place.paths
        hand_over(self.home, self.place, to_any_user=True)
        self.journals: list[Journal] = []

    def job(self, status: str, name: str = "n") -> str:
        request = {"jobName": name, "jobQueue": "q"}
        job = FakeJob(request, {"jobDefinitionName": "d", "containerProperties": {"image": "i"}}, Fate(waiting=99))
        job.status = status
        self.batch.jobs[job.job_id] = job
        return job.job_id

    def entry(self, job_id: str | None) -> Entry:
        return Entry("k", "n", "q", self.home.task_dir, 1, self.paths.work, job_id)

    def recovery(self, *, adopts: bool = True, own_job: str | None = None) -> Recovery:
        self.journals.append(Journal(self.folder, f"own{len(self.journals)}", own_job))
        return Recovery(self.journals[-1], BatchApi(self.batch, 1), own_job, adopts=adopts)


@pytest.fixture
def scene(tmp_path: Path, batch: FakeBatch) -> Iterator[Scene]:
    scene = Scene(tmp_path, batch)
    yield scene
    for journal in scene.journals:
        journal.close()


@pytest.mark.parametrize("status", ["SUBMITTED", "RUNNABLE", "RUNNING"])
def test_a_job_that_has_not_ended(scene: Scene, status: str) -> None:
    entry = scene.entry(scene.job(status))
    abandon(scene.folder, "dead", entry)
    recovery = scene.recovery()
    assert recovery.claim("another", HERE, LOGGER, never) is None
    assert recovery.claim("k", HERE, LOGGER, never) == entry
    assert recovery.claim("k", HERE, LOGGER, never) is None
    assert scene.recovery().claim("k", HERE, LOGGER, never) is None


@pytest.mark.parametrize("at_home", [False, True])
@pytest.mark.parametrize(("exit_code", "taken"), [("0\n", True), ("1\n", False), (None, False)])
def test_a_job_that_has_succeeded_needs_its_results(
    scene: Scene, exit_code: str | None, taken: bool, at_home: bool
) -> None:
    abandon(scene.folder, "dead", scene.entry(scene.job("SUCCEEDED")))
    if exit_code:
        Path(scene.paths.exit_code).write_text(exit_code)
    if at_home:
        take_back(scene.place, scene.home)
    assert (scene.recovery().claim("k", HERE, LOGGER, never) is not None) is taken


def test_a_job_whose_directory_is_gone(scene: Scene) -> None:
    abandon(scene.folder, "dead", scene.entry(scene.job("RUNNING")))
    Path(scene.paths.work).rmdir()
    assert scene.recovery().claim("k", HERE, LOGGER, never) is None


@pytest.mark.parametrize("known", [True, False])
def test_failed_or_forgotten_jobs_are_of_no_use_nor_is_their_journal(scene: Scene, known: bool) -> None:
    path = abandon(scene.folder, "dead", scene.entry(scene.job("FAILED") if known else "unheard-of"))
    assert scene.recovery().claim("k", HERE, LOGGER, never) is None
    assert not path.exists()


def test_children_of_a_killed_submission_are_looked_for_together(scene: Scene) -> None:
    children = [replace(scene.entry(None), index=index) for index in range(5)]
    abandon(scene.folder, "dead", *children)
    parent = scene.job("RUNNING")
    one = scene.batch.jobs.pop(parent)
    array = [replace(one, job_id=f"{parent}:{index}", index=index) for index in range(5)]
    scene.batch.arrays[parent] = array
    scene.batch.jobs.update((job.job_id, job) for job in array)
    recovery = scene.recovery()
    claimed = [recovery.claim("k", HERE, LOGGER, never) for _ in children]
    assert sorted(entry.job_id for entry in claimed if entry) == [f"{parent}:{index}" for index in range(5)]
    assert scene.batch.calls["list_jobs"] == 1


def test_killed_in_mid_submission(scene: Scene) -> None:
    abandon(scene.folder, "dead", scene.entry(None))
    job_id = scene.job("RUNNING")
    claimed = scene.recovery().claim("k", HERE, LOGGER, never)
    assert claimed is not None
    assert claimed.job_id == job_id


def test_submitted_twice_the_job_that_has_begun_is_gone_on_with(scene: Scene) -> None:
    told, begun = scene.job("FAILED"), scene.job("RUNNING")
    abandon(scene.folder, "dead", scene.entry(told))
    Path(scene.paths.claim).symlink_to(begun)
    claimed = scene.recovery().claim("k", HERE, LOGGER, never)
    assert claimed is not None
    assert claimed.job_id == begun


def test_a_planted_claim_leads_to_no_job_of_another_name(scene: Scene) -> None:
    abandon(scene.folder, "dead", scene.entry(scene.job("RUNNING")))
    Path(scene.paths.claim).symlink_to(scene.job("RUNNING", "somebody-else"))
    assert scene.recovery().claim("k", HERE, LOGGER, never) is None


def test_killed_before_submission(scene: Scene) -> None:
    abandon(scene.folder, "dead", scene.entry(None))
    assert scene.recovery().claim("k", HERE, LOGGER, never) is None


def test_a_workflow_job_that_runs_keeps_its_jobs_even_when_its_lock_is_not_seen(scene: Scene) -> None:
    owner = scene.job("RUNNABLE", "workflow")
    abandon(scene.folder, "elsewhere", scene.entry(scene.job("RUNNING")), owner=owner)
    assert scene.recovery().claim("k", HERE, LOGGER, never) is None
    assert scene.recovery(own_job=owner).claim("k", HERE, LOGGER, never) is not None, (
        "an earlier attempt of this same job is gone"
    )


def left(path: Path) -> set[str]:
    return {entry.task_dir for entry in LeftJournal.read(path).entries}


def test_a_job_is_never_in_no_journal(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may be killed at each moment of taking a job over."""
    entry = scene.entry(scene.job("RUNNING"))
    path = abandon(scene.folder, "dead", entry)
    recovery = scene.recovery()
    seen = []

    def killed(_journal: LeftJournal, _entry: Entry) -> bool:
        seen.append(left(recovery.journal.path))
        raise KeyboardInterrupt

    monkeypatch.setattr(LeftJournal, "claim", killed)
    with pytest.raises(KeyboardInterrupt):
        recovery.claim("k", HERE, LOGGER, never)
    assert seen == [{HERE.task_dir}]
    assert left(path) == {scene.home.task_dir}


def test_a_job_in_two_journals_is_taken_over_once(scene: Scene) -> None:
    """The first process was killed, and the second while it took its job over."""
    entry = scene.entry(scene.job("RUNNING"))
    Path(scene.home.work).unlink(missing_ok=True)
    Path(scene.home.work).mkdir(exist_ok=True)
    for name, owned in (("dead1", entry), ("dead2", replace(entry, task_dir="/second"))):
        abandon(scene.folder, name, owned)
    recovery = scene.recovery()
    assert recovery.claim("k", HERE, LOGGER, never) == entry, "whose task directory has the results"
    assert recovery.claim("k", HERE, LOGGER, never) is None
    assert scene.recovery().claim("k", HERE, LOGGER, never) is None


def test_switched_off(scene: Scene) -> None:
    abandon(scene.folder, "dead", scene.entry(scene.job("RUNNING")))
    assert scene.recovery(adopts=False).claim("k", HERE, LOGGER, never) is None
    assert not scene.batch.calls


def test_trouble_with_AWS_is_no_error_and_not_repeated(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:  # noqa: N802
    abandon(scene.folder, "dead", scene.entry(scene.job("RUNNING")))
    scene.batch.errors["describe_jobs"] = [client_error("DescribeJobs", "AccessDeniedException")]
    recovery = scene.recovery()
    assert [recovery.claim("k", HERE, LOGGER, never) for _ in range(3)] == [None] * 3
    assert scene.batch.calls["describe_jobs"] == 1
    assert "could not be looked up" in caplog.text


def test_old_journals_are_deleted(scene: Scene) -> None:
    path = abandon(scene.folder, "dead", scene.entry(scene.job("RUNNING")))
    os.utime(path, (0, path.stat().st_mtime - FORGOTTEN - 1))
    scene.recovery().claim("x", HERE, LOGGER, never)
    assert not path.exists()


def fill(paths: JobPaths) -> None:
    Path(paths.work, "out").write_text("result")
    Path(paths.work, "link").symlink_to(f"{paths.work}/out")
    for path in (paths.stdout, paths.stderr):
        Path(path).write_text(f"{Path(path).name}\n")
    Path(paths.exit_code).write_text("0\n")


def test_take_over(tmp_path: Path) -> None:
    homes = [JobPaths(str(tmp_path / name / "call-a"), number) for name, number in (("r1", 2), ("r2", 1), ("r3", 1))]
    for home in homes:
        Path(home.work).mkdir(parents=True)
    place = Place(str(tmp_path / "r1"), "a", 2)
    hand_over(homes[0], place, to_any_user=False)
    fill(place.paths)
    entry = Entry("k", "n", "q", homes[0].task_dir, 2, place.paths.work)
    for before, after in itertools.pairwise(homes):
        lie_elsewhere(after, place)
        take_over(entry, after)
        # A run that is killed in its turn has noted where it wanted the results.
        entry = replace(entry, task_dir=after.task_dir, number=after.number)
        assert not Path(after.work).is_symlink()
        assert Path(after.work, "link").read_text() == "result"
        assert Path(after.stdout).read_text() == "stdout2.txt\n"
        assert read_exit_code(after) == 0
        assert Path(before.work, "out").read_text() == "result"
    assert Path(place.paths.work, "out").read_text() == "result"


@pytest.mark.parametrize("moved", range(5))
def test_take_over_from_a_run_that_was_killed_in_the_midst_of_it(scene: Scene, tmp_path: Path, moved: int) -> None:
    fill(scene.paths)
    names = ["work", "stdout.txt", "stderr.txt", "exit_code"][:moved]
    for name in names:
        here, there = Path(scene.home.task_dir, name), Path(scene.paths.task_dir, name)
        here.unlink(missing_ok=True)
        there.rename(here)
        there.symlink_to(here)
    abandon(scene.folder, "dead", scene.entry(scene.job("SUCCEEDED")))
    claimed = scene.recovery().claim("k", HERE, LOGGER, never)
    assert claimed is not None
    ours = JobPaths(str(tmp_path / "r2"))
    Path(ours.work).mkdir(parents=True)
    lie_elsewhere(ours, scene.place)
    take_over(claimed, ours)
    assert Path(ours.work, "link").read_text() == "result"
    assert Path(ours.stderr).read_text() == "stderr.txt\n"
    assert read_exit_code(ours) == 0


def test_take_over_of_a_job_that_left_little(scene: Scene, tmp_path: Path) -> None:
    ours = JobPaths(str(tmp_path / "r2"))
    Path(ours.work).mkdir(parents=True)
    lie_elsewhere(ours, scene.place)
    take_over(scene.entry("j"), ours)
    assert Path(ours.work).is_dir()
    assert not os.path.lexists(ours.stdout)


@pytest.mark.parametrize("let_go", [True, False])
def test_the_locks_of_an_earlier_attempt_are_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, let_go: bool
) -> None:
    entry = scene.entry(scene.job("RUNNING"))
    with monkeypatch.context() as lost:
        lost.setattr("socket.gethostname", lambda: "lost-host")
        earlier = Journal(scene.folder, "earlier", "w")
        earlier.intend(entry)
    left, waited = earlier.path.read_bytes(), []

    def pause(seconds: float) -> bool:
        waited.append(seconds)
        if let_go and len(waited) == 3:  # the servers evict the host
            earlier.close()
            earlier.path.write_bytes(left)
        return False

    found = scene.recovery(own_job="w").claim("k", HERE, LOGGER, pause)
    assert (found == entry, sum(waited)) == ((True, 15) if let_go else (False, LOCK_PATIENCE))
    earlier.close()


def test_a_run_that_is_terminated_waits_for_no_lock(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as lost:
        lost.setattr("socket.gethostname", lambda: "lost-host")
        scene.journals.append(Journal(scene.folder, "earlier", "w"))
    assert scene.recovery(own_job="w").claim("k", HERE, LOGGER, lambda _seconds: True) is None


def test_a_process_beside_this_one_is_not_waited_for(scene: Scene) -> None:
    scene.journals.append(Journal(scene.folder, "beside", "w"))
    assert scene.recovery(own_job="w").claim("k", HERE, LOGGER, never) is None


@pytest.mark.parametrize("told", [True, False], ids=["its id is known", "killed before the answer"])
def test_a_child_of_an_array(scene: Scene, told: bool) -> None:
    parent = scene.job("RUNNING", "array")
    child = scene.batch.jobs.pop(parent)
    child.job_id, child.index = f"{parent}:0", 0
    scene.batch.jobs[child.job_id], scene.batch.arrays[parent] = child, [child]
    entry = replace(scene.entry(None), name="array", index=0)
    path = abandon(scene.folder, "dead", entry)
    if told:
        with path.open("a") as file:
            file.write(json.dumps({"name": "array", "job_id": parent}) + "\n")
    claimed = scene.recovery().claim("k", HERE, LOGGER, never)
    assert claimed == replace(entry, job_id=f"{parent}:0")
