import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from miniwdl_aws_hooks import MiniwdlAwsError
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach import access as access_module
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access, ask_region
from miniwdl_aws_s3_rails.transfer.refusals import explained

MISSING = b"<Error><Code>NoSuchBucket</Code><Message>Not there.</Message></Error>"


@pytest.mark.parametrize(
    ("answer", "message", "hint"),
    [
        ((404, MISSING), "Not there (NoSuchBucket)", "create the bucket"),
        ((403, b"<Error><Code>AccessDenied</Code></Error>"), "permission is missing (AccessDenied)", "s3:DeleteObject"),
        ((403, b"<Error><Code>AllAccessDisabled</Code></Error>"), "AllAccessDisabled", "owner"),
        ((403, b"<html>"), "no usable answer", "proxy"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(portal: Any, answer: tuple[int, bytes], message: str, hint: str) -> None:
    portal(answer)
    with pytest.raises(AccessError) as caught, explained("remove it"):
        S3Access(Options()).client.delete_object(Bucket="bucket", Key="k")
    assert caught.value.message.startswith(f"can't remove it: {message}")
    assert hint in str(caught.value.hint)


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
    assert ask_region("my-bucket", "eu-west-1", f"{url}/my-bucket") == "ap-south-1"
    assert handler.asked == ["/my-bucket"]


def test_bucket_that_does_not_exist(region_server: tuple[str, type[Region]]) -> None:
    url, handler = region_server
    handler.status = 404
    with pytest.raises(AccessError, match="can't use bucket b1: it does not exist"):
        ask_region("b1", "eu-west-1", url)


def test_no_network() -> None:
    with pytest.raises(AccessError, match="S3 can't be reached") as caught:
        ask_region("b1", "eu-west-1", "http://127.0.0.1:1")
    assert caught.value.retryable


def test_a_server_that_does_not_speak_http(region_server: tuple[str, type[Region]]) -> None:
    url, handler = region_server
    handler.do_HEAD = lambda self: self.wfile.write(b"SSH-2.0-OpenSSH\r\n")  # type: ignore[method-assign]
    with pytest.raises(AccessError, match="S3 can't be reached"):
        ask_region("b1", "eu-west-1", url)


def test_region_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    asked = []

    def ask(bucket: str, region: str, url: str, **_kwargs: object) -> str:
        asked.append((bucket, region, url))
        return "ap-south-1"

    monkeypatch.setattr(access_module, "ask_region", ask)
    reached = S3Access(Options())
    assert [reached.region_of("b1b"), reached.region_of("b1b")] == ["ap-south-1", "ap-south-1"]
    assert asked == [("b1b", "us-east-1", "https://b1b.s3.us-east-1.amazonaws.com")]


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
    with pytest.raises(MiniwdlAwsError, match="AWS_ENDPOINT_URL must be an address"):
        S3Access(Options()).store("bucket")


@pytest.mark.parametrize("printed", ["", "SECRET", "[]", '{"Version": 2, "SecretAccessKey": "SECRET"}'])
def test_a_credential_process_that_fails_at_the_start_is_one_sentence(credential_process: Any, printed: str) -> None:
    credential_process(printed)
    reached = S3Access(Options())
    with pytest.raises(AccessError, match="no AWS credentials could be had") as caught:
        reached.can_sign()
    assert "SECRET" not in caught.value.message
    assert reached.can_sign(), "the next one asks again"
