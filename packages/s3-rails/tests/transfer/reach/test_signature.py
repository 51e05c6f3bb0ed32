"""Requests are signed as botocore signs them, of whatever they consist."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from unittest import mock

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from miniwdl_aws_s3_rails.transfer.reach.signature import sign

NOW = datetime(2026, 11, 28, 23, 59, 58, tzinfo=UTC)

VALUES = st.text("abc *+/=\"'-_,;:", min_size=1, max_size=20)
HEADERS = st.dictionaries(st.from_regex(r"x-amz-[a-z]{1,8}|range|if-match", fullmatch=True), VALUES, max_size=5)
PATHS = st.lists(st.sampled_from(["a", "B9", "%20", "%2B", "..", ".", "", "~", "-_."]), max_size=6).map("/".join)
SECRETS = st.text("aZ0/+", min_size=1, max_size=40)


def signed_by_botocore(method: str, url: str, headers: dict[str, str], credentials: Any, region: str) -> str:
    request: Any = AWSRequest(method, url, headers={**headers, "host": "b.s3.example:81"})
    request.context["payload_signing_enabled"] = True
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        S3SigV4Auth(credentials, "s3", region).add_auth(request)
    return str(request.headers["Authorization"])


@given(
    st.sampled_from(["GET", "HEAD"]), PATHS, st.sampled_from(["", "?partNumber=1"]), HEADERS, SECRETS,
    st.none() | SECRETS, st.sampled_from(["us-east-1", "cn-north-1"]),
)  # fmt: skip
@example("GET", "a/b", "", {"range": "bytes=0-1", "if-match": '"e"', "x-amz-checksum-mode": "ENABLED"}, "s", "t", "r")
def test_the_same_signature_as_botocore(
    method: str, path: str, query: str, headers: dict[str, str], secret: str, token: str | None, region: str
) -> None:
    credential: Any = {"access_key_id": "AKID", "secret_access_key": secret, "token": token, "expires_at": None}
    host = {"host": "b.s3.example:81"}
    sent = sign(method, f"/{path}{query}", {**headers, **host}, credential, region, NOW)
    theirs = signed_by_botocore(
        method, f"http://b.s3.example:81/{path}{query}", headers, Credentials("AKID", secret, token), region
    )
    assert sent["authorization"] == theirs
    assert sent.get("x-amz-security-token") == token


def test_the_time_is_that_of_greenwich() -> None:
    credential: Any = {"access_key_id": "AKID", "secret_access_key": "s", "token": None, "expires_at": None}
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    sent = [sign("GET", "/b/k", {"host": "h"}, credential, "us-east-1", now) for now in (NOW, there)]
    assert sent[0] == sent[1]
    assert sent[0]["x-amz-date"] == "20261128T235958Z"
