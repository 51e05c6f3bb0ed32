"""
What each role of a setup must be allowed to do: one table, from which policies and their documentation are made.

Nothing here asks AWS for anything. Names in resources are those of docs/how-to/set-up-aws.md, to be replaced.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.job import DEFAULT_LOG_GROUP

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["STATEMENTS", "Role", "Statement", "policy", "statements"]

INPUTS, BUCKET = "arn:aws:s3:::YOUR-INPUTS", "arn:aws:s3:::YOUR-BUCKET"
ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:*:{ACCOUNT}:key/YOUR-KEY"
QUEUES = f"arn:aws:batch:*:{ACCOUNT}:job-queue/miniwdl-*"
JOBS = f"arn:aws:batch:*:{ACCOUNT}:job/*"
DEFINITIONS = f"arn:aws:batch:*:{ACCOUNT}:job-definition/*"
LOG_GROUP = f"arn:aws:logs:*:{ACCOUNT}:log-group:{DEFAULT_LOG_GROUP}"
FILE_SYSTEMS, REPOSITORY_TASKS = f"arn:aws:fsx:*:{ACCOUNT}:file-system/*", f"arn:aws:fsx:*:{ACCOUNT}:task/*"
REPOSITORIES = f"arn:aws:ecr:*:{ACCOUNT}:repository/*"
CACHES = ("docker-hub", "ecr-public", "github", "quay")
"""Prefixes of pull-through caches, as AWS's pages and docs/how-to/images.md name them."""
CLUSTERS, HOSTS, TASKS = (f"arn:aws:ecs:*:{ACCOUNT}:{kind}/*" for kind in ("cluster", "container-instance", "task"))
STACKS = f"arn:aws:cloudformation:*:{ACCOUNT}:stack/miniwdl*/*"


class Role(Enum):
    """Who asks AWS for something."""

    SUBMITTER = "submitter"
    """Who submits runs and looks after them."""
    WORKFLOW = "workflow"
    """The workflow job, which runs miniwdl."""
    ADMINISTRATOR = "administrator"
    """Who sets the account up, on top of what a submitter may."""
    HOST = "host"
    """The instances on which jobs run: their ECS agent, which also pulls images and writes logs."""
    EXECUTION = "execution"
    """The execution role of jobs, by which the ECS agent makes them ready."""


