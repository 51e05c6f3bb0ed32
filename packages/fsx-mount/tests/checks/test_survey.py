import base64

import boto3
import pytest
from moto import mock_aws

from miniwdl_aws_core.aws.errors import Kind
from miniwdl_aws_fsx_mount.aws.associations import Association
from miniwdl_aws_fsx_mount.aws.file_system import find_file_system
from miniwdl_aws_fsx_mount.checks.survey import take_survey
from miniwdl_aws_fsx_mount.command.show import survey_lines
from miniwdl_aws_fsx_mount.errors import FileSystemError, FsxAccessError
from miniwdl_aws_fsx_mount.hosts.compute import Hosts
from miniwdl_aws_hooks import CheckState


class FakeFsx:
    def __init__(self, description, associations=()):
        self.description = description
        self.linked = associations

    def file_system(self, fsid):
        return find_file_system([self.description], fsid)

    def associations(self, fsid):
        if isinstance(self.linked, Exception):
            raise self.linked
        return tuple(self.linked)


class FakeBatch:
    """Job queues and compute environments; moto's would start instances."""

    def __init__(self):
        self.environments = {}

    def describe_job_queues(self, jobQueues):  # noqa: N803 - the API's own name
        order = [{"computeEnvironment": name} for name in self.environments]
        queues = [{"jobQueueName": name, "jobQueueArn": f"arn:{name}"} for name in jobQueues]
        return {"jobQueues": [{**queue, "computeEnvironmentOrder": order} for queue in queues]}

    def describe_compute_environments(self, computeEnvironments):  # noqa: N803 - the API's own name
        return {"computeEnvironments": [self.environments[name] for name in computeEnvironments]}


class Account:
    """A VPC with two subnets, a file system's network interface, and a group that lets itself in."""

    def __init__(self, ec2):
        self.ec2 = ec2
        self.batch = FakeBatch()
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.near, self.far = (self.subnet(f"10.0.{number}.0/24", zone) for number, zone in ((1, "a"), (2, "b")))
        self.group = ec2.create_security_group(GroupName="fsx", Description="fsx", VpcId=self.vpc)["GroupId"]
        interface = ec2.create_network_interface(SubnetId=self.near, Groups=[self.group])["NetworkInterface"]
        self.interface = interface["NetworkInterfaceId"]

    def subnet(self, block, zone):
        answer = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=f"eu-west-1{zone}")
        return answer["Subnet"]["SubnetId"]

    def open_ports(self):
        self.ec2.authorize_security_group_ingress(
            GroupId=self.group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": low,
                    "ToPort": high,
                    "UserIdGroupPairs": [{"GroupId": self.group}],
                }
                for low, high in ((988, 988), (1018, 1023))
            ],
        )

    def environment(self, name="spot", kind="SPOT", subnets=None, user_data=None):
        resources = {"type": kind, "subnets": subnets or [self.near], "securityGroupIds": [self.group]}
        if user_data is not None:
            encoded = base64.b64encode(user_data.encode()).decode()
            self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"UserData": encoded})
            resources["launchTemplate"] = {"launchTemplateName": name, "version": "$Latest"}
        self.batch.environments[name] = {
            "computeEnvironmentName": name,
            "computeEnvironmentArn": f"arn:{name}",
            "type": "MANAGED",
            "computeResources": resources,
        }


