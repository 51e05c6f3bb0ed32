"""Jobs that really run, seen through boto3."""

from __future__ import annotations

import json
import os
import re
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

TIMED_OUT = "Job attempt duration exceeded timeout"


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def consumables(*names: str, quantity: int = 1) -> dict[str, list[dict[str, str | int]]]:
    return {"consumableResourceList": [{"consumableResource": name, "quantity": quantity} for name in names]}


def happens(condition: Callable[[], bool]) -> bool:
    """Look for a while."""
    pause = threading.Event()
    return any(condition() or pause.wait(0.01) for _ in range(12_000))


class TestRunning:
    def test_a_job_that_succeeds(self, user) -> None:
        job = user.run("echo out; echo err >&2")
        assert job["status"] == "SUCCEEDED"
        assert job["statusReason"] == "Essential container in task exited"
        assert job["container"]["exitCode"] == 0
        assert re.fullmatch(r"shell/default/[0-9a-f]{32}", job["container"]["logStreamName"])
        assert job["createdAt"] <= job["startedAt"] <= job["stoppedAt"]
        (attempt,) = job["attempts"]
        assert attempt["container"]["exitCode"] == 0
        assert attempt["container"]["logStreamName"] == job["container"]["logStreamName"]
        assert sorted(user.log(job)) == ["err", "out"]

    def test_a_job_that_fails(self, user) -> None:
        job = user.run("exit 3")
        assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 3)
        assert job["statusReason"] == "Essential container in task exited"

    def test_a_job_that_dies_from_a_signal(self, user) -> None:
        assert user.run("kill -9 $$")["container"]["exitCode"] == 137

    def test_a_program_that_does_not_exist(self, user) -> None:
        job = user.run(containerOverrides={"command": ["no-such-program"]})
        assert job["status"] == "FAILED"
        assert job["statusReason"] == "Task failed to start"
        assert job["container"]["reason"].startswith("CannotStartContainerError: ")
        assert "no-such-program" in job["container"]["reason"]
        assert "exitCode" not in job["container"]

    def test_the_log_is_live(self, user, tmp_path) -> None:
        job_id = user.submit(f"echo first; while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; echo second")
        job = user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
        assert user.log(job) == ["first"]
        (tmp_path / "go").touch()
        assert user.log(user.ended(job_id)) == ["first", "second"]

    def test_environment(self, user, cloud, monkeypatch) -> None:
        monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
        variables = {"environment": [{"name": "GIVEN", "value": "a b"}]}
        job = user.run("env -0 | tr '\\n\\0' ' \\n'; echo PWD=$(pwd)", containerOverrides=variables)
        found = dict(line.split("=", 1) for line in user.log(job))
        home = found.pop("HOME")
        assert found.pop("TMPDIR") == found.pop("PWD") == home
        assert home.startswith(str(cloud.state))
        assert found.pop("GIVEN") == "a b"
        assert found.pop("AWS_BATCH_JOB_ID") == job["jobId"]
        assert found.pop("AWS_BATCH_JOB_ATTEMPT") == "1"
        assert found.pop("AWS_BATCH_JQ_NAME") == found.pop("AWS_BATCH_CE_NAME") == "task"
        assert found.pop("AWS_ENDPOINT_URL") == cloud.endpoint
        assert found.pop("WDL_WHERE") == "--local"
        assert found.pop("MINIWDL_CFG").endswith("miniwdl_aws.cfg")
        assert os.environ["PATH"] in found.pop("PATH")
        found.pop("LANG", None)
        assert found.pop("AWS_ACCESS_KEY_ID") == cloud.job_key != cloud.access_key
        assert set(found) <= {
            "AWS_SECRET_ACCESS_KEY",
            "AWS_DEFAULT_REGION",
            "AWS_REGION",
            "AWS_EC2_METADATA_DISABLED",
            "WDL_LOCAL_CLOUD",
            "SHLVL",
            "OLDPWD",
            "_",
        }

    def test_its_own_folder_goes_with_the_job(self, user, cloud) -> None:
        job = user.run("pwd; mkdir -p sub; echo x > sub/file")
        (folder,) = user.log(job)
        assert happens(lambda: not Path(folder).exists())

    def test_what_it_leaves_running_dies_with_it(self, user, tmp_path) -> None:
        marker = tmp_path / "pid"
        job = user.run(f"sleep 60 & echo $! > {marker}; exit 0")
        assert job["status"] == "SUCCEEDED"
        assert not psutil.pid_exists(int(marker.read_text()))

    def test_many_jobs_on_few_slots(self, user, tmp_path) -> None:
        running = tmp_path / "running"
        running.mkdir()
        script = f"touch {running}/$$; ls {running} | wc -l; sleep 0.02; rm {running}/$$"
        ids = [user.submit(script) for _ in range(30)]
        jobs = [user.ended(job_id) for job_id in ids]
        assert {job["status"] for job in jobs} == {"SUCCEEDED"}
        assert max(int(user.log(job)[0]) for job in jobs) <= 4

    def test_workflow_jobs_do_not_take_the_slots_of_tasks(self, user, tmp_path) -> None:
        wait = f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done"
        workflows = [user.submit(wait, queue="workflow") for _ in range(8)]
        for job_id in workflows:
            user.reach(job_id, "RUNNING")
        assert user.run("true")["status"] == "SUCCEEDED"
        (tmp_path / "go").touch()
        assert {user.ended(job_id)["status"] for job_id in workflows} == {"SUCCEEDED"}

    def test_parameters(self, user) -> None:
        user.define("with-parameters", command=["echo", "Ref::word"])
        job = user.run(jobDefinition="with-parameters", parameters={"word": "hello"})
        assert user.log(job) == ["hello"]


