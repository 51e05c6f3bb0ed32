"""Stacks of CloudFormation make queues that run jobs, and file systems that outlive them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import User

KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def template(cloud_subnet: str, cloud_group: str) -> dict[str, Any]:
    resources = {
        "Type": "EC2",
        "MinvCpus": 0,
        "MaxvCpus": {"Ref": "Vcpus"},
        "InstanceTypes": {"Ref": "Types"},
        "InstanceRole": "ecsInstanceRole",
        "Subnets": [cloud_subnet],
        "SecurityGroupIds": [cloud_group],
    }
    return {
        "Parameters": {
            "Vcpus": {"Type": "Number", "Default": 4},
            "Types": {"Type": "CommaDelimitedList", "Default": "m5,c5"},
            "More": {"Type": "String", "Default": "no"},
        },
        "Conditions": {"More": {"Fn::Equals": [{"Ref": "More"}, "yes"]}},
        "Resources": {
            "System": {
                "Type": "AWS::FSx::FileSystem",
                **KEPT,
                "Properties": {"FileSystemType": "LUSTRE", "StorageCapacity": 1200, "SubnetIds": [cloud_subnet]},
            },
            "Bucket": {"Type": "AWS::S3::Bucket", **KEPT, "Properties": {}},
            "Link": {
                "Type": "AWS::FSx::DataRepositoryAssociation",
                "Properties": {
                    "FileSystemId": {"Ref": "System"},
                    "FileSystemPath": "/s3",
                    "DataRepositoryPath": {"Fn::Sub": "s3://${Bucket}/"},
                },
            },
            "Environment": {
                "Type": "AWS::Batch::ComputeEnvironment",
                "Properties": {"Type": "MANAGED", "ComputeResources": resources},
            },
            "Policy": {"Type": "AWS::Batch::SchedulingPolicy", "Properties": {"FairsharePolicy": {}}},
            "Queue": {
                "Type": "AWS::Batch::JobQueue",
                "Properties": {
                    "JobQueueName": "of-a-stack",
                    "Priority": 1,
                    "SchedulingPolicyArn": {"Fn::GetAtt": ["Policy", "Arn"]},
                    "ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": {"Ref": "Environment"}}],
                    "Tags": {"DefaultFsId": {"Ref": "System"}, "More": {"Fn::If": ["More", "many", "few"]}},
                },
            },
            "Another": {
                "Type": "AWS::Batch::JobQueue",
                "Condition": "More",
                "Properties": {
                    "Priority": 1,
                    "ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": {"Ref": "Environment"}}],
                },
            },
        },
        "Outputs": {"Mount": {"Value": {"Fn::GetAtt": ["System", "LustreMountName"]}}},
    }


def test_the_life_of_a_stack(user: User) -> None:
    stacks, fsx, s3 = user.client("cloudformation"), user.client("fsx"), user.client("s3")
    hosts = user.batch.describe_compute_environments(computeEnvironments=["task"])["computeEnvironments"][0]
    hosts = hosts["computeResources"]
    text = json.dumps(template(hosts["subnets"][0], hosts["securityGroupIds"][0]))

    def change(kind: str, **parameters: str) -> list[tuple[str, str]]:
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        made = stacks.create_change_set(
            StackName="mine", ChangeSetName=f"c-{kind}", ChangeSetType=kind, TemplateBody=text, Parameters=given
        )
        changes = stacks.describe_change_set(ChangeSetName=made["Id"])["Changes"]
        stacks.execute_change_set(ChangeSetName=made["Id"])
        return sorted(
            (item["ResourceChange"]["Action"], item["ResourceChange"]["LogicalResourceId"]) for item in changes
        )

    made = change("CREATE")
    assert ("Add", "Queue") in made
    assert ("Add", "Another") not in made  # its condition is false
    (stack,) = stacks.describe_stacks(StackName="mine")["Stacks"]
    found = {
        item["LogicalResourceId"]: item for item in stacks.describe_stack_resources(StackName="mine")["StackResources"]
    }
    assert set(found) == {name for _, name in made}
    system = found["System"]["PhysicalResourceId"]
    (described,) = fsx.describe_file_systems(FileSystemIds=[system])["FileSystems"]
    assert stack["Outputs"][0]["OutputValue"] == described["LustreConfiguration"]["MountName"]
    assert len(fsx.describe_data_repository_associations()["Associations"]) == 1

    (queue,) = user.batch.describe_job_queues(jobQueues=["of-a-stack"])["jobQueues"]
    assert queue["tags"] == {"DefaultFsId": system, "More": "few"}
    job = user.submit("echo hello", queue="of-a-stack", shareIdentifier="mine")
    assert user.ended(job)["status"] == "SUCCEEDED"

    assert change("UPDATE", Vcpus="4", More="yes") == [("Add", "Another"), ("Modify", "Queue")]
    (queue,) = user.batch.describe_job_queues(jobQueues=["of-a-stack"])["jobQueues"]
    assert queue["tags"]["More"] == "many"

    bucket = found["Bucket"]["PhysicalResourceId"]
    stacks.delete_stack(StackName="mine")
    assert user.batch.describe_job_queues(jobQueues=["of-a-stack"])["jobQueues"] == []
    assert fsx.describe_data_repository_associations()["Associations"] == []
    assert fsx.describe_file_systems(FileSystemIds=[system])["FileSystems"]
    assert bucket in [item["Name"] for item in s3.list_buckets()["Buckets"]]
