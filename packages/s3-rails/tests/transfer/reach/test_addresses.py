"""Data go where botocore's requests go, and where AWS is in each of its partitions."""

import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import botocore.session
import obstore
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from obstore.exceptions import BaseError
from urllib3 import HTTPResponse

from miniwdl_aws_s3_rails.errors import AccessError, LineError
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach import access as access_module
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.reach.addresses import Addressing, dns_suffix

ALIAS = "my-point-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias"

BUCKETS = ["my-bucket", "my.bucket", "My_bucket", "b2", "-bucket", "bucket-", "b" * 63, "b" * 64, "192.168.1.1", ALIAS]

REGIONS = ["eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1"]

PARTITIONS = botocore.session.Session().get_data("partitions")["partitions"]

SOVEREIGN = pytest.mark.skipif(
    all("eusc-de-east-1" not in partition["regions"] for partition in PARTITIONS),
    reason="this botocore is older than the European Sovereign Cloud",
)


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that lets nobody pass, and notes the first line and the host of all requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Refusal)
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Refusal(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        first = self.rfile.readline().decode().strip()
        lines = list(iter(lambda: self.rfile.readline().decode().strip(), ""))
        host = next((line[5:].strip() for line in lines if line.lower().startswith("host:")), "")
        self.server.asked.append((first, host))
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """All requests of this test end there."""
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, server.url)
            monkeypatch.setenv(name.upper(), server.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")


def look(access: S3Access, name: str) -> None:
    """Ask by both: what sends data, and what gets it."""
    with pytest.raises((BaseError, OSError)):
        obstore.head(access.store(name), "a/key")
    with pytest.raises((LineError, ClientError)):
        access.reader(name).head("a/key")


def configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *lines: str) -> None:
    config = tmp_path / "config"
    config.write_text("\n".join(["[default]", *lines, ""]))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))


@pytest.mark.parametrize("style", ["auto", "path", "virtual"])
@pytest.mark.parametrize("endpoint", [None, "http://s3.example:8080", "https://s3.example", "https://s3.example/base/"])
@pytest.mark.sends_what_aws_refuses("s3-bucket", reason="botocore addresses odd names in another way")
def test_the_same_url_as_botocore(style: Literal["auto", "path", "virtual"], endpoint: str | None) -> None:
    config = Config(s3={"addressing_style": style})
    theirs = urls_of_botocore(BUCKETS, "eu-west-1", config, endpoint)
    addressing = Addressing(endpoint, style)
    assert {bucket: addressing.locate(bucket, "eu-west-1").url for bucket in BUCKETS} == theirs


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(("fips", "dual_stack"), [(False, False), (True, False), (False, True), (True, True)])
def test_the_same_host_as_botocore(region: str, fips: bool, dual_stack: bool) -> None:
    if fips and region.startswith("cn-"):
        pytest.skip("there is none in China, as botocore says")
    buckets = ["my-bucket", "my.bucket"]
    theirs = urls_of_botocore(buckets, region, Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual_stack))
    addressing = Addressing(fips=fips, dual_stack=dual_stack)
    assert {bucket: addressing.locate(bucket, region).url for bucket in buckets} == theirs


def urls_of_botocore(buckets: list[str], region: str, config: Config, endpoint: str | None = None) -> dict[str, str]:
    """Where botocore sends requests about buckets; none arrives."""
    asked = []

    def note(request: Any, **_more: object) -> Any:
        asked.append(request.url.removesuffix("/k"))
        return AWSResponse(request.url, 200, HTTPHeaders(), HTTPResponse(BytesIO(), preload_content=False))

    client: Any = botocore.session.Session().create_client(
        "s3", region_name=region, endpoint_url=endpoint, config=config
    )
    client.meta.events.register("before-send.s3", note)
    for bucket in buckets:
        client.head_object(Bucket=bucket, Key="k")
    return dict(zip(buckets, asked, strict=True))


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda partition: partition["id"])
def test_suffixes_of_all_regions(partition: dict[str, Any]) -> None:
    assert {dns_suffix(region) for region in partition["regions"]} <= {partition["outputs"]["dnsSuffix"]}


def test_regions_that_are_new() -> None:
    assert dns_suffix("cn-east-9") == "amazonaws.com.cn"
    assert dns_suffix("us-isob-middle-9") == "sc2s.sgov.gov"
    assert dns_suffix("zz-middle-9") == dns_suffix("what") == "amazonaws.com"


