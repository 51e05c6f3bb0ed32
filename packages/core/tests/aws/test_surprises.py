import json

import pytest
from botocore.exceptions import CredentialRetrievalError

from miniwdl_aws_core.aws.surprises import LIMIT, in_words, is_page, lacks_credentials
from miniwdl_aws_hooks import MiniwdlAwsError


def raised(function):
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


@pytest.mark.parametrize(
    ("exc", "words"),
    [
        (MiniwdlAwsError("our own\nwords"), "our own\nwords"),
        (KeyError("jobs"), "KeyError: 'jobs'"),
        (AssertionError(), "AssertionError"),
        (raised(lambda: json.loads("")), "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        (ValueError("can't parse:\nb'<SecretAccessKey>abc'"), "ValueError: can't parse:"),
        (ValueError("\n\x1b[2Jcleared\x07"), "ValueError: [2Jcleared"),
        (ValueError("x" * 1000), f"ValueError: {'x' * LIMIT}..."),
    ],
)
def test_an_exception_is_one_line_that_can_be_shown(exc, words):
    assert in_words(exc) == words


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content-type": "text/html; charset=utf-8", "content-length": "512"}, True),
        ({"content-type": "text/html"}, True),
        ({"content-type": "text/html; charset=utf-8", "content-length": "0"}, False),
        ({"content-type": "application/json", "content-length": "2"}, False),
        ({}, False),
    ],
)
def test_a_page_is_html_with_something_in_it(headers, expected):
    assert is_page({"ResponseMetadata": {"HTTPHeaders": headers}}) is expected


def test_what_a_credential_process_printed_is_not_shown():
    words = in_words(CredentialRetrievalError(provider="custom-process", error_msg="key=abc"))
    assert "credential process" in words
    assert "abc" not in words


def test_botocores_search_for_credentials_is_known_by_where_it_failed():
    search = {"__name__": "botocore.credentials"}
    exec("def look():\n    raise ValueError", search)
    assert lacks_credentials(raised(search["look"]))
    assert not lacks_credentials(raised(lambda: json.loads("")))
    assert not lacks_credentials(ValueError())


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        ({"content-type": "application/json", "content-length": "2"}, False),
        ({"content-type": "text/html; charset=utf-8", "content-length": "0"}, False),
        ({"content-type": "text/html; charset=utf-8", "content-length": "50"}, True),
        ({"content-type": "text/html", "transfer-encoding": "chunked"}, True),
        ({}, False),
    ],
)
def test_a_page_has_a_body_and_an_empty_answer_has_none(headers, page):
    assert is_page({"ResponseMetadata": {"HTTPHeaders": headers}}) is page
