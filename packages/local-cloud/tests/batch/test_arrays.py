"""Array jobs, seen through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_local_cloud import Fault, FaultKind


def children(user: Any, parent: str, size: int) -> list[dict[str, Any]]:
    return user.batch.describe_jobs(jobs=[f"{parent}:{index}" for index in range(size)])["jobs"]


def submit(user: Any, script: str, size: int = 3, **request: Any) -> str:
    return user.submit(script, arrayProperties={"size": size}, **request)


def test_each_child_knows_its_index(user: Any) -> None:
    parent = submit(user, "echo $AWS_BATCH_JOB_ARRAY_INDEX of $AWS_BATCH_JOB_ARRAY_SIZE is $AWS_BATCH_JOB_ID")
    assert user.ended(parent)["status"] == "SUCCEEDED"
    found = children(user, parent, 3)
    assert [user.log(job) for job in found] == [[f"{index} of 3 is {parent}:{index}"] for index in range(3)]
    assert [job["arrayProperties"]["index"] for job in found] == [0, 1, 2]
    assert {job["jobName"] for job in found} == {"job"}
    assert not any(job.get("tags") for job in found)


def test_other_jobs_have_no_index(user: Any) -> None:
    assert user.log(user.run("echo ${AWS_BATCH_JOB_ARRAY_INDEX-none}")) == ["none"]


def test_the_parent_counts_its_children_and_fails_with_one(user: Any) -> None:
    parent = submit(user, "exit $((AWS_BATCH_JOB_ARRAY_INDEX == 1))")
    job = user.ended(parent)
    assert (job["status"], job["statusReason"]) == ("FAILED", "Array Child Job failed")
    summary = job["arrayProperties"]["statusSummary"]
    assert {name: count for name, count in summary.items() if count} == {"SUCCEEDED": 2, "FAILED": 1}
    assert job["arrayProperties"]["size"] == 3
    assert [child["status"] for child in children(user, parent, 3)] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]


def test_a_child_is_tried_again_alone(user: Any, tmp_path: Any) -> None:
    script = f'n=$AWS_BATCH_JOB_ARRAY_INDEX; echo x >>{tmp_path}/$n; [ $n != 1 ] || [ "$AWS_BATCH_JOB_ATTEMPT" = 2 ]'
    parent = submit(user, script, retryStrategy={"attempts": 2})
    assert user.ended(parent)["status"] == "SUCCEEDED"
    assert [len(job["attempts"]) for job in children(user, parent, 3)] == [1, 2, 1]


@pytest.mark.sends_what_aws_refuses("batch-timeout", reason="waits for a second")
def test_a_timeout_is_a_childs(user: Any) -> None:
    parent = submit(
        user, "[ $AWS_BATCH_JOB_ARRAY_INDEX = 0 ] || exec sleep 600", 2, timeout={"attemptDurationSeconds": 1}
    )
    assert user.ended(parent)["status"] == "FAILED"
    first, second = children(user, parent, 2)
    assert first["status"] == "SUCCEEDED"
    assert second["statusReason"] == "Job attempt duration exceeded timeout"


def test_lists_have_parents_or_the_children_of_one(user: Any) -> None:
    parent = submit(user, "exec sleep 600", 2, name="listed")
    user.reach(f"{parent}:0", "RUNNING")
    user.reach(f"{parent}:1", "RUNNING")
    by_name = user.batch.list_jobs(jobQueue="task", filters=[{"name": "JOB_NAME", "values": ["listed"]}])
    assert [(job["jobId"], job["status"]) for job in by_name["jobSummaryList"]] == [(parent, "PENDING")]
    of_array = user.batch.list_jobs(arrayJobId=parent)["jobSummaryList"]
    assert [job["jobId"] for job in of_array] == [f"{parent}:0", f"{parent}:1"]
    user.batch.terminate_job(jobId=parent, reason="enough")
    user.ended(parent)


def test_one_child_can_be_stopped_and_with_the_parent_all(user: Any) -> None:
    parent = submit(user, "exec sleep 600", 6)  # of which four have a place
    for index in range(4):
        user.reach(f"{parent}:{index}", "RUNNING")
    user.batch.terminate_job(jobId=f"{parent}:1", reason="that one")
    user.ended(f"{parent}:1")
    user.reach(f"{parent}:4", "RUNNING")
    assert user.describe(parent)["status"] == "PENDING"
    user.batch.terminate_jobs(jobs=[parent], reason="all")
    assert user.ended(parent)["status"] == "FAILED"
    reasons = [job["statusReason"] for job in children(user, parent, 6)]
    assert reasons == ["all", "that one", "all", "all", "all", "all"]


def test_cancelling_the_parent_leaves_those_that_run(user: Any, tmp_path: Any) -> None:
    parent = submit(user, f"while [ ! -e {tmp_path}/go ]; do sleep 0.01; done", 6)
    for index in range(4):
        user.reach(f"{parent}:{index}", "RUNNING")
    user.batch.cancel_job(jobId=parent, reason="not needed")
    (tmp_path / "go").touch()
    user.ended(parent)
    states = [job["status"] for job in children(user, parent, 6)]
    assert states == ["SUCCEEDED"] * 4 + ["FAILED"] * 2


def test_others_wait_for_the_whole_array(user: Any, tmp_path: Any) -> None:
    parent = submit(user, f"echo x >>{tmp_path}/done", 5)
    job = user.run(f"wc -l <{tmp_path}/done", dependsOn=[{"jobId": parent}])
    assert user.log(job)[0].strip() == "5"


def test_faults_hit_children(user: Any, cloud: Any) -> None:
    cloud.faults.add([Fault(FaultKind.START_FAILURE, job="unlucky", times=1)])
    parent = submit(user, "true", 3, name="unlucky")
    assert user.ended(parent)["arrayProperties"]["statusSummary"]["FAILED"] == 1


def test_a_cloud_that_goes_down_ends_children(open_cloud: Any, tmp_path: Any) -> None:
    with open_cloud(tmp_path / "another") as user:
        parent = submit(user, "exec sleep 600", 50)
        user.reach(f"{parent}:0", "RUNNING")


@pytest.mark.sends_what_aws_refuses("batch-array-size", reason="is to be refused")
@pytest.mark.parametrize("size", [1, 10_001])
def test_sizes_that_are_refused(user: Any, size: int) -> None:
    with pytest.raises(ClientError, match="2 to 10000"):
        submit(user, "true", size)


def test_children_can_not_be_tagged_and_only_parents_have_children(user: Any) -> None:
    parent = submit(user, "true", 2)
    arn = user.ended(parent)["jobArn"]
    with pytest.raises(ClientError, match="can't be tagged"):
        user.batch.tag_resource(resourceArn=f"{arn}:0", tags={"a": "b"})
    with pytest.raises(ClientError, match="does not exist"):
        user.batch.list_jobs(arrayJobId=f"{parent}:0")
