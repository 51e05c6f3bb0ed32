"""CloudFormation as moto has it, and answers that moto doesn't give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from miniwdl_aws_infra.stacks.service import Stacks

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "MINIWDL__AWS__REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def answers() -> Iterator[Stubber]:
    """Answers of CloudFormation, in the order of the requests."""
    client: Any = boto3.client("cloudformation", region_name="eu-central-1")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def stacks(answers: Stubber) -> Stacks:
    return Stacks(answers.client)
