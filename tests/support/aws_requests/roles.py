"""
Whether the table of permissions, from which the documentation's policies are made, is what is asked for.

On the local cloud, commands have one access key and jobs another: so a request tells by whose role it would come.
Commands are those of submitters and, where they look at the setup, of administrators: the same person, here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.permissions import Role, statements

from .recorder import Fault

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from .recorder import Recorder

__all__ = ["Permissions", "actions_of"]

RULE = "documented-permission"
TABLE = "miniwdl_aws_core.aws.permissions"

_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectsV2": "ListBucket",
    "UploadPart": "PutObject",
}
"""Permissions that have another name than their operation; see
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""
_BULK = {"batch:TerminateJobs": "batch:TerminateJob", "batch:CancelJobs": "batch:CancelJob"}
"""The same, of AWS Batch; see https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJobs.html"""
_TAGGED = {"batch:SubmitJob": "batch:TagResource", "batch:RegisterJobDefinition": "batch:TagResource"}

COMMANDS, JOBS = "commands", "workflow jobs"
ROLES = {COMMANDS: Role.SUBMITTER, JOBS: Role.WORKFLOW}
BESIDE = {COMMANDS: Role.ADMINISTRATOR}
"""Who else may send what comes from there; much of what such a role may do is done by the AWS CLI."""

_KEYS = "KMS asks for it on S3's behalf; nobody calls it"
_ROLES = "no test on the local cloud gives jobs a role; batch-backend's and submit-cli's own tests do"
_HOSTS = "jobs of the local cloud have no hosts that cost something; run-report's own tests ask for prices"
_UNMANAGED = "AWS Batch makes the hosts of the local cloud; batch-backend's own tests have others"
_CHANCE = "asked for when something goes wrong or takes long; the parts' own tests make it so"
_PARTS = "asked for where files are large enough to go in parts; s3-rails' and submit-cli's own tests have such"
UNUSED: dict[str, dict[str, str]] = {
    COMMANDS: {
        "batch:GetJobQueueSnapshot": _CHANCE,
        "ec2:DescribeSpotPriceHistory": _HOSTS,
        "ecs:ExecuteCommand": "`miniwdl-aws shell` hands over to the AWS CLI, which asks for it",
        "iam:PassRole": _ROLES,
        "kms:Decrypt": _KEYS,
        "kms:GenerateDataKey": _KEYS,
        "logs:FilterLogEvents": _CHANCE,
        "pricing:GetProducts": _HOSTS,
        "s3:ListBucketMultipartUploads": _PARTS,
    },
    JOBS: {
        "batch:GetJobQueueSnapshot": _CHANCE,
        "batch:ListJobs": _CHANCE,
        "ec2:DescribeInstances": _UNMANAGED,
        "ec2:DescribeSpotPriceHistory": _HOSTS,
        "iam:PassRole": _ROLES,
        "kms:Decrypt": _KEYS,
        "kms:GenerateDataKey": _KEYS,
        "pricing:GetProducts": _HOSTS,
        "s3:ListBucketMultipartUploads": _PARTS,
    },
}
"""Permissions in the table that no test on the local cloud needs for sure, with the reason."""


def actions_of(operation: OperationModel, parameters: dict[str, Any]) -> set[str]:
    """List the IAM actions that a request needs."""
    service, name = operation.service_model.signing_name, operation.name  # as IAM names it
    if service == "s3":
        return {f"s3:{_S3.get(name, name)}"} | ({"s3:PutObjectTagging"} if parameters.get("Tagging") else set())
    found = {_BULK.get(f"{service}:{name}", f"{service}:{name}")}
    if parameters.get("tags"):
        found |= {_TAGGED[whole] for whole in found & _TAGGED.keys()}
    if (parameters.get("containerProperties") or {}).get("jobRoleArn"):
        found.add("iam:PassRole")
    return found


def _actions(role: Role) -> set[str]:
    return {action for item in statements(role) for action in item.actions}


class Permissions:
    """What the table allows to whom."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.given = {who: _actions(role) for who, role in ROLES.items()}
        """What a role's policy has."""
        self.allowed = {who: self.given[who] | (_actions(BESIDE[who]) if who in BESIDE else set()) for who in ROLES}

    def check(self, application: Any, key: str, operation: OperationModel, parameters: dict[str, Any]) -> list[Fault]:
        """
        Find what the role that a request comes from may not do.

        :param application: the server that it came to.
        :param key: the access key that it is signed with; empty when it is not signed.
        """
        keys = {getattr(application, "access_key", ""): COMMANDS, getattr(application, "job_key", ""): JOBS}
        who = keys.get(key) if key else None
        if who is None:
            return []
        wanted = actions_of(operation, parameters)
        for action in wanted:
            self._recorder.used(f"{who}: {action}")
        return [
            Fault(RULE, f"{TABLE} doesn't allow {action} to {who}, which {operation.name} needs [{RULE}]")
            for action in sorted(wanted - self.allowed[who])
        ]

    def complaints(self, used: set[str]) -> list[str]:
        """Say what the table allows for nothing."""
        found = []
        for who, given in self.given.items():
            asked = {action for each, _, action in (item.partition(": ") for item in used) if each == who}
            idle = given - asked - UNUSED[who].keys()
            found += [f"{TABLE} allows {action} to {who}, and nothing asks for it" for action in idle]
        return sorted(found)
