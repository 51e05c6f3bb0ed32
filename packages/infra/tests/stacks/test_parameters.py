import pytest

from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_infra.stacks.parameters import parse, request

KNOWN = ["StorageCapacity", "FairShare", "BucketName"]


def test_words_become_parameters() -> None:
    assert parse(["StorageCapacity=2400", "BucketName="], KNOWN) == {"StorageCapacity": "2400", "BucketName": ""}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["StorageCapacity"], "--parameter takes NAME=VALUE, not 'StorageCapacity'", None),
        (["StorageCapasity=1"], "--parameter StorageCapasity: the template has no such parameter", "StorageCapacity"),
        (["X=1"], "--parameter X: the template has no such parameter", "infra template"),
        (["FairShare=yes", "FairShare=no"], "--parameter FairShare is given twice", None),
    ],
)
def test_mistakes(words: list[str], message: str, hint: str | None) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(words, KNOWN)
    assert caught.value.message == message
    assert (hint in (caught.value.hint or "")) if hint else caught.value.hint is None


def test_what_is_not_given_stays_as_it_was_and_what_is_gone_is_left_out() -> None:
    assert request({"FairShare": "yes"}, {"FairShare": "no", "BucketName": "b", "Older": "x"}, KNOWN) == [
        {"ParameterKey": "FairShare", "ParameterValue": "yes"},
        {"ParameterKey": "BucketName", "UsePreviousValue": True},
    ]