@dataclass(frozen=True)
class Statement:
    """Something that a role does, with the permissions that it takes."""

    sid: str
    role: Role
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    when: str = ""
    """Completes "where": in which setups it is needed; empty for all of them."""
    condition: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Write it as IAM wants it."""
        found: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return {**found, "Condition": dict(self.condition)} if self.condition else found


def _passed_to(service: str) -> dict[str, Any]:
    return {"StringEquals": {"iam:PassedToService": service}}


def _jobs(role: Role) -> Statement:
    """
    Submit jobs to the queues of a setup, and stop them.

    Each of the actions takes ARNs of one kind or two, and ignores the others.
    """
    actions = ("GetJobQueueSnapshot", "RegisterJobDefinition", "SubmitJob", "TagResource", "TerminateJob")
    return Statement("Jobs", role, tuple(f"batch:{name}" for name in actions), (QUEUES, DEFINITIONS, JOBS))


STATEMENTS: tuple[Statement, ...] = (
    Statement("LookAtJobs", Role.WORKFLOW, ("batch:DescribeJobDefinitions", "batch:DescribeJobs", "batch:ListJobs")),
    _jobs(Role.WORKFLOW),
    Statement("RunsDefinitions", Role.WORKFLOW, ("batch:DeregisterJobDefinition",), (DEFINITIONS,)),
    Statement("LinkedBuckets", Role.WORKFLOW, ("fsx:DescribeDataRepositoryAssociations",)),
    Statement(
        "FileSystem",
        Role.WORKFLOW,
        ("fsx:DescribeFileSystems",),
        when="`miniwdl run` is called by hand with `[aws] fs`; for a submitted run, the submission has looked it up",
    ),
    Statement("Lists", Role.WORKFLOW, ("s3:ListBucket",), (BUCKET, INPUTS)),
    Statement("Inputs", Role.WORKFLOW, ("s3:GetObject",), (f"{BUCKET}/*", f"{INPUTS}/*")),
    Statement(
        "Results",
        Role.WORKFLOW,
        ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"),
        (f"{BUCKET}/*",),
    ),
    Statement("OpenUploads", Role.WORKFLOW, ("s3:ListBucketMultipartUploads",), (BUCKET,)),
    Statement(
        "Export",
        Role.WORKFLOW,
        ("fsx:CreateDataRepositoryTask", "fsx:DescribeDataRepositoryTasks"),
        (FILE_SYSTEMS, REPOSITORY_TASKS),
        when="results are written by FSx (`--publish export`)",
    ),
    Statement(
        "ResultTags",
        Role.WORKFLOW,
        ("s3:PutObjectTagging",),
        (f"{BUCKET}/*",),
        when="results get tags (`[s3_rails] object_tags`)",
    ),
    Statement(
        "EncryptedInputs",
        Role.WORKFLOW,
        ("kms:Decrypt",),
        (KEY,),
        when="inputs are encrypted with a key of KMS (SSE-KMS)",
    ),
    Statement(
        "EncryptedResults",
        Role.WORKFLOW,
        ("kms:Decrypt", "kms:GenerateDataKey"),
        (KEY,),
        when="results are encrypted with a key of KMS; an upload in parts decrypts, too",
    ),
    Statement(
        "HostsOfTasks",
        Role.WORKFLOW,
        ("ecs:DescribeContainerInstances",),
        (HOSTS,),
        when="a run is to record on which instances its tasks ran (`batch_hosts.jsonl`)",
    ),
    Statement(
        "SpotHosts",
        Role.WORKFLOW,
        ("batch:DescribeComputeEnvironments", "batch:DescribeJobQueues"),
        when="it is to record which of them were spot instances, too",
    ),
    Statement(
        "PricesOfTasks",
        Role.WORKFLOW,
        ("ec2:DescribeSpotPriceHistory", "pricing:GetProducts"),
        when="a run is to say at its end what it cost; that takes the two before as well",
    ),
    Statement(
        "UnmanagedHosts",
        Role.WORKFLOW,
        ("ec2:DescribeInstances",),
        when="it is to record so of instances that AWS Batch doesn't make (unmanaged compute environments)",
    ),
    Statement(
        "TaskRoles",
        Role.WORKFLOW,
        ("iam:PassRole",),
        (f"arn:aws:iam::{ACCOUNT}:role/YOUR-TASK-ROLE",),
        when="tasks have a role of their own (`jobRoleArn`), or one for their start (`executionRoleArn`)",
        condition=_passed_to("ecs-tasks.amazonaws.com"),
    ),
    Statement(
        "LookAtJobs",
        Role.SUBMITTER,
        ("batch:DescribeJobDefinitions", "batch:DescribeJobQueues", "batch:DescribeJobs", "batch:ListJobs"),
    ),
    _jobs(Role.SUBMITTER),
    Statement(
        "Sweep",
        Role.SUBMITTER,
        ("batch:DeregisterJobDefinition",),
        (DEFINITIONS,),
        when="`miniwdl-aws sweep` is to deregister the job definitions of runs that were killed",
    ),
    Statement("Shell", Role.SUBMITTER, ("ecs:ExecuteCommand",), (CLUSTERS, TASKS), when="`miniwdl-aws shell` is used"),
    # Requests about a group are checked against its name, those about a stream against what follows it.
    Statement("Logs", Role.SUBMITTER, ("logs:FilterLogEvents", "logs:GetLogEvents"), (LOG_GROUP, f"{LOG_GROUP}:*")),
    Statement(
        "FileSystem",
        Role.SUBMITTER,
        ("fsx:DescribeDataRepositoryAssociations", "fsx:DescribeFileSystems"),
    ),
    Statement("Lists", Role.SUBMITTER, ("s3:ListBucket",), (BUCKET, INPUTS)),
    Statement(
        "Staging",
        Role.SUBMITTER,
        ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
        (f"{BUCKET}/staging/*",),
    ),
    Statement("OpenUploads", Role.SUBMITTER, ("s3:ListBucketMultipartUploads",), (BUCKET,)),
    Statement(
        "SweepUploads",
        Role.SUBMITTER,
        ("s3:AbortMultipartUpload",),
        (f"{BUCKET}/*",),
        when="`miniwdl-aws sweep --uploads` is to give up uploads that nobody ends any more",
    ),
    Statement(
        "Outputs",
        Role.SUBMITTER,
        ("s3:GetObject",),
        (f"{BUCKET}/*",),
        when="`miniwdl-aws outputs` and `report` are to read results",
    ),
    Statement(
        "Prices",
        Role.SUBMITTER,
        ("ec2:DescribeSpotPriceHistory", "pricing:GetProducts"),
        when="`miniwdl-aws report` is to say what runs cost",
    ),
    Statement("LookAtInputs", Role.SUBMITTER, ("s3:GetObject",), (f"{INPUTS}/*",)),
    Statement(
        "WorkflowRole",
        Role.SUBMITTER,
        ("iam:PassRole",),
        (f"arn:aws:iam::{ACCOUNT}:role/miniwdl-workflow",),
        condition=_passed_to("ecs-tasks.amazonaws.com"),
    ),
    Statement(
        "EncryptedStaging",
        Role.SUBMITTER,
        ("kms:Decrypt", "kms:GenerateDataKey"),
        (KEY,),
        when="staged files are encrypted with a key of KMS",
    ),
    Statement(
        "Setup",
        Role.ADMINISTRATOR,
        (
            "batch:DescribeComputeEnvironments",
            "batch:DescribeJobQueues",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "fsx:DescribeDataRepositoryAssociations",
            "fsx:DescribeFileSystems",
            "servicequotas:GetServiceQuota",
        ),
        when="`miniwdl-aws doctor` and `miniwdl-aws fsx show` are to see everything",
    ),
    Statement(
        "SimulateRole",
        Role.ADMINISTRATOR,
        ("iam:SimulatePrincipalPolicy",),
        (f"arn:aws:iam::{ACCOUNT}:role/miniwdl-workflow",),
        when="`miniwdl-aws doctor` is to see whether the workflow job's role may do what it needs",
    ),
    Statement(
        "LookIntoImages",
        Role.ADMINISTRATOR,
        ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        (REPOSITORIES,),
        when="`miniwdl-aws doctor` is to look into images in ECR",
    ),
    Statement(
        "FoldersOfRuns",
        Role.ADMINISTRATOR,
        ("s3:AbortMultipartUpload", "s3:PutObject"),
        (f"{BUCKET}/*",),
        when="`miniwdl-aws doctor` is to try the folders of results: it begins an upload and gives it up",
    ),
    Statement(
        "LaunchTemplate",
        Role.ADMINISTRATOR,
        (
            "ec2:CreateLaunchTemplate",
            "ec2:CreateLaunchTemplateVersion",
            "ec2:DescribeLaunchTemplates",
            "ec2:ModifyLaunchTemplate",
        ),
        when="`miniwdl-aws fsx user-data --launch-template` is to write the template",
    ),
    Statement(
        "RepositoryTasks",
        Role.ADMINISTRATOR,
        ("fsx:CreateDataRepositoryTask", "fsx:DescribeDataRepositoryTasks", "s3:GetObject", "s3:ListBucket"),
        when="`miniwdl-aws fsx import` and `release` are used",
    ),
    Statement(
        "ImageCaches",
        Role.ADMINISTRATOR,
        ("ecr:CreatePullThroughCacheRule", "secretsmanager:CreateSecret"),
        when="rules for [pull-through caches](../how-to/images.md) are to be made",
    ),
    Statement(
        "CachedImages",
        Role.HOST,
        ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository"),
        tuple(f"arn:aws:ecr:*:{ACCOUNT}:repository/{name}/*" for name in CACHES),
        when="images come from a pull-through cache (`[aws] image_rewrite`); one resource for each rule",
    ),
    Statement(
        "Logins",
        Role.EXECUTION,
        ("secretsmanager:GetSecretValue",),
        (f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:registries/*",),
        when="registries want a login (`[aws] repository_credentials`)",
    ),
    Statement(
        "EncryptedLogins",
        Role.EXECUTION,
        ("kms:Decrypt",),
        (KEY,),
        when="the secret is encrypted with a key of yours",
    ),
    Statement(
        "Stacks",
        Role.ADMINISTRATOR,
        (
            "cloudformation:CreateChangeSet",
            "cloudformation:DeleteChangeSet",
            "cloudformation:DeleteStack",
            "cloudformation:DescribeChangeSet",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResources",
            "cloudformation:DescribeStacks",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:GetTemplate",
        ),
        (STACKS,),
        when="`miniwdl-aws infra` is used; CloudFormation makes everything else with the permissions of whoever "
        "deploys, so that takes an administrator's",
    ),
    Statement(
        "LogGroups",
        Role.ADMINISTRATOR,
        ("logs:DescribeLogGroups",),
        when="`miniwdl-aws infra deploy` is to see whether the log group exists already, and `miniwdl-aws doctor` for "
        "how long it keeps events",
    ),
    # The managed policy AmazonEC2ContainerServiceforEC2Role, version 10, with resources, and without ecs:CreateCluster:
    # AWS Batch makes the clusters.
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEC2ContainerServiceforEC2Role.html
    Statement("Agent", Role.HOST, ("ec2:DescribeTags", "ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint")),
    Statement(
        "Cluster",
        Role.HOST,
        (
            "ecs:DeregisterContainerInstance",
            "ecs:Poll",
            "ecs:RegisterContainerInstance",
            "ecs:StartTelemetrySession",
            "ecs:SubmitAttachmentStateChanges",
            "ecs:SubmitContainerStateChange",
            "ecs:SubmitTaskStateChange",
            "ecs:UpdateContainerInstancesState",
        ),
        (CLUSTERS, HOSTS),
    ),
    Statement(
        "TagItself",
        Role.HOST,
        ("ecs:TagResource",),
        (HOSTS,),
        condition={"StringEquals": {"ecs:CreateAction": "RegisterContainerInstance"}},
    ),
    Statement("Tags", Role.HOST, ("ecs:ListTagsForResource",), (HOSTS, TASKS)),
    Statement(
        "Images",
        Role.HOST,
        ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        (REPOSITORIES,),
    ),
    Statement("Logs", Role.HOST, ("logs:CreateLogStream", "logs:PutLogEvents"), (f"{LOG_GROUP}:*",)),
)


def statements(role: Role) -> list[Statement]:
    """List what a role does, in the order of the table."""
    return [item for item in STATEMENTS if item.role is role]


def policy(role: Role, also: Collection[str] = ()) -> dict[str, Any]:
    """
    Write the policy of a role.

    :param also: ``sid`` of those statements to add that not every setup needs.
    """
    chosen = [item for item in statements(role) if not item.when or item.sid in also]
    return {"Version": "2012-10-17", "Statement": [item.document() for item in chosen]}
