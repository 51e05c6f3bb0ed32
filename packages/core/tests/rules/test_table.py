"""Each rule finds a request that breaks it, and none in one that is just within it. The numbers are AWS's own."""

from __future__ import annotations

import base64
import json
import re

import pytest

from miniwdl_aws_core.rules.rule import values_at
from miniwdl_aws_core.rules.table import RULES, breaches, rules_for

NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "4"}]
JOB = {"jobName": "j", "jobQueue": "q", "jobDefinition": "d"}
CONTAINER = {"image": "ubuntu:22.04", "resourceRequirements": NEEDS}
DEFINITION = {"jobDefinitionName": "d", "type": "container", "containerProperties": CONTAINER}
OBJECT = {"Bucket": "bucket", "Key": "key"}
LOG = {"logGroupName": "/aws/batch/job", "logStreamName": "s"}
TASK = {"FileSystemId": "fs-0123456789abcdef0", "Type": "EXPORT_TO_REPOSITORY", "Report": {"Enabled": False}}
LINK = {"FileSystemId": "fs-0123456789abcdef0", "FileSystemPath": "/data", "DataRepositoryPath": "s3://bucket/data/"}


def submit(**more):
    return "batch:SubmitJob", {**JOB, **more}


def override(**more):
    return submit(containerOverrides=more)


def define(**more):
    return "batch:RegisterJobDefinition", {**DEFINITION, **more}


def contain(**more):
    return define(containerProperties={**CONTAINER, **more})


def conditions(*entries):
    return submit(retryStrategy={"attempts": 2, "evaluateOnExit": list(entries)})


def sized(limit, build, text):
    """Build a request whose JSON as botocore sends it has a number of bytes."""
    _operation, request = build(text)
    return build(text + "x" * (limit - len(json.dumps(request))))


def holding(*names, quantity=1):
    needs = [{"consumableResource": name, "quantity": quantity} for name in names]
    return {"consumableResourcePropertiesOverride": {"consumableResourceList": needs}}


def tags(count):
    return {f"t{number}": "" for number in range(count)}


def put(**more):
    return "s3:PutObject", {**OBJECT, **more}


def template(data, *, mime=True):
    head = (
        b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Type: text/x-shellscript\n\n'
    )
    whole = head + data + b"\n--B--\n" if mime else data
    return "ec2:CreateLaunchTemplate", {
        "LaunchTemplateName": "t", "LaunchTemplateData": {"UserData": base64.b64encode(whole).decode()}
    }  # fmt: skip


def padded(size):
    (_operation, request) = template(b"")
    empty = len(base64.b64decode(request["LaunchTemplateData"]["UserData"]))
    return template(b"#" * (size - empty))


