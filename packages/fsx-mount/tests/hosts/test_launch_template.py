import argparse
import base64

import boto3
import pytest
from moto import mock_aws

from miniwdl_aws_fsx_mount.command.commands import configure, run
from miniwdl_aws_fsx_mount.hosts.launch_template import LaunchTemplates


@pytest.fixture
def ec2(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("ec2", region_name="eu-west-1")


def latest(ec2, name):
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName=name, Versions=["$Default"])[
        "LaunchTemplateVersions"
    ]
    return version["LaunchTemplateData"]


@pytest.mark.sends_what_aws_refuses("ec2-user-data-mime", reason="a word is enough here")
def test_a_new_template(ec2):
    put = LaunchTemplates(ec2).put_user_data("tasks", "Zmlyc3Q=")
    assert (put.created, put.version) == (True, 1)
    assert latest(ec2, "tasks")["UserData"] == "Zmlyc3Q="


@pytest.mark.sends_what_aws_refuses("ec2-user-data-mime", reason="a word is enough here")
def test_an_existing_template_keeps_the_rest(ec2):
    LaunchTemplates(ec2).put_user_data("tasks", "b2xk")
    sent = []
    ec2.meta.events.register(
        "provide-client-params.ec2.CreateLaunchTemplateVersion", lambda params, **_kwargs: sent.append(params)
    )
    put = LaunchTemplates(ec2).put_user_data("tasks", "bmV3")
    assert (put.created, put.version) == (False, 2)
    assert latest(ec2, "tasks")["UserData"] == "bmV3"
    # EC2 merges what is given with the source version. moto does not, so only the request can be looked at.
    assert sent[0]["SourceVersion"] == "$Latest"
    assert sent[0]["LaunchTemplateData"] == {"UserData": "bmV3"}


def test_by_the_command(ec2, capsys):
    subnet = ec2.create_subnet(VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"], CidrBlock="172.31.250.0/24")["Subnet"]
    made = boto3.client("fsx", region_name="eu-west-1").create_file_system(
        FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=[subnet["SubnetId"]]
    )
    fsid = made["FileSystem"]["FileSystemId"]
    parser = argparse.ArgumentParser()
    configure(parser)
    arguments = parser.parse_args(["user-data", "--fsid", fsid, "--region", "eu-west-1", "--launch-template", "tasks"])
    assert run(arguments) == 0
    written = base64.b64decode(latest(ec2, "tasks")["UserData"]).decode()
    assert written.startswith("MIME-Version")
    assert f"{fsid}.fsx.eu-west-1.amazonaws.com@tcp:/" in written
    said = capsys.readouterr()
    assert "tasks" in said.out + said.err
