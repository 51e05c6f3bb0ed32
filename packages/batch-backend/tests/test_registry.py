from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fake_batch import FakeBatch, client_error

from miniwdl_aws_batch_backend.client import BatchApi
from miniwdl_aws_batch_backend.registry import DefinitionRegistry
from miniwdl_aws_core.aws.errors import AwsError

DEFINITION = {"jobDefinitionName": "miniwdl-task-x", "containerProperties": {}}


def test_many_askers_one_registration(batch: FakeBatch) -> None:
    registry = DefinitionRegistry(BatchApi(batch, 1))
    with ThreadPoolExecutor(20) as pool:
        arns = set(pool.map(lambda _: registry.arn_of(DEFINITION), range(100)))
    assert len(arns) == 1
    assert batch.calls == {"describe_job_definitions": 1, "register_job_definition": 1}


def test_what_another_process_registered_is_found(batch: FakeBatch) -> None:
    arn = DefinitionRegistry(BatchApi(batch, 1)).arn_of(DEFINITION)
    assert DefinitionRegistry(BatchApi(batch, 1)).arn_of(DEFINITION) == arn
    assert batch.calls["register_job_definition"] == 1


def test_the_newest_revision_is_taken(batch: FakeBatch) -> None:
    for _ in range(11):
        batch.register_job_definition(**DEFINITION)
    assert DefinitionRegistry(BatchApi(batch, 1)).arn_of(DEFINITION).endswith(":11")


def test_a_failure_is_not_remembered(batch: FakeBatch) -> None:
    registry = DefinitionRegistry(BatchApi(batch, 1))
    batch.errors["register_job_definition"] = [client_error("RegisterJobDefinition", "AccessDeniedException")]
    with pytest.raises(AwsError, match="register the job definition"):
        registry.arn_of(DEFINITION)
    assert registry.arn_of(DEFINITION)
