"""What a deployment finds out by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_infra import lookups


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stubber]:
    found = {}
    for name in ("fsx", "logs"):
        client: Any = boto3.client(name, region_name="eu-central-1")
        found[name] = Stubber(client)
        found[name].activate()
    monkeypatch.setattr(lookups, "connect", lambda service, _region: found[service].client)
    return found


def file_system(kind: str = "LUSTRE") -> dict[str, Any]:
    return {
        "FileSystems": [
            {
                "FileSystemId": "fs-0123456789abcdef0", "FileSystemType": kind, "VpcId": "vpc-12345678",
                "SubnetIds": ["subnet-12345678"],
                "CreationTime": datetime.now(UTC), "LustreConfiguration": {"MountName": "abcdefgh"},
            }
        ]
    }  # fmt: skip


def test_an_existing_file_system_says_where_it_is(services: dict[str, Stubber]) -> None:
    services["fsx"].add_response("describe_file_systems", file_system())
    services["logs"].add_response("describe_log_groups", {"logGroups": [{"logGroupName": "/aws/batch/job2"}]})
    given = {"FileSystemId": "fs-0123456789abcdef0", "SubnetIds": "subnet-2"}
    assert lookups.fill_in(given, {}, new=True, region=None) == {
        **given, "FileSystemMountName": "abcdefgh", "VpcId": "vpc-12345678",
    }  # fmt: skip


def test_nothing_is_looked_up_that_is_known(services: dict[str, Stubber]) -> None:
    given = {"FileSystemId": "fs-1"}
    assert lookups.fill_in(given, {"FileSystemId": "fs-1"}, new=False, region=None) == given


def test_a_log_group_that_exists_is_left_alone(
    services: dict[str, Stubber], capsys: pytest.CaptureFixture[str]
) -> None:
    services["logs"].add_response("describe_log_groups", {"logGroups": [{"logGroupName": "/aws/batch/job"}]})
    assert lookups.fill_in({}, {}, new=True, region=None) == {"LogRetentionDays": "0"}
    assert "log group /aws/batch/job exists already" in capsys.readouterr().err


def test_whoever_may_not_look_is_told(services: dict[str, Stubber], capsys: pytest.CaptureFixture[str]) -> None:
    services["logs"].add_client_error("describe_log_groups", "AccessDeniedException", "no", http_status_code=400)
    assert lookups.fill_in({}, {}, new=True, region=None) == {}
    assert "LogRetentionDays=0" in capsys.readouterr().err


def test_other_trouble_ends_it(services: dict[str, Stubber]) -> None:
    services["logs"].add_client_error("describe_log_groups", "InvalidParameterException", "no", http_status_code=400)
    with pytest.raises(AwsError):
        lookups.fill_in({}, {}, new=True, region=None)


def test_another_kind_of_file_system_is_refused(services: dict[str, Stubber]) -> None:
    services["fsx"].add_response("describe_file_systems", file_system("WINDOWS"))
    with pytest.raises(ConfigurationError, match="it isn't FSx for Lustre"):
        lookups.fill_in({"FileSystemId": "fs-0123456789abcdef0"}, {}, new=False, region=None)
