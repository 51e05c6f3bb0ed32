from __future__ import annotations

import pytest

from miniwdl_aws_local_cloud.door.faults import JOB_FAULTS, Fault, FaultKind, FaultPlan
from miniwdl_aws_local_cloud.door.rates import RateLimit
from miniwdl_aws_local_cloud.errors import FaultPlanError


def hit(plan: FaultPlan, *, job: str = "align-3", queue: str = "task", attempt: int = 1) -> FaultKind | None:
    fault = plan.for_job(JOB_FAULTS, job, queue, attempt)
    return fault and fault.kind


def test_counts() -> None:
    plan = FaultPlan([Fault(FaultKind.KILL, times=2)])
    assert [hit(plan), hit(plan), hit(plan)] == [FaultKind.KILL, FaultKind.KILL, None]
    assert plan.pending() == []


def test_always() -> None:
    plan = FaultPlan([Fault(FaultKind.KILL, times=None)])
    assert {hit(plan) for _ in range(9)} == {FaultKind.KILL}


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ({"job": "align-*"}, True),
        ({"job": "align"}, False),
        ({"queue": "task*"}, True),
        ({"queue": "other"}, False),
        ({"attempt": 1}, True),
        ({"attempt": 2}, False),
    ],
)
def test_matching(fault, found) -> None:
    assert (hit(FaultPlan([Fault(FaultKind.KILL, **fault)])) is not None) is found


def test_the_first_that_matches_is_used_up_first() -> None:
    plan = FaultPlan([Fault(FaultKind.HOST_LOST, job="other"), Fault(FaultKind.KILL), Fault(FaultKind.HOST_LOST)])
    assert [hit(plan), hit(plan), hit(plan)] == [FaultKind.KILL, FaultKind.HOST_LOST, None]
    assert [fault.job for fault in plan.pending()] == ["other"]


def test_requests_and_jobs_do_not_mix() -> None:
    plan = FaultPlan([Fault(FaultKind.KILL), Fault(FaultKind.THROTTLE, operation="Describe*")])
    assert plan.for_request("SubmitJob") is None
    fault = plan.for_request("DescribeJobs")
    assert fault is not None
    assert fault.kind is FaultKind.THROTTLE
    plan.clear()
    assert hit(plan) is None


def test_throttling_beyond_a_rate() -> None:
    plan = FaultPlan([Fault(FaultKind.THROTTLE, times=None, rate=2)])
    assert [plan.for_request("SubmitJob") is None for _ in range(4)] == [True, True, False, False]


def test_the_limit_of_an_account_is_batch_s_alone() -> None:
    (limit,) = FaultPlan.parse({"requests_per_second": 2})
    plan = FaultPlan([limit])
    assert plan.for_request("PutObject", "s3") is None
    taken = [plan.for_request(name, "batch") is None for name in ("SubmitJob", "DescribeJobs", "ListJobs", "SubmitJob")]
    assert taken == [True, True, False, False]


def test_json() -> None:
    (fault,) = FaultPlan.parse({"faults": [{"kind": "host-lost", "job": "a*", "times": None, "only_in_attempt": True}]})
    assert fault == Fault(FaultKind.HOST_LOST, job="a*", times=None, only_in_attempt=True)
    assert fault.text.startswith("Host EC2 (instance i-")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "an object"),
        ({"faults": {}}, "an object"),
        ({"faults": ["kill"]}, "not a fault"),
        ({"faults": [{"kind": "explode"}]}, "unknown kind"),
        ({"faults": [{"kind": "kill", "jobs": "x"}]}, "has no jobs"),
        ({"requests_per_second": 0}, "an object"),
        ({"requests_per_second": -1}, "not a number above 0: -1"),
        ({"requests_per_second": "50"}, "not a number above 0: '50'"),
    ],
)
def test_mistakes_in_json(document, words) -> None:
    with pytest.raises(FaultPlanError, match=words):
        FaultPlan.parse(document)


def test_rate_limit() -> None:
    now = [0.0]
    limit = RateLimit(2, clock=lambda: now[0])
    assert [limit.take(), limit.take(), limit.take()] == [True, True, False]
    now[0] = 0.5
    assert [limit.take(), limit.take()] == [True, False]
    now[0] = 100
    assert [limit.take(), limit.take(), limit.take()] == [True, True, False]
