"""The template: what CloudFormation and its linter say, and what nobody but the template knows."""

from __future__ import annotations

import email
import json
import re
import subprocess
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint
from cfnlint.decode.cfn_yaml import loads

from miniwdl_aws_hooks.protocol import SENTINEL_NAME
from miniwdl_aws_infra.template import DATA, HOME_OF_FILE_SYSTEM, LIMIT, compact, hosts, rules, text, with_deletion

NOT_IN_MOTO = {
    "AWS::Budgets::Budget": "no CloudFormation support",
    "AWS::ECR::PullThroughCacheRule": "no CloudFormation support, no service either",
    "AWS::FSx::DataRepositoryAssociation": "no service; the local cloud has it",
    "AWS::FSx::FileSystem": "no CloudFormation support; the local cloud has it",
    "AWS::Batch::SchedulingPolicy": "no CloudFormation support; the local cloud has it",
    "AWS::Batch::ComputeEnvironment": "wants a service role; the local cloud doesn't",
    "AWS::Batch::JobQueue": "without tags and policies; the local cloud has them",
}
"""Types that moto can't deploy, or not as AWS does; what the local cloud lacks too is looked at here alone."""

TEMPLATE: dict[str, Any] = loads(text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
PSEUDO = re.compile(r"AWS::(AccountId|Partition|Region|StackName|URLSuffix|NoValue)")


def of_type(name: str) -> dict[str, Any]:
    return {key: item["Properties"] for key, item in RESOURCES.items() if item["Type"] == name}


@pytest.mark.parametrize("template", [text(), hosts()], ids=["whole", "hosts"])
def test_the_linter_has_nothing_to_say(template: str) -> None:
    assert [str(match) for match in lint(template, config=ManualArgs(regions=["eu-central-1"]))] == []


def test_what_is_sent_fits_into_a_request_and_says_the_same() -> None:
    sent = compact(text())
    assert loads(sent) == TEMPLATE
    assert not re.search(r"(?m)^ *(#|$)", sent.rstrip())
    assert len(with_deletion(sent, HOME_OF_FILE_SYSTEM).encode()) < LIMIT


def test_nothing_stands_there_that_cloudformation_does_not_read() -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html: no aliases
    assert not re.search(r"(?m)^[^#\n]*: [&*]\w", re.sub(r"(?s)# generated: user-data.*?# end\n", "", text()))
    assert text().isascii()


def test_the_parameters_are_described_and_grouped() -> None:
    assert list(rules(text())) == list(TEMPLATE["Parameters"])
    grouped = [
        name
        for group in TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for name in group["Parameters"]
    ]
    assert sorted(grouped) == sorted(TEMPLATE["Parameters"])
    assert all(item["Description"] and "Default" in item for item in TEMPLATE["Parameters"].values())


def references(value: Any) -> set[str]:
    """Names that a value refers to."""
    if isinstance(value, list):
        return set().union(*map(references, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, inner in value.items():
        if key == "Ref":
            found.add(inner)
        elif key == "Fn::GetAtt":
            found.add(inner[0] if isinstance(inner, list) else inner.partition(".")[0])
        elif key == "Fn::Sub":
            template, own = (inner[0], inner[1]) if isinstance(inner, list) else (inner, {})
            used = {name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", template)}
            found |= (used - set(own)) | references(own)
        else:
            found |= references(inner)
    return found


@pytest.mark.parametrize("kind", sorted(NOT_IN_MOTO))
def test_what_moto_does_not_deploy_refers_to_what_there_is(kind: str) -> None:
    made = of_type(kind)
    assert made, f"the template has no {kind} any more"
    known = {*RESOURCES, *TEMPLATE["Parameters"]}
    assert {name for name in references(list(made.values())) if not PSEUDO.fullmatch(name)} <= known


def test_the_table_of_what_moto_lacks_is_right() -> None:
    from moto.cloudformation.parsing import get_model_map

    unknown = {item["Type"] for item in RESOURCES.values()} - set(get_model_map())
    assert unknown <= set(NOT_IN_MOTO)


def test_the_file_system_is_of_a_version_that_can_be_linked_and_mounted() -> None:
    (system,) = of_type("AWS::FSx::FileSystem").values()
    assert system["FileSystemTypeVersion"] == "2.15"
    (link,) = of_type("AWS::FSx::DataRepositoryAssociation").values()
    assert "AutoExportPolicy" not in link["S3"]  # export tasks rule it out


def test_only_the_ports_of_lustre_are_open() -> None:
    rules = of_type("AWS::EC2::SecurityGroupIngress").values()
    assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules} == {
        ("tcp", 988, 988),
        ("tcp", 1018, 1023),
    }
    assert all("SourceSecurityGroupId" in rule for rule in rules)
    (group,) = of_type("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group


def user_data(template: dict[str, Any]) -> str:
    """The user data of hosts, with the file system filled in as CloudFormation does."""
    data = template["Resources"]["HostTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    body, variables = data["Fn::Base64"]["Fn::Sub"]
    assert set(variables) == {"DnsName", "MountName"}
    body = body.replace("${DnsName}", "fs-1.fsx.eu-central-1.amazonaws.com").replace("${MountName}", "abcdefgh")
    assert re.findall(r"\$\{(?!!)", body) == [], "a variable of the shell that CloudFormation would look for"
    return body.replace("${!", "${")


@pytest.mark.parametrize("template", [text(), hosts()], ids=["whole", "hosts"])
def test_the_user_data_is_what_hosts_take(template: str) -> None:
    body = user_data(loads(template))
    assert len(body) < 16 * 1024
    message = email.message_from_string(body)
    (part,) = message.get_payload()
    script = part.get_payload()
    assert "fs-1.fsx.eu-central-1.amazonaws.com@tcp:/abcdefgh" in script
    assert SENTINEL_NAME in script
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert checked.stderr == ""


def test_the_queue_has_the_tags_that_a_submission_reads() -> None:
    assert set(RESOURCES["WorkflowQueue"]["Properties"]["Tags"]) == {
        "DefaultTaskQueue", "DefaultTaskQueueFallback", "DefaultFsId", "DefaultStaging", "DefaultShareIdentifier",
        "WorkflowImage", "WorkflowEngineRoleArn",
    }  # fmt: skip


def test_hosts_are_updated_in_place() -> None:
    for made in of_type("AWS::Batch::ComputeEnvironment").values():
        assert made["ReplaceComputeEnvironment"] is False
        assert "ServiceRole" not in made
        assert made["ComputeResources"]["MinvCpus"] == 0
        assert made["ComputeResources"]["AllocationStrategy"] in {
            "BEST_FIT_PROGRESSIVE", "SPOT_PRICE_CAPACITY_OPTIMIZED",
        }  # fmt: skip


def test_task_queues_let_go_of_jobs_that_no_host_can_take() -> None:
    queues = of_type("AWS::Batch::JobQueue")
    for name, made in queues.items():
        if name != "WorkflowQueue":
            reasons = {item["Reason"] for item in made["JobStateTimeLimitActions"]}
            assert reasons == {
                "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
                "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
            }


def test_data_and_the_network_under_it_outlive_the_stack() -> None:
    kept = {name for name, item in RESOURCES.items() if item.get("DeletionPolicy") == "RetainExceptOnCreate"}
    assert kept == {*DATA, *HOME_OF_FILE_SYSTEM}
    assert all(RESOURCES[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_whoever_asks_can_have_the_file_system_deleted() -> None:
    changed = loads(with_deletion(compact(text()), HOME_OF_FILE_SYSTEM))["Resources"]
    gone = {name for name, item in changed.items() if item.get("DeletionPolicy") == "Delete"}
    assert gone == set(HOME_OF_FILE_SYSTEM)
    assert all("Metadata" in changed[name] for name in gone)
    assert changed["Bucket"] == RESOURCES["Bucket"]


def test_a_policy_allows_nothing_on_all_resources_but_looking() -> None:
    documents = [
        *(policy for role in of_type("AWS::IAM::Role").values() for policy in role["Policies"]),
        *of_type("AWS::IAM::Policy").values(),
        *of_type("AWS::IAM::ManagedPolicy").values(),
    ]
    everywhere = {
        action
        for document in documents
        for statement in document["PolicyDocument"]["Statement"]
        if statement["Resource"] == ["*"]
        for action in statement["Action"]
    }
    looks = re.compile(r"\w+:(Describe|List)\w+|ecr:GetAuthorizationToken|ecs:DiscoverPollEndpoint|pricing:GetProducts")
    assert {action for action in everywhere if not looks.fullmatch(action)} == set()


def test_policies_name_nothing_of_the_documentation() -> None:
    assert not re.search(r"YOUR-|123456789012", json.dumps(RESOURCES))
