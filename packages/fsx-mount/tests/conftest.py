"""Doubles: a file system as the API describes it, and Amazon FSx behind botocore's stubber."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from miniwdl_aws_hooks import EnvironSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FSID = "fs-0123456789abcdef0"


def describe(**changes: Any) -> dict[str, Any]:
    """Entry of DescribeFileSystems' answer; ``lustre`` changes its LustreConfiguration."""
    lustre = {
        "DeploymentType": "PERSISTENT_2",
        "PerUnitStorageThroughput": 250,
        "MountName": "abcdefgh",
        "DataCompressionType": "LZ4",
        **changes.pop("lustre", {}),
    }
    return {
        "FileSystemId": FSID,
        "FileSystemType": "LUSTRE",
        "Lifecycle": "AVAILABLE",
        "StorageCapacity": 2400,
        "StorageType": "SSD",
        "VpcId": "vpc-01234567",
        "SubnetIds": ["subnet-01234567"],
        "NetworkInterfaceIds": ["eni-01234567"],
        "DNSName": f"{FSID}.fsx.eu-west-1.amazonaws.com",
        "FileSystemTypeVersion": "2.15",
        "LustreConfiguration": lustre,
        **changes,
    }


def settings(**values: str) -> EnvironSettings:
    """Settings by ``section__key``."""
    return EnvironSettings({f"MINIWDL__{name.upper()}": value for name, value in values.items()})


@pytest.fixture
def make_settings() -> Callable[..., EnvironSettings]:
    return settings


@pytest.fixture
def make_description() -> Callable[..., dict[str, Any]]:
    return describe


@pytest.fixture
def fsid() -> str:
    return FSID


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whatever clients the package makes, they are these."""

    def make(service: str) -> Any:
        return boto3.client(service, "eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")

    made = {service: make(service) for service in ("fsx", "s3", "batch", "ec2")}
    monkeypatch.setattr("botocore.session.Session.create_client", lambda _self, service, **_kwargs: made[service])
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return made


@pytest.fixture
def fsx(clients: dict[str, Any]) -> Iterator[Stubber]:
    with Stubber(clients["fsx"]) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def s3(clients: dict[str, Any]) -> Iterator[Stubber]:
    with Stubber(clients["s3"]) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
