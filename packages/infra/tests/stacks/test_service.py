from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_core.aws.errors import AwsError

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from miniwdl_aws_infra.stacks.service import Stacks


def test_a_repository_that_an_earlier_stack_left_can_be_deleted(answers: Stubber, stacks: Stacks) -> None:
    answers.add_client_error("execute_change_set", "RepositoryAlreadyExistsException", "it exists")
    with pytest.raises(AwsError) as caught:
        stacks.carry_out("arn:aws:cloudformation:eu-central-1:123456789012:changeSet/x/1")
    assert "aws ecr delete-repository" in (caught.value.hint or "")