OVER, JUST = 8193, 8192
EMPTY_OVERRIDES = len('{"command":[""]}')
PLANTED = {
    "batch-job-name": (submit(jobName="x" * 129), submit(jobName="0" + "x_-" * 42 + "x")),
    "batch-definition-name": (define(jobDefinitionName="a.b"), define(jobDefinitionName="x" * 128)),
    "batch-definition-kind": (
        ("batch:RegisterJobDefinition", {"jobDefinitionName": "d", "type": "container"}),
        ("batch:RegisterJobDefinition", {"jobDefinitionName": "d", "type": "multinode"}),
    ),
    "batch-request-size": (
        sized(30 * 1024 + 1, lambda text: submit(parameters={"p": text}), "x"),
        sized(30 * 1024, lambda text: submit(parameters={"p": text}), "x"),
    ),
    "batch-definition-size": (
        sized(24 * 1024 + 1, lambda text: define(parameters={"p": text}), "x"),
        sized(24 * 1024, lambda text: define(parameters={"p": text}), "x"),
    ),
    "batch-overrides-size": (
        override(command=["x" * (OVER - EMPTY_OVERRIDES)]),
        override(command=["x" * (JUST - EMPTY_OVERRIDES)]),
    ),
    "batch-image": (contain(image="x" * 256), contain(image="a.b/C_d-e#1:1@sha256:" + "0" * 234)),
    "batch-command-word": (override(command=["echo", ""]), override(command=["echo", " "])),
    "batch-reserved-variable": (
        contain(environment=[{"name": "AWS_BATCH_X", "value": "1"}]),
        override(environment=[{"name": "MY_AWS_BATCH", "value": ""}]),
    ),
    "batch-resource": (
        override(resourceRequirements=[{"type": "MEMORY", "value": "3"}]),
        override(resourceRequirements=[*NEEDS, {"type": "GPU", "value": "1"}]),
    ),
    "batch-resources": (contain(resourceRequirements=NEEDS[:1]), contain(resourceRequirements=NEEDS)),
    "batch-volume-name": (contain(volumes=[{"name": "x" * 256}]), contain(volumes=[{"name": "x" * 255}])),
    "batch-mounts": (
        contain(volumes=[{"name": "a"}], mountPoints=[{"sourceVolume": "b", "containerPath": "/b"}]),
        contain(volumes=[{"name": "a"}], mountPoints=[{"sourceVolume": "a", "containerPath": "/b"}] * 2),
    ),
    "batch-mount-path": (
        contain(volumes=[{"name": "a"}], mountPoints=[{"sourceVolume": "a", "containerPath": "b"}]),
        contain(volumes=[{"name": "a"}], mountPoints=[{"sourceVolume": "a", "containerPath": "/"}]),
    ),
    "batch-array-size": (submit(arrayProperties={"size": 10_001}), submit(arrayProperties={"size": 10_000})),
    "batch-attempts": (submit(retryStrategy={"attempts": 11}), submit(retryStrategy={"attempts": 10})),
    "batch-conditions": (conditions(*[{"action": "EXIT"}] * 6), conditions(*[{"action": "EXIT"}] * 5)),
    "batch-conditions-attempts": (
        submit(retryStrategy={"evaluateOnExit": [{"action": "EXIT"}]}),
        submit(retryStrategy={"evaluateOnExit": []}),
    ),
    "batch-condition-action": (conditions({"action": "STOP"}), conditions({"action": "exit"}, {"action": "RETRY"})),
    "batch-condition-reason": (
        conditions({"action": "EXIT", "onReason": "a(b)"}),
        conditions({"action": "EXIT", "onReason": "x" * 511 + "*", "onStatusReason": "Host EC2: 1.2\t*"}),
    ),
    "batch-condition-exit": (
        conditions({"action": "EXIT", "onExitCode": "1x"}),
        conditions({"action": "EXIT", "onExitCode": "13*"}),
    ),
    "batch-timeout": (
        submit(timeout={"attemptDurationSeconds": 59}),
        submit(timeout={"attemptDurationSeconds": 60}),
    ),
    "batch-dependencies": (submit(dependsOn=[{"jobId": "x"}] * 21), submit(dependsOn=[{"jobId": "x"}] * 20)),
    "batch-share": (submit(shareIdentifier="a-b"), submit(shareIdentifier="x" * 255 + "*")),
    "batch-consumables": (submit(**holding(*"abcdef")), submit(**holding(*"abcde"))),
    "batch-consumable": (submit(**holding("a", quantity=0)), submit(**holding("a", quantity=1))),
    "batch-priority": (submit(schedulingPriorityOverride=10_000), submit(schedulingPriorityOverride=9999)),
    "batch-describe-jobs": (
        ("batch:DescribeJobs", {"jobs": ["x"] * 101}),
        ("batch:DescribeJobs", {"jobs": ["x"] * 100}),
    ),
    "batch-describe-queues": (
        ("batch:DescribeJobQueues", {"jobQueues": ["x"] * 101}),
        ("batch:DescribeJobQueues", {"jobQueues": ["x"] * 100}),
    ),
    "batch-describe-definitions": (
        ("batch:DescribeJobDefinitions", {"jobDefinitions": ["x"] * 101}),
        ("batch:DescribeJobDefinitions", {"jobDefinitions": ["x"] * 100}),
    ),
    "batch-stop-jobs": (
        ("batch:TerminateJobs", {"jobs": ["x"] * 51, "reason": "r"}),
        ("batch:TerminateJobs", {"jobs": ["x"] * 50, "reason": "r"}),
    ),
    "batch-stop-reason": (
        ("batch:TerminateJob", {"jobId": "x", "reason": "r" * 1025}),
        ("batch:TerminateJob", {"jobId": "x", "reason": "r" * 1024}),
    ),
    "batch-one-filter": (
        ("batch:ListJobs", {"filters": [{"name": "JOB_NAME", "values": ["x"]}] * 2}),
        ("batch:ListJobs", {"filters": [{"name": "JOB_NAME", "values": ["x"]}]}),
    ),
    "batch-filtered-page": (
        ("batch:ListJobs", {"filters": [], "maxResults": 101}),
        ("batch:ListJobs", {"filters": [], "maxResults": 100}),
    ),
    "batch-queue-name": (
        ("batch:CreateJobQueue", {"jobQueueName": "a b"}),
        ("batch:CreateJobQueue", {"jobQueueName": "x" * 128}),
    ),
    "tags-count": (submit(tags=tags(51)), submit(tags=tags(50))),
    "tags-key": (submit(tags={"k" * 129: ""}), submit(tags={"é +-=._:/@" + "k" * 118: ""})),
    "tags-value": (submit(tags={"k": "a;b"}), submit(tags={"k": "v" * 256})),
    "tags-reserved": (define(tags={"AWS:x": ""}), define(tags={"xaws:": ""})),
    "tags-reserved-fsx": (
        ("fsx:CreateDataRepositoryTask", {**TASK, "Tags": [{"Key": "aws:x", "Value": ""}]}),
        ("fsx:CreateDataRepositoryTask", {**TASK, "Tags": [{"Key": "x", "Value": ""}]}),
    ),
    "s3-bucket": (put(Bucket="My-Bucket"), put(Bucket="a.b-0" + "x" * 58)),
    "s3-key": (put(Key="é" * 512 + "x"), put(Key="é" * 512)),
    "s3-metadata": (put(Metadata={"k": "v" * 2048}), put(Metadata={"k": "v" * 2047})),
    "s3-tags": (
        put(Tagging="&".join(f"t{number}=" for number in range(11))),
        put(Tagging="&".join(f"t{number}=" for number in range(10))),
    ),
    "s3-tag": (put(Tagging="k=" + "v" * 257), put(Tagging="k" * 128 + "=" + "v" * 256)),
    "s3-tag-reserved": (put(Tagging="aws%3Ax=1"), put(Tagging="x=aws%3A1")),
    "s3-part-number": (
        ("s3:UploadPart", {**OBJECT, "PartNumber": 10_001}),
        ("s3:UploadPart", {**OBJECT, "PartNumber": 10_000}),
    ),
    "s3-parts": (
        ("s3:CompleteMultipartUpload", {**OBJECT, "MultipartUpload": {"Parts": [{"PartNumber": n} for n in (2, 1)]}}),
        (
            "s3:CompleteMultipartUpload",
            {**OBJECT, "MultipartUpload": {"Parts": [{"PartNumber": n + 1} for n in range(10_000)]}},
        ),
    ),
    "s3-deleted": (
        ("s3:DeleteObjects", {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "k"}] * 1001}}),
        ("s3:DeleteObjects", {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "k"}] * 1000}}),
    ),
    "logs-group": (
        ("logs:GetLogEvents", {**LOG, "logGroupIdentifier": "/aws/batch/job"}),
        ("logs:GetLogEvents", {"logGroupIdentifier": "/aws/batch/job", "logStreamName": "s"}),
    ),
    "logs-token": (
        ("logs:GetLogEvents", {**LOG, "nextToken": "f/1"}),
        ("logs:GetLogEvents", {**LOG, "nextToken": "f/1", "startFromHead": True}),
    ),
    "logs-streams": (
        ("logs:FilterLogEvents", {"logGroupName": "g", "logStreamNames": ["s"], "logStreamNamePrefix": "s"}),
        ("logs:FilterLogEvents", {"logGroupName": "g", "logStreamNamePrefix": "s"}),
    ),
    "logs-span": (
        ("logs:GetLogEvents", {**LOG, "startTime": 2, "endTime": 1}),
        ("logs:GetLogEvents", {**LOG, "startTime": 1, "endTime": 1}),
    ),
    "fsx-export-paths": (
        ("fsx:CreateDataRepositoryTask", {**TASK, "Paths": ["/mnt/fsx/run"]}),
        ("fsx:CreateDataRepositoryTask", {**TASK, "Paths": ["run"]}),
    ),
    "fsx-report": (
        ("fsx:CreateDataRepositoryTask", {**TASK, "Report": {"Enabled": True}}),
        (
            "fsx:CreateDataRepositoryTask",
            {
                **TASK,
                "Report": {
                    "Enabled": True, "Path": "s3://b/r", "Format": "REPORT_CSV_20191124", "Scope": "FAILED_FILES_ONLY"
                },
            },
        ),
    ),
    "fsx-report-path": (
        ("fsx:CreateDataRepositoryTask", {**TASK, "Report": {"Enabled": False, "Path": "/reports"}}),
        ("fsx:CreateDataRepositoryTask", {**TASK, "Report": {"Enabled": False, "Path": "s3://b"}}),
    ),
    "fsx-association-path": (
        ("fsx:CreateDataRepositoryAssociation", {**LINK, "FileSystemPath": "data"}),
        ("fsx:CreateDataRepositoryAssociation", {**LINK, "FileSystemPath": "/"}),
    ),
    "fsx-association-repository": (
        ("fsx:CreateDataRepositoryAssociation", {**LINK, "DataRepositoryPath": "bucket/data"}),
        ("fsx:CreateDataRepositoryAssociation", {**LINK, "DataRepositoryPath": "s3://bucket"}),
    ),
    "ec2-user-data": (padded(16 * 1024 + 1), padded(16 * 1024)),
    "ec2-user-data-mime": (template(b"#!/bin/bash\n", mime=False), template(b"#!/bin/bash\n")),
}  # fmt: skip
"""By rule: a request that breaks it, and one that is right and as near to it as can be."""


