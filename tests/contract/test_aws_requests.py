"""The recorder of requests sees them wherever they pass, and makes the test red that sends what AWS would refuse."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aws_requests.model import service_model
from aws_requests.recorder import Recorder
from aws_requests.roles import UNUSED, Permissions, actions_of
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import ClientDisconnected
from werkzeug.test import Client

if TYPE_CHECKING:
    from pathlib import Path

SENDING = """
import threading
import botocore.session
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import Stubber

@pytest.fixture
def submit():
    client = botocore.session.Session().create_client(
        "batch", "eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    with Stubber(client) as stubber:
        for _ in range(2):
            stubber.add_response("submit_job", {"jobName": "x", "jobId": "1"})
        yield lambda name, **more: client.submit_job(jobName=name, jobQueue="q", jobDefinition="d", **more)

def test_right(submit):
    submit("x" * 128)

def test_wrong(submit):
    submit("x" * 129)

def test_wrong_in_a_thread_that_nobody_minds(submit):
    thread = threading.Thread(target=submit, args=("a.b",))
    thread.start()
    thread.join()

def test_wrong_by_the_model(submit):
    submit("x", dependsOn=[{"jobId": "1", "type": "BOTH"}])

def test_not_sent(submit):
    with pytest.raises(ParamValidationError):
        submit(None)

@pytest.mark.sends_what_aws_refuses("batch-job-name", reason="to see it")
def test_on_purpose(submit):
    submit("x" * 129)

@pytest.mark.sends_what_aws_refuses("batch-job-name", reason="to see it")
def test_on_purpose_and_not_at_all(submit):
    submit("x")

@pytest.mark.sends_what_aws_refuses("batch-timeout", reason="to see it")
def test_another_on_purpose(submit):
    submit("x" * 129, timeout={"attemptDurationSeconds": 59})
"""
GREEN = {"test_right", "test_not_sent", "test_on_purpose"}


def test_a_test_that_sends_what_aws_refuses_is_red(root: Path, tmp_path: Path) -> None:
    (tmp_path / "test_sending.py").write_text(SENDING)
    options = ["-p", "aws_requests.plugin", "-n", "1", "-rA", "--tb=short"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_sending.py"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root / "tests/support")}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    passed = {line.rpartition("::")[2] for line in lines if line.startswith("PASSED")}
    failed = {line.partition(" - ")[0].rpartition("::")[2] for line in lines if line.startswith("FAILED")}
    names = {
        line.partition("(")[0].removeprefix("def ") for line in SENDING.splitlines() if line.startswith("def test")
    }
    assert (passed, failed) == (GREEN, names - GREEN), done.stdout
    assert "batch:SubmitJob: A job's name has up to 128 letters" in done.stdout
    assert "dependsOn[].type is one of N_TO_N, SEQUENTIAL: here it is 'BOTH'" in done.stdout
    assert "marked sends_what_aws_refuses, and yet breaks no rule batch-job-name" in done.stdout
    assert "7 requests to AWS checked, of 1 operations: batch:SubmitJob 7" in done.stdout


def signed(service: str) -> dict[str, str]:
    """Header of a request that some client has signed."""
    scope = f"Credential=testing/20261127/us-east-1/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}


def called(service: str, target: str, document: object) -> dict[str, Any]:
    """A request of the JSON protocol."""
    headers = {**signed(service), "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    return {"method": "POST", "path": "/", "headers": headers, "data": json.dumps(document)}


def refused(rule: str, **request: Any) -> Any:
    """A request from outside this process, and the rule that it breaks."""
    mark = pytest.mark.sends_what_aws_refuses(rule, reason="that is what is tested")
    return pytest.param(request, marks=mark, id=rule)


@pytest.mark.parametrize(
    "request_",
    [
        refused(
            "batch-job-name",
            method="POST", path="/v1/submitjob", headers=signed("batch"),
            data=json.dumps({"jobName": "a.b", "jobQueue": "q", "jobDefinition": "d"}),
        ),
        refused(
            "tags-reserved",
            method="POST", path="/v1/tags/arn%3Aaws%3Abatch%3Aus-east-1%3A123456789012%3Ajob-queue%2Fq",
            headers=signed("batch"), data=json.dumps({"tags": {"aws:x": ""}}),
        ),
        refused("s3-key", method="PUT", path="/bucket/" + "%C3%A9" * 513, headers=signed("s3"), data=b"data"),
        refused("s3-part-number", method="PUT", path="/bucket/key?partNumber=0&uploadId=u", headers=signed("s3")),
        refused("s3-tags", method="PUT", path="/bucket/key", headers={**signed("s3"), "x-amz-tagging": "a=1&a=2"}),
        refused(
            "s3-deleted", method="POST", path="/bucket?delete", headers=signed("s3"),
            data="<Delete>" + "<Object><Key>k</Key></Object>" * 1001 + "</Delete>",
        ),
        refused(
            "logs-token",
            **called(
                "logs", "Logs_20140328.GetLogEvents", {"logGroupName": "g", "logStreamName": "s", "nextToken": "f/1"}
            ),
        ),
        refused(
            "ec2-user-data-mime", method="POST", path="/",
            headers={**signed("ec2"), "Content-Type": "application/x-www-form-urlencoded"},
            data={
                "Action": "CreateLaunchTemplate", "Version": "2016-11-15", "LaunchTemplateName": "tasks",
                "LaunchTemplateData.UserData": base64.b64encode(b"#!/bin/bash").decode(),
            },
        ),
        refused("botocore-model", method="POST", path="/v1/submitjob", headers=signed("batch"), data='{"tags": 1}'),
        refused("botocore-model", method="PATCH", path="/bucket", headers=signed("s3")),
    ],
)  # fmt: skip
def test_requests_from_elsewhere_are_seen_where_they_arrive(request_: dict[str, Any]) -> None:
    """The marker makes it red when the rule isn't broken."""
    with suppress(Exception):  # of moto, which is not prepared for all of this
        Client(DomainDispatcherApplication(create_backend_app)).open(
            request_.pop("path"), base_url="http://127.0.0.1:5000", **request_
        )


def test_a_request_from_elsewhere_that_is_right() -> None:
    Client(DomainDispatcherApplication(create_backend_app)).open(
        "/bucket/key?list-type=2", method="GET", base_url="http://127.0.0.1:5000", headers=signed("s3")
    )


class Gone(io.BytesIO):
    """What a killed client has not sent any more."""

    def read(self, _size: int | None = -1, /) -> bytes:
        raise ClientDisconnected


def test_half_of_a_request_is_nobodys_mistake() -> None:
    with suppress(ClientDisconnected):
        Client(DomainDispatcherApplication(create_backend_app)).open(
            "/v1/describejobqueues", method="POST", base_url="http://127.0.0.1:5000", headers=signed("batch"),
            input_stream=Gone(), content_length=10,
        )  # fmt: skip


class TestPermissions:
    """What the local cloud's commands and jobs ask for, beside the table of permissions."""

    def test_what_the_table_allows_must_be_asked_for(self) -> None:
        permissions = Permissions(Recorder())
        asked = {f"{who}: {action}" for who, actions in permissions.given.items() for action in actions}
        assert permissions.complaints(asked) == []
        (complaint,) = permissions.complaints(asked - {"workflow jobs: batch:SubmitJob"})
        assert complaint.endswith("allows batch:SubmitJob to workflow jobs, and nothing asks for it")

    def test_each_exception_is_in_the_table(self) -> None:
        given = Permissions(Recorder()).given
        assert all(UNUSED[who].keys() <= actions for who, actions in given.items())

    @pytest.mark.parametrize(
        ("operation", "parameters", "actions"),
        [
            ("s3:UploadPart", {}, {"s3:PutObject"}),
            ("s3:HeadObject", {}, {"s3:GetObject"}),
            ("s3:PutObject", {"Tagging": "a=b"}, {"s3:PutObject", "s3:PutObjectTagging"}),
            ("batch:SubmitJob", {"tags": {"a": "b"}}, {"batch:SubmitJob", "batch:TagResource"}),
            (
                "batch:RegisterJobDefinition",
                {"containerProperties": {"jobRoleArn": "arn"}},
                {"batch:RegisterJobDefinition", "iam:PassRole"},
            ),
            ("fsx:DescribeFileSystems", {}, {"fsx:DescribeFileSystems"}),
        ],
    )
    def test_what_a_request_needs(self, operation: str, parameters: dict[str, Any], actions: set[str]) -> None:
        service, _, name = operation.partition(":")
        assert actions_of(service_model(service).operation_model(name), parameters) == actions

    def test_by_whose_role(self) -> None:
        recorder = Recorder()
        permissions = Permissions(recorder)
        cloud = SimpleNamespace(access_key="theirs", job_key="its")
        terminate = service_model("batch").operation_model("CancelJob")
        describe = service_model("batch").operation_model("DescribeJobQueues")
        (fault,) = permissions.check(cloud, "its", terminate, {})
        assert "doesn't allow batch:CancelJob to workflow jobs" in fault.text
        assert permissions.check(cloud, "theirs", describe, {}) == []
        assert permissions.check(cloud, "", terminate, {}) == permissions.check(object(), "its", terminate, {}) == []
        assert recorder.summary.actions == {"workflow jobs: batch:CancelJob": 1, "commands: batch:DescribeJobQueues": 1}
