import pytest

from miniwdl_aws_fsx_mount.aws.tasks import TaskType, read_task, run_task, watch
from miniwdl_aws_fsx_mount.errors import FsxAccessError, FsxBusyError, FsxUnreachableError


class FakeTasks:
    """A task whose states come one after the other; an exception is raised."""

    def __init__(self, *states):
        self.states = list(states)

        self.busy = 0

    def start_task(self, fsid, kind, paths, *, report=None, unused_days=0):
        self.busy -= 1
        if self.busy >= 0:
            raise FsxBusyError("another task is executing")
        return "task-1"

    def task(self, task_id):
        state = self.states.pop(0)
        if isinstance(state, Exception):
            raise state
        lifecycle, succeeded = state
        status = {"TotalCount": 9, "SucceededCount": succeeded, "FailedCount": 0}
        return read_task({"TaskId": task_id, "Lifecycle": lifecycle, "Status": status})


@pytest.fixture
def said():
    return []


@pytest.fixture
def slept():
    return []


def test_waits_to_the_end_and_says_what_changes(said, slept):
    service = FakeTasks(("PENDING", 0), ("EXECUTING", 2), ("EXECUTING", 2), ("SUCCEEDED", 9))
    task = watch(service, "task-1", said.append, sleep=slept.append)
    assert (task.lifecycle, task.succeeded) == ("SUCCEEDED", 9)
    assert said == ["pending: 0 of 9 files", "executing: 2 of 9 files", "succeeded: 9 of 9 files"]
    assert slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("lifecycle", ["FAILED", "CANCELED"])
def test_other_ends(said, slept, lifecycle):
    assert watch(FakeTasks((lifecycle, 0)), "task-1", said.append, sleep=slept.append).lifecycle == lifecycle


def test_an_outage_is_waited_out(said, slept):
    service = FakeTasks(("PENDING", 0), *[FsxUnreachableError("no route")] * 100, ("SUCCEEDED", 9))
    assert watch(service, "task-1", said.append, sleep=slept.append).succeeded == 9


def test_but_not_for_ever(said, slept):
    with pytest.raises(FsxUnreachableError):
        watch(FakeTasks(*[FsxUnreachableError("no route")] * 1000), "task-1", said.append, sleep=slept.append)
    assert 800 < sum(slept) < 1000


def test_a_refusal_ends_the_wait(said, slept):
    with pytest.raises(FsxAccessError):
        watch(FakeTasks(FsxAccessError("denied")), "task-1", said.append, sleep=slept.append)
    assert slept == []


def test_reads_failures():
    task = read_task(
        {
            "TaskId": "task-1",
            "Lifecycle": "FAILED",
            "Status": {"TotalCount": 3, "SucceededCount": 1, "FailedCount": 2},
            "FailureDetails": {"Message": "Path /x is invalid"},
        }
    )
    assert (task.ended, task.message) == (True, "Path /x is invalid")
    assert task.progress == "failed: 1 of 3 files, 2 failed"


def test_another_task_is_waited_for(said, slept):
    service = FakeTasks(("SUCCEEDED", 9))
    service.busy = 3
    assert run_task(service, "fs-1", TaskType.EXPORT, ["x"], said.append, sleep=slept.append).id == "task-1"
    assert said == ["waiting for another data repository task of the file system", "succeeded: 9 of 9 files"]
    assert slept == [5.0] * 3
