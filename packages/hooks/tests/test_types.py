import dataclasses

import pytest

import miniwdl_aws_hooks
from miniwdl_aws_hooks import CheckState, FailureClass, FailurePolicy, JobRole, types


def dataclasses_of_the_vocabulary():
    return [item for name in types.__all__ if dataclasses.is_dataclass(item := getattr(types, name))]


@pytest.mark.parametrize("kind", dataclasses_of_the_vocabulary(), ids=lambda kind: kind.__name__)
def test_what_travels_through_hooks_cannot_be_changed_on_the_way(kind):
    assert kind.__dataclass_params__.frozen


@pytest.mark.parametrize("kind", [CheckState, FailureClass, FailurePolicy, JobRole])
def test_enumerations_are_text_in_json(kind):
    assert all(isinstance(member, str) and member == member.value for member in kind)


def test_the_package_exports_the_whole_vocabulary():
    assert set(types.__all__) <= set(miniwdl_aws_hooks.__all__)