class TestMounts:
    def run(self, user, source: str, target: str, **mount) -> dict:
        user.define(
            "mounting",
            command=["true"],
            volumes=[{"name": "fsx", "host": {"sourcePath": source}}],
            mountPoints=[{"sourceVolume": "fsx", "containerPath": target, **mount}],
        )
        return user.run(jobDefinition="mounting")

    def test_a_folder_under_its_own_name(self, user, tmp_path) -> None:
        assert self.run(user, str(tmp_path), f"{tmp_path}/", readOnly=True)["status"] == "SUCCEEDED"

    def test_a_folder_under_another_name(self, user, tmp_path) -> None:
        job = self.run(user, str(tmp_path), "/mnt/fsx")
        assert job["status"] == "FAILED"
        assert f"can't let {tmp_path} appear as /mnt/fsx" in job["statusReason"]

    def test_a_volume_that_is_no_folder(self, user) -> None:
        user.define(
            "efs",
            volumes=[{"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
            mountPoints=[{"sourceVolume": "efs", "containerPath": "/mnt/efs"}],
        )
        job = user.run(jobDefinition="efs")
        assert (job["status"], "volume efs is none" in job["statusReason"]) == ("FAILED", True)


class TestRetries:
    def test_attempts(self, user) -> None:
        job = user.run("echo attempt $AWS_BATCH_JOB_ATTEMPT; exit 1", retryStrategy={"attempts": 3})
        assert job["status"] == "FAILED"
        streams = [attempt["container"]["logStreamName"] for attempt in job["attempts"]]
        assert len(set(streams)) == 3
        assert streams[-1] == job["container"]["logStreamName"]
        assert user.log(job) == ["attempt 3"]

    def test_success_in_the_second_attempt(self, user) -> None:
        job = user.run("[ $AWS_BATCH_JOB_ATTEMPT = 2 ]", retryStrategy={"attempts": 3})
        assert (job["status"], len(job["attempts"]), job["container"]["exitCode"]) == ("SUCCEEDED", 2, 0)

    def test_conditions(self, user) -> None:
        strategy = {"attempts": 5, "evaluateOnExit": [{"onExitCode": "4", "action": "EXIT"}]}
        job = user.run("exit $(( AWS_BATCH_JOB_ATTEMPT + 1 ))", retryStrategy=strategy)
        assert [attempt["container"]["exitCode"] for attempt in job["attempts"]] == [2, 3, 4]


class TestEnding:
    @pytest.mark.sends_what_aws_refuses("batch-timeout", reason="a second is enough to wait for")
    def test_timeout(self, user) -> None:
        job = user.run("sleep 60", timeout={"attemptDurationSeconds": 1}, retryStrategy={"attempts": 2})
        assert (job["status"], job["statusReason"]) == ("FAILED", TIMED_OUT)
        assert job["container"]["exitCode"] == 143
        assert len(job["attempts"]) == 1

    def test_terminated_while_running(self, user) -> None:
        job_id = user.submit("trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.02; done")
        user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
        user.batch.terminate_job(jobId=job_id, reason="enough")
        job = user.ended(job_id)
        assert (job["status"], job["statusReason"], job["container"]["exitCode"]) == ("FAILED", "enough", 9)
        assert job["isTerminated"] is True
        assert user.log(job) == ["up", "bye"]

    def test_deaf_to_sigterm(self, open_cloud, tmp_path) -> None:
        with open_cloud(tmp_path, stop_timeout=0.1) as user:
            job_id = user.submit("trap '' TERM; echo up; while :; do sleep 0.02; done")
            user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
            user.batch.terminate_job(jobId=job_id, reason="enough")
            assert user.ended(job_id)["container"]["exitCode"] == 137

    def test_sigterm_goes_to_the_first_process_alone(self, user, tmp_path) -> None:
        child = f"sh -c \"trap 'touch {tmp_path}/child-was-told' TERM; sleep 0.5\""
        job_id = user.submit(f"trap 'exit 0' TERM; {child} & echo up; while :; do sleep 0.02; done")
        user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
        user.batch.terminate_job(jobId=job_id, reason="enough")
        user.ended(job_id)
        assert not (tmp_path / "child-was-told").exists()

    def test_queued_jobs_end_at_once(self, user, tmp_path) -> None:
        wait = f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done"
        blockers = [user.submit(wait) for _ in range(4)]
        cancelled, terminated = user.submit("true"), user.submit("true")
        user.reach(cancelled, "RUNNABLE")
        user.batch.cancel_job(jobId=cancelled, reason="no need")
        user.batch.terminate_job(jobId=terminated, reason="nor of that")
        reasons = [user.describe(job_id)["statusReason"] for job_id in (cancelled, terminated)]
        assert reasons == ["no need", "nor of that"]
        (tmp_path / "go").touch()
        assert {user.ended(job_id)["status"] for job_id in blockers} == {"SUCCEEDED"}

    def test_cancel_does_nothing_to_a_running_job(self, user, tmp_path) -> None:
        job_id = user.submit(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
        user.reach(job_id, "RUNNING")
        user.batch.cancel_job(jobId=job_id, reason="too late")
        assert user.describe(job_id)["status"] == "RUNNING"
        (tmp_path / "go").touch()
        assert user.ended(job_id)["status"] == "SUCCEEDED"

    def test_ended_and_unknown_jobs_are_no_error(self, user) -> None:
        job = user.run("true")
        user.batch.terminate_job(jobId=job["jobId"], reason="x")
        assert user.describe(job["jobId"])["status"] == "SUCCEEDED"
        user.batch.terminate_job(jobId="00000000-0000-0000-0000-000000000000", reason="x")

    @pytest.mark.sends_what_aws_refuses("batch-stop-jobs", reason="the cloud is to refuse it")
    def test_many_at_once(self, user) -> None:
        unknown = "00000000-0000-0000-0000-000000000000"
        ids = [user.submit("sleep 600") for _ in range(2)]
        for job_id in ids:
            user.reach(job_id, "RUNNING")
        assert user.batch.cancel_jobs(jobs=ids, reason="too late")["successful"] == ids
        answer = user.batch.terminate_jobs(jobs=[*ids, unknown], reason="enough")
        assert (answer["successful"], answer["errors"]) == ([*ids, unknown], [])
        assert {user.ended(job_id)["statusReason"] for job_id in ids} == {"enough"}
        with pytest.raises(ClientError, match="1 to 50 jobs"):
            user.batch.terminate_jobs(jobs=[unknown] * 51, reason="enough")


class TestDependencies:
    def test_waits_for_others(self, user, tmp_path) -> None:
        first = user.submit(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
        second = user.submit("true", dependsOn=[{"jobId": first}])
        user.reach(first, "RUNNING")
        assert user.reach(second, "PENDING")
        (tmp_path / "go").touch()
        assert user.ended(second)["startedAt"] >= user.ended(first)["stoppedAt"]

    def test_fails_with_others(self, user) -> None:
        first = user.submit("exit 1")
        job = user.ended(user.submit("true", dependsOn=[{"jobId": first}]))
        assert (job["status"], job["statusReason"]) == ("FAILED", "Dependent Job failed")


refused = partial(pytest.mark.sends_what_aws_refuses, reason="the cloud is to refuse it")


class TestRequests:
    @pytest.mark.sends_what_aws_refuses("batch-overrides-size", reason="the job is to fail")
    def test_long_overrides_fail_after_they_were_accepted(self, user) -> None:
        job = user.run(containerOverrides={"command": ["echo", "x" * 8192]})
        assert (job["status"], job["attempts"]) == ("FAILED", [])
        assert job["statusReason"] == "Container Overrides length must be at most 8192"

    @pytest.mark.parametrize(
        ("request_", "words"),
        [
            ({"jobQueue": "nowhere"}, "Job queue nowhere does not exist"),
            ({"jobDefinition": "nothing"}, "JobDefinition nothing not found"),
            ({"jobDefinition": "shell:99"}, "JobDefinition shell:99 not found"),
            ({"jobDefinition": "shell:newest"}, "JobDefinition shell:newest not found"),
            ({"nodeOverrides": {"numNodes": 2}}, "nodeOverrides"),
            ({"dependsOn": [{"type": "SEQUENTIAL"}], "arrayProperties": {"size": 2}}, "child by child"),
            pytest.param(
                {"timeout": {"attemptDurationSeconds": 0}}, "at least 60 seconds", marks=refused("batch-timeout")
            ),
            pytest.param(
                {"containerOverrides": {"command": [""]}}, "empty argument", marks=refused("batch-command-word")
            ),
            pytest.param(
                {"consumableResourcePropertiesOverride": consumables(*"abcdef")},
                "at most 5 consumable",
                marks=refused("batch-consumables"),
            ),
            pytest.param(
                {"consumableResourcePropertiesOverride": consumables("a", quantity=0)},
                "at least 1",
                marks=refused("batch-consumable"),
            ),
            pytest.param({"parameters": {"p": "x" * 31000}}, "30 KiB", marks=refused("batch-request-size")),
        ],
    )
    def test_refused(self, user, request_, words) -> None:
        request = {"jobName": "j", "jobQueue": "task", "jobDefinition": "shell", **request_}
        with pytest.raises(ClientError) as caught:
            user.batch.submit_job(**request)
        code, message = code_of(caught)
        assert code == "ClientException"
        assert words in message

    def test_a_definition_by_each_of_its_names(self, user) -> None:
        older, newer = user.define("named", command=["true"]), user.define("named", command=["false"])
        family = newer.rpartition(":")[0]
        used = {name: user.run(jobDefinition=name)["jobDefinition"] for name in ("named", family, newer, "named:1")}
        assert used == {"named": newer, family: newer, newer: newer, "named:1": older}

    def test_a_deregistered_definition(self, user) -> None:
        older = user.define("twice", command=["true"])
        newer = user.define("twice", command=["false"])
        user.batch.deregister_job_definition(jobDefinition=newer)
        assert user.run(jobDefinition="twice")["jobDefinition"] == older
        with pytest.raises(ClientError, match="ACTIVE"):
            user.submit(jobDefinition=newer)

    @refused("batch-definition-size", "batch-definition-name")
    def test_definitions_are_checked(self, user) -> None:
        with pytest.raises(ClientError, match="JobDefinition size must be less than"):
            user.define("large", environment=[{"name": "X", "value": "x" * 25000}])
        with pytest.raises(ClientError, match="name of a job definition"):
            user.define("a b")

    def test_a_definition_keeps_how_its_image_is_fetched(self, user) -> None:
        login = {"credentialsParameter": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:lab-AbCdEf"}
        arn = user.define("private", repositoryCredentials=login)
        (found,) = user.batch.describe_job_definitions(jobDefinitions=[arn])["jobDefinitions"]
        assert found["containerProperties"]["repositoryCredentials"] == login
        assert user.run("true", jobDefinition=arn)["status"] == "SUCCEEDED"

    @refused("batch-describe-jobs")
    def test_describe_jobs(self, user) -> None:
        job = user.run("true")
        wanted = [job["jobId"], "unknown", job["jobArn"], job["jobId"]]
        found = user.batch.describe_jobs(jobs=wanted)["jobs"]
        assert {item["jobId"] for item in found} == {job["jobId"]}
        with pytest.raises(ClientError, match="100"):
            user.batch.describe_jobs(jobs=[job["jobId"]] * 101)

    def test_detail_says_what_was_asked_for(self, user) -> None:
        job_id = user.submit(
            "true",
            tags={"a": "b"},
            timeout={"attemptDurationSeconds": 100},
            retryStrategy={"attempts": 2},
            schedulingPriorityOverride=7,
            propagateTags=True,
            consumableResourcePropertiesOverride=consumables(*"abcde"),
        )
        job = user.ended(job_id)
        assert job["tags"] == {"a": "b"}
        assert job["timeout"] == {"attemptDurationSeconds": 100}
        assert job["retryStrategy"]["attempts"] == 2
        assert (job["schedulingPriority"], job["propagateTags"]) == (7, True)
        assert job["consumableResourceProperties"] == consumables(*"abcde")
        assert job["container"]["resourceRequirements"][0] == {"type": "VCPU", "value": "1"}

    @refused("batch-share")
    def test_a_queue_with_a_scheduling_policy_and_no_other_wants_a_share(self, user) -> None:
        policy = user.batch.create_scheduling_policy(name="shares")["arn"]
        order = [{"order": 1, "computeEnvironment": "task"}]
        user.batch.create_job_queue(
            jobQueueName="fair", priority=1, state="ENABLED", schedulingPolicyArn=policy, computeEnvironmentOrder=order
        )
        with pytest.raises(ClientError, match="shareIdentifier must be specified"):
            user.submit("true", queue="fair")
        with pytest.raises(ClientError, match="255 letters and digits"):
            user.submit("true", queue="fair", shareIdentifier="team-a")
        with pytest.raises(ClientError, match="the job queue has no scheduling policy"):
            user.submit("true", shareIdentifier="blue")
        assert user.run("true", queue="fair", shareIdentifier="blue")["shareIdentifier"] == "blue"

    @refused("tags-reserved")
    def test_tags_are_checked_together_with_those_that_are_there(self, user) -> None:
        job = user.run("true", tags={f"t{number}": "" for number in range(49)})
        user.batch.tag_resource(resourceArn=job["jobArn"], tags={"t0": "again"})
        for tags, words in (({"one": "", "two": ""}, "at most 50 tags"), ({"aws:mine": ""}, "begin with aws:")):
            with pytest.raises(ClientError, match=words):
                user.batch.tag_resource(resourceArn=job["jobArn"], tags=tags)

    def test_a_request_that_makes_no_sense_is_answered(self, user) -> None:
        careless = user.client("batch", config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
        with pytest.raises(ClientError, match="the local cloud failed") as caught:
            careless.submit_job(jobName="j", jobQueue="task", jobDefinition=5)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500

    def test_tags_that_change(self, user) -> None:
        job = user.run("true", tags={"a": "1"})
        user.batch.tag_resource(resourceArn=job["jobArn"], tags={"b": "2"})
        user.batch.untag_resource(resourceArn=job["jobArn"], tagKeys=["a"])
        assert user.describe(job["jobId"])["tags"] == {"b": "2"}
        assert user.batch.list_tags_for_resource(resourceArn=job["jobArn"])["tags"] == {"b": "2"}

    def test_list_jobs(self, user) -> None:
        ids = [user.run("exit 1", name=f"listed-{number}")["jobId"] for number in range(3)]
        named = {"name": "JOB_NAME", "values": ["LISTED-*"]}
        pages = user.batch.get_paginator("list_jobs").paginate(
            jobQueue="task", filters=[named], PaginationConfig={"PageSize": 2}
        )
        listed = [summary for page in pages for summary in page["jobSummaryList"]]
        assert [summary["jobId"] for summary in listed] == ids[::-1]
        assert listed[0]["container"] == {"exitCode": 1}
        failed = user.batch.list_jobs(jobQueue="task", jobStatus="FAILED")["jobSummaryList"]
        assert set(ids) <= {summary["jobId"] for summary in failed}
        assert user.batch.list_jobs(jobQueue="task")["jobSummaryList"] == []
        since = {"name": "AFTER_CREATED_AT", "values": [str(listed[0]["createdAt"])]}
        assert user.batch.list_jobs(jobQueue="task", filters=[since])["jobSummaryList"] == []

    def test_queue_snapshot(self, user, tmp_path) -> None:
        wait = f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done"
        blockers = [user.submit(wait) for _ in range(4)]
        waiting = [user.submit("true") for _ in range(2)]
        for job_id in waiting:
            user.reach(job_id, "RUNNABLE")
        front = user.batch.get_job_queue_snapshot(jobQueue="task")["frontOfQueue"]["jobs"]
        assert [job["jobArn"].rpartition("/")[2] for job in front] == waiting
        (tmp_path / "go").touch()
        for job_id in [*blockers, *waiting]:
            user.ended(job_id)

    def test_another_region(self, user) -> None:
        elsewhere = user.client("batch", region_name="eu-west-1")
        with pytest.raises(ClientError, match="region us-east-1"):
            elsewhere.describe_jobs(jobs=["x"])

    def test_the_whole_queue_of_moto_is_there(self, user) -> None:
        (queue,) = user.batch.describe_job_queues(jobQueues=["workflow"])["jobQueues"]
        tags = queue["tags"]
        assert {"DefaultTaskQueue": "task", "DefaultTaskQueueFallback": "task-fallback"}.items() <= tags.items()
        assert tags["DefaultStaging"] == "s3://staging/"
        (system,) = user.client("fsx").describe_file_systems(FileSystemIds=[tags["DefaultFsId"]])["FileSystems"]
        assert (system["FileSystemType"], system["Lifecycle"]) == ("LUSTRE", "AVAILABLE")
        environments = user.batch.describe_compute_environments()["computeEnvironments"]
        sizes = {item["computeEnvironmentName"]: item["computeResources"]["maxvCpus"] for item in environments}
        assert sizes == {"workflow": 64, "task": 4, "task-fallback": 4}
        assert json.dumps(tags)
