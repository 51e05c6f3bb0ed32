import pytest

from miniwdl_aws_submit_cli.runs.names import given_name, submission_token, unique_name


@pytest.mark.parametrize(
    ("text", "given"),
    [("hello", "hello"), ("a b/c.wdl", "a-b-c-wdl"), ("-_x", "x"), ("é", "workflow"), ("x" * 200, "x" * 117)],
)
def test_a_name_is_what_the_user_gave_and_a_token(text: str, given: str) -> None:
    name = unique_name(text, submission_token())
    assert given_name(name) == given
    assert name != given
    assert len(name) <= 128


def test_what_has_no_token_is_a_name_as_it_is() -> None:
    assert given_name("hello-1234") == "hello-1234"
