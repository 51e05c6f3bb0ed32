"""What the fault plan makes Batch say, seen through boto3."""

from __future__ import annotations

import json
import urllib.request

import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_local_cloud import Fault, FaultKind

EXITED = "Essential container in task exited"
HOST = "Host EC2 (instance i-08784105ffff56b4f) terminated."


def test_throttling(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.THROTTLE, operation="SubmitJob", times=2)])
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            user.submit("true")
        assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert user.run("true")["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("service", "call", "code"), [("s3", "list_buckets", "SlowDown"), ("ec2", "describe_vpcs", "RequestLimitExceeded")]
)
def test_throttling_in_the_words_of_each_service(user, cloud, service, call, code) -> None:
    cloud.faults.add([Fault(FaultKind.THROTTLE)])
    with pytest.raises(ClientError) as caught:
        getattr(user.client(service), call)()
    assert caught.value.response["Error"]["Code"] == code


def test_errors_of_the_service(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.ERROR, operation="DescribeJobs", reason="ServerException")])
    with pytest.raises(ClientError) as caught:
        user.describe("x")
    assert caught.value.response["Error"]["Code"] == "ServerException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_delay(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.DELAY, operation="DescribeJobs", seconds=0.01)])
    assert user.describe("x") is None
    assert cloud.faults.pending() == []


def test_a_job_that_is_not_visible_yet(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.INVISIBLE, seconds=3600)])
    hidden, seen = user.submit("true"), user.submit("true")
    user.ended(seen)
    assert user.describe(hidden) is None
    listed = user.batch.list_jobs(jobQueue="task", jobStatus="SUCCEEDED")["jobSummaryList"]
    assert hidden not in {summary["jobId"] for summary in listed}
    cloud._scheduler.jobs[hidden].hidden_until = 0
    assert user.ended(hidden)["status"] == "SUCCEEDED"


def test_lost_host(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.HOST_LOST, job="lost", attempt=1)])
    job = user.run("[ $AWS_BATCH_JOB_ATTEMPT = 2 ] || exec sleep 60", name="lost", retryStrategy={"attempts": 2})
    assert job["status"] == "SUCCEEDED"
    assert job["attempts"][0]["statusReason"] == HOST
    assert "exitCode" not in job["attempts"][0]["container"]


def test_a_host_may_be_lost_at_a_moment_of_ones_own(user, cloud, tmp_path) -> None:
    moment = tmp_path / "moment"
    cloud.faults.add([Fault(FaultKind.HOST_LOST, job="lost", after=str(moment))])
    job = user.run(f"echo here; touch {moment}; exec sleep 60", name="lost")
    assert job["attempts"][0]["statusReason"] == HOST
    assert moment.exists()


def test_lost_host_of_which_only_the_attempt_tells(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.HOST_LOST, only_in_attempt=True, exit_code=143)])
    job = user.run("sleep 60")
    assert (job["status"], job["statusReason"]) == ("FAILED", EXITED)
    assert job["attempts"][-1]["statusReason"] == HOST
    assert job["container"]["exitCode"] == 143


def test_out_of_memory(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.OUT_OF_MEMORY)])
    job = user.run("sleep 60")
    assert (job["statusReason"], job["container"]["exitCode"]) == (EXITED, 137)
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_killed(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.KILL)])
    job = user.run("sleep 60")
    assert job["container"]["exitCode"] == 137
    assert "reason" not in job["container"]


def test_failed_pull(user, cloud, tmp_path) -> None:
    cloud.faults.add([Fault(FaultKind.START_FAILURE, reason="CannotPullContainerError: toomanyrequests")])
    job = user.run(f"touch {tmp_path}/ran")
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert job["container"]["reason"] == "CannotPullContainerError: toomanyrequests"
    assert "exitCode" not in job["container"]
    assert "logStreamName" not in job["container"]
    assert not (tmp_path / "ran").exists()


def test_no_exit_code(user, cloud, tmp_path) -> None:
    cloud.faults.add([Fault(FaultKind.NO_EXIT_CODE)])
    job = user.run(f"touch {tmp_path}/ran")
    assert job["status"] == "FAILED"
    assert "exitCode" not in job["container"]
    assert (tmp_path / "ran").exists()


def test_failed_although_it_succeeded(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.CONFLICTING_EXIT, exit_code=7)])
    job = user.run("true")
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 7)


def test_stuck(user, cloud) -> None:
    reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is higher."
    cloud.faults.add([Fault(FaultKind.STUCK, reason=reason)])
    job_id = user.submit("true")
    assert user.reach(job_id, "RUNNABLE")["statusReason"] == reason
    user.batch.terminate_job(jobId=job_id, reason="too long")
    assert user.describe(job_id)["statusReason"] == "too long"


def test_stuck_for_a_while(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.STUCK, seconds=0.05)])
    job = user.run("true")
    assert (job["status"], job["statusReason"]) == ("SUCCEEDED", EXITED)


