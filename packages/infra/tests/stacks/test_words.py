import pytest

from miniwdl_aws_infra.stacks.words import change_lines, failure_of, kind, state, summary


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AWS::Batch::JobQueue", "Batch job queue"),
        ("AWS::EC2::VPC", "EC2 VPC"),
        ("AWS::EC2::VPCGatewayAttachment", "EC2 VPC gateway attachment"),
        ("AWS::FSx::FileSystem", "FSx file system"),
        ("AWS::Logs::LogGroup", "log group"),
        ("AWS::Budgets::Budget", "budget"),
    ],
)
def test_types_in_words(name: str, words: str) -> None:
    assert kind(name) == words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("CREATE_IN_PROGRESS", "making"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "changing"),
        ("UPDATE_ROLLBACK_COMPLETE", "taken back"),
        ("DELETE_FAILED", "could not delete"),
        ("DELETE_SKIPPED", "left alone"),
        ("SOMETHING_NEW", "something new"),
    ],
)
def test_states_in_words(status: str, words: str) -> None:
    assert state(status) == words


def change(action: str, name: str, **more: object) -> dict[str, object]:
    return {"Action": action, "LogicalResourceId": name, "ResourceType": "AWS::FSx::FileSystem", **more}


def test_changes_say_what_is_made_replaced_and_lost() -> None:
    detail = [{"Target": {"Attribute": "Properties", "Name": "SubnetIds"}}]
    lines = change_lines(
        [
            change("Remove", "Gone", PolicyAction="Delete"),
            change("Modify", "FileSystem", Replacement="True", PolicyAction="ReplaceAndRetain", Details=detail),
            change("Modify", "Same", Replacement="False", Details=detail),
            change("Remove", "Bucket", PolicyAction="Retain"),
            change("Add", "New"),
        ]
    )
    assert [line[:2] for line in lines] == [
        ("make", "New"), ("change", "Same"), ("replace", "FileSystem"), ("delete", "Gone"), ("let go of", "Bucket"),
    ]  # fmt: skip
    assert lines[2][2].startswith("FSx file system: SubnetIds; the new file system is empty, the old one stays")
    assert summary(lines) == (
        "1 made, 1 changed, 1 replaced, 1 deleted, 1 left outside of the stack; data affected: FileSystem, Bucket"
    )


def test_what_is_replaced_and_kept_is_said() -> None:
    (line,) = change_lines([change("Modify", "Vpc", Replacement="Conditional", PolicyAction="ReplaceAndRetain")])
    assert line == ("perhaps replace", "Vpc", "FSx file system; the old one stays, outside of the stack")


def test_nothing_lost_is_said() -> None:
    assert summary(change_lines([change("Add", "FileSystem")])) == "1 made; no data affected"


def event(status: str, reason: str, name: str = "JobLogs") -> dict[str, str]:
    return {
        "StackName": "miniwdl", "LogicalResourceId": name, "ResourceType": "AWS::Logs::LogGroup",
        "ResourceStatus": status, "ResourceStatusReason": reason,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("/aws/batch/job already exists in stack arn:aws:...", "LogRetentionDays=0"),
        ("User: arn:aws:iam::1:user/x is not authorized to perform: fsx:CreateFileSystem", "lacks this permission"),
        ("Insufficient capacity for this file system in the zone", "AvailabilityZone"),
        ("Resource of type 'AWS::ECR::Repository' with identifier 'x' already exists.", "aws ecr delete-repository"),
        ("Resource limit exceeded", "Service Quotas"),
        ("The service-linked role AWSServiceRoleForBatch is missing", "create-service-linked-role"),
    ],
)
def test_a_failure_says_what_to_do(reason: str, hint: str) -> None:
    found = failure_of(event("CREATE_FAILED", reason))
    assert found
    assert found.hint
    assert hint in found.hint


def test_a_failure_is_told_without_tokens() -> None:
    found = failure_of(event("CREATE_FAILED", "No such subnet. (RequestToken: 1-2, HandlerErrorCode: NotFound)"))
    assert found
    assert (found.reason, found.hint) == ("No such subnet", None)


@pytest.mark.parametrize(
    ("status", "reason", "name"),
    [
        ("CREATE_COMPLETE", "", "JobLogs"),
        ("CREATE_FAILED", "Resource creation cancelled", "JobLogs"),
        ("ROLLBACK_FAILED", "The following resources failed", "miniwdl"),
    ],
)
def test_what_is_no_failure_of_its_own(status: str, reason: str, name: str) -> None:
    assert failure_of(event(status, reason, name)) is None
