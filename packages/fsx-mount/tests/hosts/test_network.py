import pytest

from miniwdl_aws_core.hosts.environments import ComputeEnvironment
from miniwdl_aws_fsx_mount.aws.file_system import find_file_system
from miniwdl_aws_fsx_mount.hosts.compute import Subnet
from miniwdl_aws_fsx_mount.hosts.network import (
    PORTS,
    allowed_ports,
    check_kind,
    check_mounting,
    check_ports,
    check_zone,
)
from miniwdl_aws_fsx_mount.hosts.user_data import VERSION, HostOptions
from miniwdl_aws_fsx_mount.hosts.user_data import user_data as write_user_data
from miniwdl_aws_hooks import CheckState

HOME = Subnet("subnet-1", "eu-west-1a", "vpc-1", "10.0.1.0/24")


def rule(low, high, *, protocol="tcp", groups=(), blocks=()):
    return {
        "IpProtocol": protocol,
        "FromPort": low,
        "ToPort": high,
        "UserIdGroupPairs": [{"GroupId": group} for group in groups],
        "IpRanges": [{"CidrIp": block} for block in blocks],
    }


def environment(kind="SPOT"):
    return ComputeEnvironment("spot", kind, ("subnet-1",), ("sg-hosts",), None)


@pytest.fixture
def system(make_description, fsid):
    return find_file_system([make_description()], fsid)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], set()),
        ([rule(988, 988, groups=["sg-hosts"])], {988}),
        ([rule(988, 988, groups=["sg-hosts"]), rule(1018, 1023, groups=["sg-hosts"])], set(PORTS)),
        ([rule(988, 1023, blocks=["10.0.0.0/16"])], set(PORTS)),
        ([rule(988, 1020, blocks=["0.0.0.0/0"])], {988, 1018, 1019, 1020}),
        ([rule(988, 1023, blocks=["10.0.1.0/25"])], set()),
        ([rule(988, 1023, groups=["sg-other"])], set()),
        ([rule(988, 1023, protocol="udp", groups=["sg-hosts"])], set()),
        ([{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-hosts"}]}], set(PORTS)),
    ],
)
def test_what_rules_let_through(rules, expected):
    assert allowed_ports(rules, ["sg-hosts"], ["10.0.1.0/24"]) == expected


def ports(system_rules, host_rules):
    return list(
        check_ports(
            environment(),
            system_rules=system_rules,
            system_groups=["sg-fsx"],
            system_block=HOME.block,
            host_rules=host_rules,
            host_groups=["sg-hosts"],
            host_blocks=["10.0.2.0/24"],
        )
    )


def test_both_sides_must_open():
    both = [rule(988, 1023, groups=["sg-hosts", "sg-fsx"])]
    (check,) = ports(both, both)
    assert check.state is CheckState.OK
    (check,) = ports(both, [])
    assert (check.state, "hosts' security groups (sg-hosts)" in check.message) == (CheckState.FAILED, True)
    (check,) = ports([rule(988, 988, groups=["sg-hosts"])], both)
    assert "TCP 1018, 1019, 1020, 1021, 1022, 1023" in check.message
    assert len(ports([], [])) == 2


def test_zones(system):
    def state(*subnets):
        return check_zone(system, HOME, environment(), subnets)

    assert state(HOME).state is CheckState.OK
    elsewhere = state(HOME, Subnet("subnet-2", "eu-west-1b", "vpc-1", "10.0.2.0/24"))
    assert (elsewhere.state, "eu-west-1b" in elsewhere.message) == (CheckState.WARNING, True)
    other = state(Subnet("subnet-3", "eu-west-1a", "vpc-2", "10.1.0.0/24"))
    assert "another VPC" in other.message


def test_fargate_cannot_mount():
    (check,) = check_kind(environment("FARGATE_SPOT"))
    assert check.state is CheckState.FAILED
    assert list(check_kind(environment())) == []


@pytest.mark.parametrize(
    ("user_data", "state", "words"),
    [
        (None, CheckState.WARNING, "no launch template"),
        ("#!/bin/bash", CheckState.WARNING, "does not mention"),
        ("mount {dns}@tcp:/wrong", CheckState.FAILED, "not its mount name"),
        ("mount {dns}@tcp:/abcdefgh", CheckState.OK, "mounts"),
    ],
)
def test_launch_templates(system, user_data, state, words):
    check = check_mounting(system, environment(), user_data and user_data.format(dns=system.dns_name))
    assert (check.state, words in check.message) == (state, True)


def test_user_data_of_other_versions(system):
    here = ComputeEnvironment("spot", "SPOT", (), (), {"launchTemplateName": "tasks", "version": "$Default"})
    text = write_user_data(HostOptions(system.dns_name, system.mount_name))
    assert check_mounting(system, here, text).state is CheckState.OK
    newer = text.replace(f"version {VERSION}", f"version {VERSION + 1}")
    assert check_mounting(system, here, newer).state is CheckState.OK
    older = f"FSX_SOURCE={system.dns_name}@tcp:/{system.mount_name}\ncat >/etc/systemd/system/miniwdl-aws-fsx.service"
    check = check_mounting(system, here, older)
    assert check.state is CheckState.WARNING
    assert "by user data of version 1" in check.message
    assert "--launch-template tasks" in check.hint