@pytest.fixture
def account(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Account(boto3.client("ec2", region_name="eu-west-1"))


@pytest.fixture
def survey(account, make_description, make_settings, fsid):
    def take(associations=(), queues=("task",), settings=None, **changes):
        description = make_description(
            **{"SubnetIds": [account.near], "NetworkInterfaceIds": [account.interface], **changes}
        )
        return take_survey(
            FakeFsx(description, associations),
            Hosts(account.batch, account.ec2),
            fsid,
            queues,
            settings or make_settings(),
        )

    return take


def problems(survey):
    return [(check.state, check.message) for check in survey.checks if check.state is not CheckState.OK]


@pytest.mark.sends_what_aws_refuses("ec2-user-data-mime", reason="one line of the script is enough here")
def test_nothing_is_wrong(account, survey, fsid):
    account.open_ports()
    account.environment(user_data=f"mount {fsid}.fsx.eu-west-1.amazonaws.com@tcp:/abcdefgh")
    found = survey()
    assert problems(found) == []
    assert found.home.zone == "eu-west-1a"
    assert found.groups == (account.group,)


def test_everything_is_wrong(account, survey):
    account.environment(subnets=[account.near, account.far])
    account.environment("serverless", kind="FARGATE")
    broken = Association("dra-1", "refs", "bucket", "v1", lifecycle="MISCONFIGURED", problem="Access denied.")
    found = survey(
        [broken],
        Lifecycle="FAILED",
        FileSystemTypeVersion="2.10",
        lustre={"RootSquashConfiguration": {"RootSquash": "1:1"}},
    )
    text = "\n".join(message for _state, message in problems(found))
    for words in (
        "is FAILED",
        "Lustre 2.10",
        "squashed to 1:1",
        "MISCONFIGURED: Access denied.",
        "no launch template",
        "eu-west-1b",
        "TCP 988, 1018",
        "Fargate can't",
    ):
        assert words in text


def test_what_may_not_be_looked_at_is_said(survey, monkeypatch):
    def denied(_self, _ids):
        raise FsxAccessError("can't look up subnets: denied", kind=Kind.DENIED, hint="allow ec2:DescribeSubnets")

    monkeypatch.setattr(Hosts, "subnets", denied)
    found = survey(FsxAccessError("can't look up the data repository associations: denied", kind=Kind.DENIED))
    assert [message for state, message in problems(found) if state is CheckState.UNKNOWN] == [
        "not checked: can't look up the data repository associations: denied",
        "not checked: can't look up subnets: denied",
    ]


GOOD = Association("d-1", "a", "bucket", "v1")
BROKEN = Association("d-2", "c", "denied", "", lifecycle="MISCONFIGURED", problem="Access denied.")
AUTOMATIC = Association("d-3", "e", "f", "", auto_export=frozenset({"NEW"}))


@pytest.mark.parametrize(
    ("associations", "folder", "words"),
    [
        ([], "", "no usable data repository association"),
        ([BROKEN], "", "no usable data repository association"),
        ([GOOD, AUTOMATIC], "", "automatic export is on"),
        ([GOOD, AUTOMATIC], "s3://bucket/v1/x", "automatic export is on"),
        (
            [GOOD, BROKEN],
            "s3://denied/x",
            "can't export to s3://denied/x: its data repository association d-2 is MISCONFIGURED: Acc",
        ),
        ([GOOD], "s3://bucket/v2", "no data repository association covers it"),
        ([GOOD, BROKEN], "s3://bucket/v1/x", None),
        ([BROKEN, GOOD], "", None),
    ],
)
def test_exports(survey, make_settings, associations, folder, words):
    settings = make_settings(aws__publish="Export", aws__s3_upload_folder=folder)
    (check,) = [
        check for check in survey(associations, settings=settings).checks if check.subject == "publish = export"
    ]
    assert check.state is (CheckState.FAILED if words else CheckState.OK)
    assert (words or "results can be exported") in check.message


def test_an_unknown_file_system_is_an_error(account, make_description, make_settings):
    with pytest.raises(FileSystemError):
        take_survey(FakeFsx(make_description()), Hosts(account.batch, account.ec2), "fs-99999999", [], make_settings())


def test_one_screen(account, survey, fsid):
    link = Association("dra-1", "refs", "bucket", "v1", auto_import=frozenset({"NEW", "CHANGED"}))
    screen = "\n".join(survey_lines(survey([link], queues=(), FileSystemTypeVersion="2.10")))
    lines = screen.splitlines()
    assert lines[0] == f"file system      {fsid}, AVAILABLE"
    assert f"mount            {fsid}.fsx.eu-west-1.amazonaws.com@tcp:/abcdefgh" in lines
    assert f"subnets          {account.near} in eu-west-1a, {account.vpc}" in lines
    assert "links to S3      /refs = s3://bucket/v1/ (dra-1, AVAILABLE)" in lines
    assert "                   imports by itself: changed, new" in lines
    assert lines[-2].startswith(f"warning: file system {fsid}: Lustre 2.10")
    assert len(lines) < 24


def test_a_screen_without_findings(survey):
    screen = "\n".join(survey_lines(survey(queues=())))
    assert "none: S3 inputs are downloaded" in screen
    assert screen.endswith("nothing needs to be changed")