def test_each_rule_is_tested() -> None:
    assert sorted(PLANTED) == sorted(rule.id for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_breach_is_found_and_a_good_request_is_not(rule) -> None:
    bad, good = PLANTED[rule.id]
    assert [breach.rule.id for breach in breaches(*bad)] == [rule.id]
    assert breaches(*good) == []
    operation, parameters = good
    assert operation in rule.operations
    assert rule.subjects(parameters), "the good request says nothing of it"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_a_sentence_with_a_source(rule) -> None:
    assert rule.later or rule.sentence.endswith(".")
    assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+\.html", rule.source)
    assert all(re.fullmatch(r"(batch|ec2|fsx|logs|s3):[A-Z]\w+", name) for name in rule.operations)


@pytest.mark.parametrize(
    ("request_", "broken"),
    [
        (submit(jobName="-x"), "batch-job-name"),
        (submit(jobName="x\n"), "batch-job-name"),
        (submit(arrayProperties={"size": 1}), "batch-array-size"),
        (submit(retryStrategy={"attempts": 0}), "batch-attempts"),
        (conditions({"action": "EXIT", "onReason": "a*b"}), "batch-condition-reason"),
        (conditions({"action": "EXIT", "onStatusReason": "x" * 513}), "batch-condition-reason"),
        (override(environment=[{"name": "AWS_BATCH", "value": ""}]), "batch-reserved-variable"),
        (override(resourceRequirements=[{"type": "VCPU", "value": "0"}]), "batch-resource"),
        (override(resourceRequirements=[{"type": "VCPU", "value": "0.5"}]), "batch-resource"),
        (submit(tags={"": "v"}), "tags-key"),
        (submit(**holding("")), "batch-consumable"),
        (("batch:CancelJobs", {"jobs": [], "reason": "r"}), "batch-stop-jobs"),
        (submit(schedulingPriorityOverride=-1), "batch-priority"),
        (("batch:TerminateJob", {"jobId": "x", "reason": ""}), "batch-stop-reason"),
        (put(Key=""), "s3-key"),
        (put(Bucket="a..b"), "s3-bucket"),
        (put(Tagging="k=1&k=2"), "s3-tags"),
        (("s3:UploadPart", {**OBJECT, "PartNumber": 0}), "s3-part-number"),
        (("s3:CompleteMultipartUpload", {**OBJECT, "MultipartUpload": {"Parts": []}}), "s3-parts"),
        (("s3:DeleteObjects", {"Bucket": "bucket", "Delete": {"Objects": []}}), "s3-deleted"),
        (("logs:GetLogEvents", {"logStreamName": "s"}), "logs-group"),
        (("logs:GetLogEvents", {**LOG, "nextToken": "f/1", "startFromHead": False}), "logs-token"),
    ],
)
def test_other_ends_of_the_rules(request_, broken) -> None:
    assert [breach.rule.id for breach in breaches(*request_)] == [broken]


def test_user_data_that_is_no_base64() -> None:
    found = breaches("ec2:CreateLaunchTemplate", {"LaunchTemplateData": {"UserData": "#!/bin/bash"}})
    assert [breach.rule.id for breach in found] == ["ec2-user-data", "ec2-user-data-mime"]


def test_a_breach_says_all() -> None:
    (breach,) = breaches(*submit(jobName="x" * 500))
    text = str(breach)
    assert text.startswith("batch:SubmitJob: A job's name has up to 128 letters")
    assert "[batch-job-name, https://docs.aws.amazon.com/" in text
    assert len(text) < 500


def test_other_operations_have_no_rules() -> None:
    assert rules_for("batch:DescribeEverything") == []
    assert breaches("iam:GetRole", {"RoleName": ""}) == []


def test_a_token_that_leads_backwards() -> None:
    assert breaches("logs:GetLogEvents", {**LOG, "nextToken": "b/1"}) == []


def test_paths() -> None:
    request = {"a": {"b": [{"c": 1}, {}, {"c": 2}]}, "m": {"k": "v"}, "n": None}
    assert list(values_at(request, "a.b[].c")) == [1, 2]
    assert list(values_at(request, "m{}")) == [("k", "v")]
    assert (
        list(values_at(request, "n")) == list(values_at(request, "a.x[].c")) == list(values_at(request, "m.k.x")) == []
    )
    assert list(values_at(request, "")) == [request]