def test_botocore_is_not_needed_for_most_regions() -> None:
    code = (
        "import sys; from miniwdl_aws_s3_rails.transfer.reach.addresses import Addressing;"
        "print(Addressing().locate('my-bucket', 'eu-west-1').url, 'botocore' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.split() == ["https://my-bucket.s3.eu-west-1.amazonaws.com", "False"]


def test_interface_endpoints_are_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    vpce = "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", vpce)
    access = S3Access(Options())
    assert access.is_aws
    assert access.region_of("my-bucket") == "us-east-1"
    assert access.surroundings.addressing.locate("my-bucket", "us-east-1").url == f"{vpce}/my-bucket"


@pytest.mark.parametrize("endpoint", ["https://amazonaws.com.example", "http://127.0.0.1:9000"])
def test_others_are_not(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    assert not S3Access(Options()).is_aws


@pytest.mark.parametrize(
    ("name", "region", "host"),
    [
        ("my-bucket", "eu-west-1", "my-bucket.s3.eu-west-1.amazonaws.com"),
        ("my.bucket", "eu-west-1", "s3.eu-west-1.amazonaws.com"),
        (ALIAS, "us-east-1", f"{ALIAS}.s3.us-east-1.amazonaws.com"),
        ("my-bucket", "cn-north-1", "my-bucket.s3.cn-north-1.amazonaws.com.cn"),
        ("my-bucket", "us-gov-west-1", "my-bucket.s3.us-gov-west-1.amazonaws.com"),
        pytest.param("my-bucket", "eusc-de-east-1", "my-bucket.s3.eusc-de-east-1.amazonaws.eu", marks=SOVEREIGN),
    ],
)
def test_hosts_that_are_asked(name: str, region: str, host: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    access = S3Access(Options(attempts=0), backoff=0)
    with pytest.raises(AccessError, match="S3 can't be reached"):  # for the bucket's region
        access.region_of(name)
    monkeypatch.setattr(access_module, "ask_region", lambda _bucket, region, _url, **_more: region)
    look(access, name)
    assert {first.split()[1] for first, _host in proxy.asked} == {f"{host}:443"}
    assert len(proxy.asked) >= 2


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "my-bucket.s3-fips.us-east-1.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "my-bucket.s3.dualstack.us-east-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL_S3": "http://other", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
         "my-bucket.s3.us-east-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL_S3": "https://s3.us-east-1.amazonaws.com"}, "my-bucket.s3.us-east-1.amazonaws.com"),
    ],
)  # fmt: skip
def test_variables_that_botocore_reads(
    variables: dict[str, str], host: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(access_module, "ask_region", lambda _bucket, region, _url, **_more: region)
    look(S3Access(Options(attempts=0), backoff=0), "my-bucket")
    assert {first.split()[1] for first, _host in proxy.asked} == {f"{host}:443"}


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        (["s3 =", "  addressing_style = path"], "s3.us-east-1.amazonaws.com:443"),
        (["s3 =", "  addressing_style = virtual"], "my-bucket.s3.us-east-1.amazonaws.com:443"),
        (["s3 =", "  use_dualstack_endpoint = true"], "my-bucket.s3.dualstack.us-east-1.amazonaws.com:443"),
        (["endpoint_url = http://s3.example"], "http://s3.example/my-bucket/a/key"),
        (["endpoint_url = http://s3.example", "s3 =", "  addressing_style = virtual"],
         "http://my-bucket.s3.example/a/key"),
    ],
)  # fmt: skip
def test_the_profile_has_the_say(
    lines: list[str], url: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configure(monkeypatch, tmp_path, *lines)
    monkeypatch.setattr(access_module, "ask_region", lambda _bucket, region, _url, **_more: region)
    look(S3Access(Options(attempts=0), backoff=0), "my-bucket")
    assert {first.split()[1] for first, _host in proxy.asked} == {url}


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_other_servers_get_the_bucket_in_the_path(name: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://s3.example:9000")
    look(S3Access(Options(attempts=0), backoff=0), "my-bucket")
    assert set(proxy.asked) == {("HEAD http://s3.example:9000/my-bucket/a/key HTTP/1.1", "s3.example:9000")}