def test_stuck_until_the_queue_gives_up(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.QUEUE_LIMIT, seconds=0.05)])
    job = user.run("true")
    assert (job["status"], job["isCancelled"]) == ("FAILED", True)
    assert job["statusReason"].startswith("Canceled by JobStateTimeLimit action due to reason: CAPACITY:")


def test_a_stuck_job_is_at_the_head_of_its_queue(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.STUCK)])
    job_id = user.submit("true")
    user.reach(job_id, "RUNNABLE")
    (first,) = user.batch.get_job_queue_snapshot(jobQueue="task")["frontOfQueue"]["jobs"]
    assert first["jobArn"].endswith(job_id)
    user.batch.terminate_job(jobId=job_id, reason="enough")


def test_timeout_ahead_of_time(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.TIMEOUT, seconds=0.05)])
    job = user.run("exec sleep 60", timeout={"attemptDurationSeconds": 3600}, retryStrategy={"attempts": 2})
    assert (job["status"], job["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert len(job["attempts"]) == 1, "what timed out is never tried again"


def test_a_host_without_the_file_system(user, cloud, tmp_path) -> None:
    (tmp_path / "run").mkdir()
    places = {"shared": str(tmp_path), "run": f"{tmp_path}/run"}
    user.define(
        "mounted",
        volumes=[{"name": name, "host": {"sourcePath": place}} for name, place in places.items()],
        mountPoints=[{"sourceVolume": name, "containerPath": place} for name, place in places.items()],
    )
    looking = {"jobDefinition": "mounted", "containerOverrides": {"command": ["test", "-d", places["run"]]}}
    cloud.faults.add([Fault(FaultKind.MOUNT_MISSING)])
    assert [user.run(**looking)["status"] for _ in range(2)] == ["FAILED", "SUCCEEDED"]


def test_slow_start(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.SLOW_START, seconds=0.05)])
    assert user.run("true")["status"] == "SUCCEEDED"


def test_stopped_while_it_starts(user, cloud) -> None:
    cloud.faults.add([Fault(FaultKind.SLOW_START, seconds=3600)])
    job_id = user.submit("true")
    user.reach(job_id, "STARTING")
    user.batch.cancel_job(jobId=job_id, reason="too late for that")
    assert user.describe(job_id)["status"] == "STARTING"
    user.batch.terminate_job(jobId=job_id, reason="enough")
    assert user.describe(job_id)["statusReason"] == "enough"


class TestControlEndpoint:
    def ask(self, cloud, method: str, name: str, document: object = None, key: str | None = None) -> dict:
        request = urllib.request.Request(
            f"{cloud.endpoint}/local-cloud/{name}",
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Authorization": f"Bearer {key or cloud.access_key}"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def refused(self, cloud, *asked: object, key: str | None = None) -> tuple[int, str]:
        """The status and the text of a refusal."""
        with pytest.raises(urllib.error.HTTPError) as caught:
            self.ask(cloud, *asked, key=key)
        with caught.value as answer:  # it is an open answer
            return answer.code, answer.read().decode()

    def test_faults(self, user, cloud) -> None:
        self.ask(cloud, "POST", "faults", {"faults": [{"kind": "kill", "job": "posted"}]})
        (fault,) = self.ask(cloud, "GET", "faults")["faults"]
        assert (fault["kind"], fault["job"]) == ("kill", "posted")
        assert user.run("sleep 60", name="posted")["container"]["exitCode"] == 137
        self.ask(cloud, "POST", "faults", {"faults": [{"kind": "kill"}]})
        self.ask(cloud, "DELETE", "faults")
        assert self.ask(cloud, "GET", "faults") == {"faults": []}

    def test_mistakes(self, cloud) -> None:
        _, text = self.refused(cloud, "POST", "faults", {"faults": [{"kind": "explode"}]})
        assert "unknown kind" in json.loads(text)["message"]
        assert self.refused(cloud, "GET", "nothing")[0] == 404

    def test_a_job_has_the_services_and_not_the_cloud(self, user, cloud) -> None:
        assert user.client("batch", aws_access_key_id=cloud.job_key).describe_jobs(jobs=["none"])["jobs"] == []
        assert self.refused(cloud, "GET", "status", key=cloud.job_key)[0] == 403

    def test_calls(self, user, cloud) -> None:
        self.ask(cloud, "DELETE", "calls")
        user.run("true")
        user.client("sts").get_caller_identity()
        calls = self.ask(cloud, "GET", "calls")
        assert calls["batch:SubmitJob"] == 1
        assert calls["batch:DescribeJobs"] >= 1
        assert calls["sts:GetCallerIdentity"] == 1
        assert calls == cloud.counts.read()

    def test_status(self, cloud) -> None:
        assert self.ask(cloud, "GET", "status")["unfinished"] == 0

    def test_strangers(self, cloud) -> None:
        assert self.refused(cloud, "GET", "status", key="guess")[0] == 403
