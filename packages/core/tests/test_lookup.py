from dataclasses import replace

import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.lookup import PAUSES, look_for
from miniwdl_aws_hooks import MiniwdlAwsError

JOB = Job("1", "RUNNABLE", "align-1f", created_at=5)


class Pauses:
    def __init__(self, stop_at=99):
        self.taken = []
        self.stop_at = stop_at

    def __call__(self, seconds):
        self.taken.append(seconds)
        return len(self.taken) >= self.stop_at


def answers(*given):
    left = list(given)

    def list_jobs():
        answer = left.pop(0) if left else []
        if isinstance(answer, Exception):
            raise answer
        return answer

    return list_jobs


@pytest.mark.parametrize("looks", range(len(PAUSES)))
def test_it_is_found_however_late(looks):
    pauses = Pauses()
    assert look_for("align-1f", answers(*[[]] * looks, [JOB]), pauses) == ["1"]
    assert pauses.taken == list(PAUSES[: looks + 1])


def test_what_is_never_found_was_not_taken():
    pauses = Pauses()
    assert look_for("align-1f", answers(), pauses) == []
    assert sum(pauses.taken) > 10, "ListJobs may lag by seconds"


def test_a_refused_request_says_nothing():
    assert look_for("align-1f", answers(MiniwdlAwsError("throttled"), [JOB]), Pauses()) == ["1"]


def test_several_of_one_name_and_others():
    """The filter of ListJobs does not mind upper and lower case."""
    older, other = replace(JOB, job_id="0", created_at=4), replace(JOB, job_id="x", name="Align-1F")
    assert look_for("align-1f", answers([JOB, other, older]), Pauses()) == ["0", "1"]


def test_who_is_stopped_looks_once_more():
    pauses = Pauses(stop_at=2)
    assert look_for("align-1f", answers([], [JOB]), pauses) == ["1"]
    assert look_for("align-1f", answers([], [], [JOB]), Pauses(stop_at=2)) == []
