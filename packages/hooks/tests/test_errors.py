import pytest

from miniwdl_aws_hooks import ConfigurationError, MiniwdlAwsError, MissingPartError


def test_an_error_carries_what_helps():
    error = ConfigurationError("--fsid is missing", hint="set it", more_info={"queue": "q"}, retryable=False)
    assert (str(error), error.hint, error.more_info, error.retryable) == (
        "--fsid is missing",
        "set it",
        {"queue": "q"},
        False,
    )


def test_an_error_needs_only_its_message():
    error = MiniwdlAwsError("no")
    assert (error.hint, error.more_info, error.retryable) == (None, {}, None)


def test_a_missing_part_says_how_to_get_it():
    with pytest.raises(MiniwdlAwsError) as caught:
        raise MissingPartError.of("--follow", "miniwdl-aws-cwlogs")
    assert str(caught.value) == "--follow needs miniwdl-aws-cwlogs: pip install miniwdl-aws-cwlogs"
