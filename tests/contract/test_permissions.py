"""The table of permissions allows every request that the code makes; the documentation is made from it."""

import re

import pytest

from miniwdl_aws_core.aws.permissions import Role, statements

REQUEST = re.compile(r'call(?:_once)?\(\s*"(\w+)"|client\.(?!meta|get_paginator)(\w+)\(|get_paginator\(\s*"(\w+)"')

S3 = {
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "copy_object": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "delete_object": "s3:DeleteObject",
    "get_object": "s3:GetObject",
    "head_object": "s3:GetObject",
    "list_multipart_uploads": "s3:ListBucketMultipartUploads",
    "list_objects_v2": "s3:ListBucket",
    "complete_multipart_upload": "s3:PutObject",
    "put_object": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "upload_part_copy": "s3:PutObject",
}
ANONYMOUS = {"head_bucket"}
"""Asked without credentials, for a bucket's region only."""


def requests(root, package, service):
    """IAM actions that a package's requests need, by the names of boto3's methods."""
    found = set()
    for source in root.glob(f"packages/{package}/src/**/*.py"):
        if "preflight" in (source.stem, source.parent.name):
            continue  # for whoever sets the account up
        found |= {next(filter(None, names)) for names in REQUEST.findall(source.read_text())}
    found -= ANONYMOUS
    if service == "s3":
        # The workflow job also tags itself.
        return {S3.get(name) or f"batch:{action(name)}" for name in found}
    return {f"{service}:{BULK.get(action(name), action(name))}" for name in found}


BULK = {"TerminateJobs": "TerminateJob"}
"""Those that need another's permission: https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJobs.html"""


def action(method):
    """The action of a method of boto3's, such as TagResource of tag_resource."""
    return "".join(word.capitalize() for word in method.split("_"))


def allowed(role):
    """Actions that the table has for a role."""
    return {action for item in statements(role) for action in item.actions}


@pytest.mark.parametrize(
    ("role", "package", "service"),
    [
        (Role.WORKFLOW, "batch-backend", "batch"),
        (Role.WORKFLOW, "s3-rails", "s3"),
        (Role.SUBMITTER, "submit-cli", "batch"),
    ],
)
def test_the_policy_allows_what_the_code_asks(root, role, package, service):
    asked = requests(root, package, service)
    assert asked, "the test doesn't find the package's requests any more"
    assert asked - allowed(role) == set()


def test_the_policies_allow_what_fsx_mount_asks(root):
    source = root / "packages/fsx-mount/src/miniwdl_aws_fsx_mount/aws"
    asked = {
        name: set(re.findall(r"_client\.(\w+)\(", (source / name).read_text()))
        for name in ("fsx_service.py", "objects.py")
    }
    asked["objects.py"] -= {"get_paginator"}  # of `miniwdl-aws fsx release`, which no job runs
    assert asked["fsx_service.py"] == {
        "describe_file_systems",
        "describe_data_repository_associations",
        "create_data_repository_task",
        "describe_data_repository_tasks",
    }
    fsx = {f"fsx:{''.join(word.capitalize() for word in name.split('_'))}" for name in asked["fsx_service.py"]}
    assert fsx <= allowed(Role.WORKFLOW)
    assert {S3[name] for name in asked["objects.py"]} <= allowed(Role.WORKFLOW)
    looked_up = {"fsx:DescribeFileSystems", "fsx:DescribeDataRepositoryAssociations"}
    assert looked_up <= allowed(Role.SUBMITTER)


def test_whoever_submits_may_follow(root):
    client = (root / "packages/cwlogs/src/miniwdl_aws_cwlogs/log_source.py").read_text()
    services = {"describe_jobs": "batch", "get_log_events": "logs", "filter_log_events": "logs"}
    asked = set(re.findall(r"_client\.(\w+)\(", client))
    asked.remove("describe_log_groups")  # of `miniwdl-aws doctor`, which says less without it
    assert asked == services.keys()
    needed = {f"{services[name]}:{''.join(word.capitalize() for word in name.split('_'))}" for name in asked}
    assert needed <= allowed(Role.SUBMITTER)


def test_whoever_sets_up_may_use_stacks(root):
    sources = (root / "packages/infra/src/miniwdl_aws_infra").rglob("*.py")
    asked = {name for source in sources for name in re.findall(r"_client\.(\w+)\(", source.read_text())}
    assert "create_change_set" in asked
    needed = {f"cloudformation:{''.join(word.capitalize() for word in name.split('_'))}" for name in asked}
    assert needed <= allowed(Role.ADMINISTRATOR)
