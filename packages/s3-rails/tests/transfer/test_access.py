import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import botocore.exceptions
import pytest
from botocore.parsers import ResponseParserError

from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.transfer import access as access_module
from miniwdl_aws_s3_rails.transfer.access import S3Access, ask_region, explain
from miniwdl_aws_s3_rails.transfer.options import Options


def client_error(code: str, message: str = "") -> botocore.exceptions.ClientError:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "PutObject")


@pytest.mark.parametrize(
    ("exc", "message", "hint"),
    [
        (client_error("NoSuchBucket", "Not there."), "cannot write: Not there. (NoSuchBucket)", "create the bucket"),
        (client_error("403"), "cannot write: AccessDenied (AccessDenied)", "lacks a permission"),
        (client_error("ExpiredTokenException", "Old."), "cannot write: Old. (ExpiredToken)", "log in again"),
        (botocore.exceptions.NoCredentialsError(), "cannot write: there are no AWS credentials", "AWS_PROFILE"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="http://x"), "cannot be reached", "AWS_ENDPOINT_URL"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="http://x"), "cannot be reached", "network"),
        (botocore.exceptions.CredentialRetrievalError(provider="x", error_msg="no"), "no AWS credentials", "log in"),
        (ResponseParserError("odd:\nb'<html>'"), "cannot write: no usable answer (ResponseParserError: odd:)", "proxy"),
    ],
)
def test_errors_say_what_to_do(exc: Exception, message: str, hint: str) -> None:
    error = explain(exc, "cannot write")
    assert message in error.message
    assert hint in str(error.hint)


class Region(BaseHTTPRequestHandler):
    """An S3 that names regions, whatever else it says."""

    status = 200
    headers_sent: ClassVar[dict[str, str]] = {}
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def region_server() -> Iterator[tuple[str, type[Region]]]:
    handler = type("Handler", (Region,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 301, 400, 403])
def test_region_is_named_even_where_access_is_denied(region_server: tuple[str, type[Region]], status: int) -> None:
    url, handler = region_server
    handler.status, handler.headers_sent = status, {"x-amz-bucket-region": "ap-south-1"}
    assert ask_region("my-bucket", "eu-west-1", base=url) == "ap-south-1"
    assert handler.asked == ["/my-bucket"]


def test_bucket_that_does_not_exist(region_server: tuple[str, type[Region]]) -> None:
    url, handler = region_server
    handler.status = 404
    with pytest.raises(AccessError, match="cannot use bucket b1: it does not exist"):
        ask_region("b1", "eu-west-1", base=url)


def test_no_network() -> None:
    with pytest.raises(AccessError, match="S3 cannot be reached") as caught:
        ask_region("b1", "eu-west-1", base="http://127.0.0.1:1")
    assert caught.value.retryable


def test_a_server_that_does_not_speak_http(region_server: tuple[str, type[Region]]) -> None:
    url, handler = region_server
    handler.do_HEAD = lambda self: self.wfile.write(b"SSH-2.0-OpenSSH\r\n")  # type: ignore[method-assign]
    with pytest.raises(AccessError, match="S3 cannot be reached"):
        ask_region("b1", "eu-west-1", base=url)


def test_region_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    asked = []

    def ask(bucket: str, region: str, **_kwargs: object) -> str:
        asked.append((bucket, region))
        return "ap-south-1"

    monkeypatch.setattr(access_module, "ask_region", ask)
    reached = S3Access(Options())
    assert [reached.region_of("b"), reached.region_of("b")] == ["ap-south-1", "ap-south-1"]
    assert asked == [("b", "us-east-1")]


def test_other_servers_have_one_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert S3Access(Options()).region_of("any-bucket") == "eu-west-2"


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    reached = S3Access(Options())
    assert not reached.can_sign()
    with pytest.raises(AccessError, match="no AWS credentials"):
        reached.store("bucket")


def test_malformed_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "not a url")
    with pytest.raises(AccessError, match="cannot reach S3"):
        S3Access(Options()).store("bucket")


@pytest.mark.parametrize("printed", ["", "SECRET", "[]", '{"Version": 2, "SecretAccessKey": "SECRET"}'])
def test_a_credential_process_that_fails_at_the_start_is_one_sentence(credential_process: Any, printed: str) -> None:
    credential_process(printed)
    reached = S3Access(Options())
    with pytest.raises(AccessError, match="no AWS credentials could be had") as caught:
        reached.can_sign()
    assert "SECRET" not in caught.value.message
    assert reached.can_sign(), "the next one asks again"
