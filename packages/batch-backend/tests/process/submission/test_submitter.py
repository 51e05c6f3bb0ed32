"""Groups of jobs and those who lead them, with a sender that does what a test wants."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_batch_backend.process.submission.grouping import Candidate, may_join, parts
from miniwdl_aws_batch_backend.process.submission.sender import Submitted
from miniwdl_aws_batch_backend.process.submission.submitter import Submitter
from miniwdl_aws_batch_backend.process.termination import Stoppable, StoppedError, TerminationWatch
from miniwdl_aws_batch_backend.workdir.handover import Place
from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_batch_backend.workdir.wrapper import job_command
from miniwdl_aws_core.batch.arrays import CALLS, MAX_CALLS, read_calls, write_calls
from miniwdl_aws_core.batch.request import JobRequest
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_hooks import MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOGGER = logging.getLogger("test")
PATIENCE = 60.0


def candidate(top: Path, call: str, *, number: int = 1, **changes: Any) -> Candidate:
    paths, place = JobPaths(f"{top}/{call}", number), Place(str(top), f"p-{call}", number)
    plan: dict[str, Any] = {
        "name": f"job-{call}",
        "queue": "q",
        "command": job_command(place.paths, paths.command, shell="/bin/sh", sentinel=None),
        "resources": {},
        "tags": TaskTags("run", call, "a", number).written(),
    }
    return Candidate(JobRequest(**{**plan, **changes}), "arn", paths, place)


@dataclass
class Rate:
    """Lets requests pass once it is told to."""

    gate: threading.Event = field(default_factory=threading.Event)
    stopped: bool = False

    def at_once(self) -> bool:
        return self.gate.is_set()

    def acquire(self, _pause: Any) -> bool:
        assert self.gate.wait(PATIENCE)
        return not self.stopped


@dataclass
class Sender:
    """Takes requests, or not."""

    rate: Rate = field(default_factory=Rate)
    requests: list[dict[str, Any]] = field(default_factory=list)
    refuse: Callable[[dict[str, Any]], Exception | None] = lambda _request: None

    def send(self, request: dict[str, Any], task: Stoppable, _logger: Any, *, has_turn: bool = False) -> Submitted:
        if task.terminating():
            raise StoppedError(had_started=False)
        self.requests.append(request)
        if error := self.refuse(request):
            raise error
        return Submitted(request["jobName"], request["jobQueue"], f"id{len(self.requests)}")


class Never:
    """No job goes alone."""

    def at_once(self) -> bool:
        return False


class Crowd:
    """Tasks that submit at the same time."""

    def __init__(self, top: Path) -> None:
        self.top, self.sender = top, Sender()
        self.submitter = Submitter(self.sender, None, Never())  # type: ignore[arg-type]
        self.watch = TerminationWatch()
        self.terminating = False
        self.outcomes: dict[str, Any] = {}

    def stoppable(self) -> Stoppable:
        return Stoppable(self.watch, lambda: self.terminating)

    def submit(self, job: Candidate) -> None:
        try:
            self.outcomes[job.call] = self.submitter.submit(job, self.stoppable(), LOGGER).job
        except Exception as exc:  # noqa: BLE001 - to be looked at
            self.outcomes[job.call] = exc

    def waiting(self) -> int:
        return sum(map(len, list(self.submitter._waiting.values())))

    @contextmanager
    def all_at_once(self, jobs: list[Candidate]) -> Iterator[None]:
        """Submit them; while the block runs, all of them wait."""
        threads = [threading.Thread(target=self.submit, args=(job,)) for job in jobs]
        expected = self.waiting() + len(jobs)
        for thread in threads:
            thread.start()
        pause = threading.Event()
        while self.waiting() < expected:
            pause.wait(0.01)
        yield
        for thread in threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in threads)


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    monkeypatch.setattr("miniwdl_aws_batch_backend.process.submission.submitter.LINGER", 0.0)
    return Crowd(tmp_path)


def test_those_who_wait_go_together_in_the_order_of_their_calls(crowd: Crowd) -> None:
    jobs = [candidate(crowd.top, f"call-a-{number}") for number in (3, 1, 0, 2)]
    with crowd.all_at_once(jobs):
        crowd.sender.rate.gate.set()
    (request,) = crowd.sender.requests
    assert request["arrayProperties"] == {"size": 4}
    assert read_calls(request["parameters"][CALLS]) == [f"call-a-{number}" for number in range(4)]
    assert {call: job.job_id for call, job in crowd.outcomes.items()} == {
        f"call-a-{number}": f"id1:{number}" for number in range(4)
    }


@pytest.mark.parametrize(
    "different",
    [{"queue": "other"}, {"resources": {"VCPU": "2"}}, {"timeout": 99}, {"environment": {"A": "1"}},
     {"scheduling_priority": 3}, {"share_identifier": "s"}, {"consumables": {"licence": 1}},
     {"tags": {**TaskTags("run", "call-b", "a", 1).written(), "cost": "1"}}],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_what_aws_sees_of_them_must_be_equal(crowd: Crowd, different: dict[str, Any]) -> None:
    others = [candidate(crowd.top, f"call-a-{number}") for number in range(2)]
    with crowd.all_at_once([*others, candidate(crowd.top, "call-b", **different)]):
        crowd.sender.rate.gate.set()
    assert sorted(item.get("arrayProperties", {}).get("size", 1) for item in crowd.sender.requests) == [1, 2]
    assert crowd.outcomes["call-b"].index is None


def test_another_try_and_odd_names_go_alone(tmp_path: Path) -> None:
    assert may_join(candidate(tmp_path, "call-a-0"))
    assert not may_join(candidate(tmp_path, "call-a-0", number=2))
    assert not may_join(candidate(tmp_path / "a\nb", "call-a-0"))


def test_the_queue_is_left_when_the_run_is_terminated(crowd: Crowd) -> None:
    jobs = [candidate(crowd.top, f"call-a-{number}") for number in range(4)]
    with crowd.all_at_once(jobs):
        crowd.terminating = crowd.sender.rate.stopped = True
        crowd.sender.rate.gate.set()
    assert all(isinstance(outcome, StoppedError) for outcome in crowd.outcomes.values())
    assert crowd.sender.requests == []
    assert list(crowd.top.iterdir()) == []


def test_a_follower_leaves_while_its_leader_still_waits(crowd: Crowd) -> None:
    jobs = [candidate(crowd.top, f"call-a-{number}") for number in range(4)]
    with crowd.all_at_once(jobs):
        crowd.terminating = True
        pause = threading.Event()
        while len(crowd.outcomes) < 3:
            pause.wait(0.01)
        crowd.sender.rate.stopped = True
        crowd.sender.rate.gate.set()
    assert all(isinstance(outcome, StoppedError) for outcome in crowd.outcomes.values())


def test_who_is_terminated_in_the_midst_of_it_hears_which_job_to_stop(crowd: Crowd) -> None:
    def terminated_now(_request: dict[str, Any]) -> None:
        crowd.terminating = True
        pause = threading.Event()
        while not all(job.box.woken for job in jobs[1:]) and not pause.wait(0.01):
            pass

    crowd.sender.refuse = terminated_now
    jobs = [candidate(crowd.top, "call-a-0")]
    with crowd.all_at_once(jobs):
        more = [candidate(crowd.top, f"call-a-{number}") for number in range(1, 4)]
        jobs += more
        with crowd.all_at_once(jobs[1:]):
            crowd.sender.rate.gate.set()
    assert {job.job_id for job in crowd.outcomes.values()} == {f"id1:{number}" for number in range(4)}


def test_each_goes_alone_where_their_array_is_refused(crowd: Crowd) -> None:
    crowd.sender.refuse = lambda request: MiniwdlAwsError("no") if "arrayProperties" in request else None
    jobs = [candidate(crowd.top, f"call-a-{number}") for number in range(4)]
    with crowd.all_at_once(jobs):
        crowd.sender.rate.gate.set()
    assert sorted(job.name for job in crowd.outcomes.values()) == [f"job-call-a-{number}" for number in range(4)]
    assert list(crowd.top.iterdir()) == []


def test_nobody_waits_for_ever_when_the_leader_breaks(crowd: Crowd) -> None:
    def broken(request: dict[str, Any]) -> Exception | None:
        return ZeroDivisionError() if "arrayProperties" in request else None

    crowd.sender.refuse = broken
    with crowd.all_at_once([candidate(crowd.top, f"call-a-{number}") for number in range(4)]):
        crowd.sender.rate.gate.set()
    kinds = sorted(type(outcome).__name__ for outcome in crowd.outcomes.values())
    assert kinds == ["Submitted", "Submitted", "Submitted", "ZeroDivisionError"]


def test_one_that_waits_by_itself_is_no_array(crowd: Crowd) -> None:
    crowd.sender.refuse = lambda _request: MiniwdlAwsError("refused")
    with crowd.all_at_once([candidate(crowd.top, "call-a-0")]):
        crowd.sender.rate.gate.set()
    (request,) = crowd.sender.requests
    assert "arrayProperties" not in request
    assert isinstance(crowd.outcomes["call-a-0"], MiniwdlAwsError)


def test_arrays_have_as_many_children_as_their_calls_can_be_told(tmp_path: Path) -> None:
    names = [f"call-a-{number}-{sha256(b'%d' % number).hexdigest()[:12]}z" for number in range(3000)]
    cut = list(parts([candidate(tmp_path, name) for name in names]))
    assert len(cut) > 1
    assert sorted(job.call for part in cut for job in part) == sorted(names)
    assert all(len(write_calls([job.call for job in part])) <= MAX_CALLS for part in cut)


def test_an_array_has_ten_thousand_children_at_most(tmp_path: Path) -> None:
    one = candidate(tmp_path, "call-a-0")
    assert [len(part) for part in parts([one] * 10_001)] == [10_000, 1]
