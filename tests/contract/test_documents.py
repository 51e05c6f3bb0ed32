"""
What we hand to AWS as documents is linted by cfn-lint, as resources of a template that nobody deploys.

cfn-lint has CloudFormation's schemas, with the values of enumerations and the patterns of names, and the list of all
IAM actions, in its wheel: it asks nobody.
"""

from __future__ import annotations

import copy
import email
import json
import re
from email import policy
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_batch_backend.jobs.draft import task_properties
from miniwdl_aws_core.batch.definition import build_definition
from miniwdl_aws_core.batch.mounts import plan_mounts
from miniwdl_aws_fsx_mount.hosts.user_data import HostOptions, encode, user_data
from miniwdl_aws_hooks import Mount

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = {
    "jobRoleArn": "arn:aws:iam::123456789012:role/task",
    "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
    "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
    "sharedMemorySize": 64,
    "privileged": True,
}
CLOUD_INIT = {"text/x-shellscript", "text/cloud-config", "text/cloud-boothook"}
"""What cloud-init does with a part, by its type:
https://cloudinit.readthedocs.io/en/latest/explanation/format.html"""


def for_cloudformation(value: Any) -> Any:
    """Write names as CloudFormation does, which begins them with a capital letter."""
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: for_cloudformation(item) for key, item in value.items()}
    return [for_cloudformation(item) for item in value] if isinstance(value, list) else value


def documents_of(root: Path) -> list[tuple[str, Any]]:
    """JSON documents of the documentation, with their titles."""
    blocks = re.compile(r'(?s)```json title="([^"]+)"\n(.*?)```')
    pages = sorted(root.glob("docs/**/*.md"))
    return [(name, json.loads(text)) for page in pages for name, text in blocks.findall(page.read_text())]


def policies_of(root: Path) -> dict[str, Any]:
    """Policies of the documentation; single statements are made policies."""
    written: dict[str, Any] = {}
    for name, document in documents_of(root):
        whole = {"Version": "2012-10-17", "Statement": [document]} if "Effect" in document else document
        if "Statement" in whole:
            written.setdefault(re.sub(r"\W", "", name.title()), whole)
    return written


def definition_of(role: str) -> dict[str, Any]:
    """Build a job definition with all that a task can ask of it."""
    mounts = plan_mounts(
        [Mount("fsx", "/mnt/fsx", {"host": {"sourcePath": "/mnt/fsx"}})], "/mnt/fsx", "/mnt/fsx/run/jobs"
    )
    properties = task_properties({"logConfiguration": {"logDriver": "awslogs"}}, {}, RUNTIME, "1000:1000")
    return build_definition(
        f"miniwdl-{role}-", image="ubuntu:22.04", mounts=mounts, properties=properties, subject=role, fair_share=True
    )


@pytest.fixture(scope="session")
def resources(root: Path) -> dict[str, Any]:
    """All documents, as resources of CloudFormation."""
    policies = policies_of(root)
    assert {"SubmitterPolicyJson", "WorkflowPolicyJson"} < policies.keys(), "the documentation has them"
    made: dict[str, Any] = {
        name: {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
        for name, document in policies.items()
    }
    environment = for_cloudformation(dict(documents_of(root))["compute-environment.json"])
    data = {"UserData": encode(user_data(HostOptions("fs-1.fsx.eu-west-1.amazonaws.com", "abcdefgh")))}
    return {
        **made,
        "Environment": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": environment},
        "Template": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {"LaunchTemplateName": "miniwdl-fsx", "LaunchTemplateData": data},
        },
        "Definition": {
            "Type": "AWS::Batch::JobDefinition",
            "Properties": for_cloudformation(definition_of("task")),
        },
    }


def lint(resources: dict[str, Any]) -> list[str]:
    """Say what cfn-lint finds."""
    # Not above, where each worker would import it to collect tests: it takes a second, with sympy and networkx.
    from cfnlint import api
    from cfnlint.config import ManualArgs

    template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, indent=1)
    found = api.lint(template, config=ManualArgs(regions=["us-east-1"]))
    return [f"{match.rule.id} {match.message[:300]} ({'/'.join(map(str, match.path or ()))})" for match in found]


def test_they_are_right(resources: dict[str, Any]) -> None:
    assert lint(resources) == []


def test_mistakes_are_found(resources: dict[str, Any]) -> None:
    """All in one go, since reading the schemas is what takes long."""
    spoilt = {name: resource["Properties"] for name, resource in copy.deepcopy(resources).items()}
    spoilt["SubmitterPolicyJson"]["PolicyDocument"]["Statement"][0]["Action"][0] = "batch:SubmitJobs"
    spoilt["WorkflowPolicyJson"]["PolicyDocument"]["Statement"][0]["Effect"] = "Permit"
    spoilt["Environment"]["ComputeResources"]["AllocationStrategy"] = "CHEAPEST"
    spoilt["Template"]["LaunchTemplateData"]["Userdata"] = "x"
    container = spoilt["Definition"]["ContainerProperties"]
    container["ResourceRequirements"][0]["Type"] = "CPU"
    container["MountPoints"][0]["ContainerDir"] = container["MountPoints"][0].pop("ContainerPath")
    found = lint({name: {**resources[name], "Properties": properties} for name, properties in spoilt.items()})
    assert {(line.split()[0], line.rpartition("(Resources/")[2].partition("/")[0]) for line in found} >= {
        ("W3037", "SubmitterPolicyJson"),
        ("E3510", "WorkflowPolicyJson"),
        ("E3030", "Environment"),
        ("E3002", "Template"),
        ("E3030", "Definition"),
        ("E3002", "Definition"),
    }


@pytest.mark.parametrize("amazon_linux", ["2023", "2"])
@pytest.mark.parametrize("scratch", [False, True])
def test_cloud_init_knows_each_part_of_the_user_data(amazon_linux: str, scratch: bool) -> None:
    text = user_data(HostOptions("fs-1", "abcdefgh", amazon_linux=amazon_linux, scratch=scratch))
    message = email.message_from_string(text, policy=policy.default)
    parts = list(message.iter_parts())
    assert parts
    assert {part.get_content_type() for part in parts} <= CLOUD_INIT
    assert not any(part.defects for part in [message, *parts])
