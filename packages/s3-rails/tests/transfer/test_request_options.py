"""Options of ``[s3_rails]`` reach the server with every request that they concern, whichever library sends it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks import EnvironSettings, PublishOptions, PublishRequest
from miniwdl_aws_s3_rails.errors import TransferError
from miniwdl_aws_s3_rails.products.destination import check_writable
from miniwdl_aws_s3_rails.products.s3_publisher import publish
from miniwdl_aws_s3_rails.transfer.checksums.crc import crc_of_file
from miniwdl_aws_s3_rails.transfer.engine import Engine
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.receiver import Receiver
from miniwdl_aws_s3_rails.transfer.sender import Check, Sender
from miniwdl_aws_s3_rails.transfer.writing import Protection, PutOptions

KEYS = ["plain", "odd//key"]
"""obstore sends the one, botocore the other; both are read by a reader of our own."""

BIG = 11 * MIB


@pytest.fixture
def make_engine() -> Iterator[Callable[..., Engine]]:
    made = []

    def make(**options: Any) -> Engine:
        settings = Options(concurrency=4, part_size=5 * MIB, attempts=2, **options)
        made.append(Engine(settings, S3Access(settings, botocore.session.Session()), sleep=lambda _seconds: None))
        return made[-1]

    yield make
    for engine in made:
        engine.pool.shutdown()


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(os.urandom(BIG))
    return path


@pytest.mark.parametrize("key", KEYS)
def test_requester_pays_for_everything(
    recorded: Any, make_engine: Callable[..., Engine], key: str, tmp_path: Path, big: Path
) -> None:
    engine = make_engine(requester_pays=True)
    uri = S3Uri("bucket", key)
    recorded.described["Size"] = "0"
    engine.find(uri)
    engine.find_all(S3Uri("bucket", ""))
    engine.find_all(S3Uri("bucket", "f/"))
    engine.peek(S3Uri("bucket", "f/"), 10)
    engine.remove(uri)
    Sender(engine).put_bytes(uri, b"")
    Receiver(engine).read(uri)
    recorded.described["Size"] = str(BIG)
    Sender(engine).put(uri, big, BIG)
    check_writable(engine, "s3://bucket/x/")
    assert {operation for operation, _ in recorded.seen} == {
        *("HEAD", "LIST", "DELETE", "PUT", "GET", "START", "PART", "COMPLETE", "ABORT"),
    }
    assert all(headers.get("x-amz-request-payer") == "requester" for _, headers in recorded.seen)


@pytest.mark.parametrize("key", KEYS)
def test_public_buckets_are_read_without_credentials_that_they_refuse(
    recorded: Any, make_engine: Callable[..., Engine], key: str, tmp_path: Path, fetch: Any
) -> None:
    engine = make_engine()
    recorded.public = True
    recorded.described["Size"] = "4"
    recorded.answers["GET"] = (200, b"data")
    recorded.described["ETag"] = '"8d777f385d3dfec8815d20f7496026dc"'
    assert fetch(engine, S3Uri("bucket", key), tmp_path / "copy") == 4
    assert (tmp_path / "copy").read_bytes() == b"data"
    signed = ["authorization" in headers for _, headers in recorded.seen]
    assert signed == [True, False, False], "what worked is remembered"


def test_the_s3_endpoint_wins_and_buckets_are_in_the_path(
    recorded: Any, make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", os.environ["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    engine = make_engine()
    for key in KEYS:
        engine.find(S3Uri("bucket", key))
    assert recorded.paths == [f"/bucket/{key}" for key in KEYS]


def test_nothing_is_sent_that_nobody_asked_for(recorded: Any, make_engine: Callable[..., Engine], big: Path) -> None:
    engine = make_engine()
    recorded.described["Size"] = "0"
    Sender(engine).put_bytes(S3Uri("bucket", "plain"), b"")
    recorded.described["Size"] = str(BIG)
    Sender(engine).put(S3Uri("bucket", "plain"), big, BIG)
    usual = ("x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-checksum-mode")
    assert not [
        name for _, headers in recorded.seen for name in headers if name.startswith("x-amz-") and name not in usual
    ]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("in_parts", [False, True])
def test_objects_show_what_was_asked_for(
    make_engine: Callable[..., Engine], server: str, bucket: Any, big: Path, key: str, in_parts: bool
) -> None:
    encrypts = server == "moto"  # SeaweedFS has no keys unless it is configured for that
    engine = make_engine(protection=Protection("aws:kms", "some-key", bucket_key=True) if encrypts else Protection())
    sender = Sender(engine, options=PutOptions("STANDARD_IA", (("project", "a+b c"), ("x", ""))))
    uri = S3Uri(bucket.name, key)
    if in_parts:
        sender.put(uri, big, BIG)
    else:
        sender.put_bytes(uri, b"data")
    head = bucket.client.head_object(Bucket=bucket.name, Key=key)
    if encrypts:
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"] == "some-key"
        assert in_parts or head["BucketKeyEnabled"] is True, "moto forgets it for uploads in parts"
    assert head["StorageClass"] == "STANDARD_IA"
    tags = bucket.client.get_object_tagging(Bucket=bucket.name, Key=key)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"project": "a+b c", "x": ""}
    assert bucket[key] == (big.read_bytes() if in_parts else b"data")


def test_s3s_own_encryption(recorded: Any, make_engine: Callable[..., Engine]) -> None:
    recorded.described["Size"] = "4"
    for key in KEYS:
        Sender(make_engine(protection=Protection("AES256"))).put_bytes(S3Uri("bucket", key), b"data")
    puts = [headers for operation, headers in recorded.seen if operation == "PUT"]
    assert [headers["x-amz-server-side-encryption"] for headers in puts] == ["AES256", "AES256"]


def test_uploads_in_parts_ask_for_the_same(recorded: Any, make_engine: Callable[..., Engine], big: Path) -> None:
    engine = make_engine(protection=Protection("aws:kms", "k", bucket_key=True))
    recorded.described["Size"] = str(BIG)
    for key in KEYS:
        Sender(engine).put(S3Uri("bucket", key), big, BIG)
    starts = [headers for operation, headers in recorded.seen if operation == "START"]
    switches = [headers["x-amz-server-side-encryption-bucket-key-enabled"].lower() for headers in starts]
    assert switches == ["true", "true"]


def test_only_output_files_get_the_storage_class(
    make_engine: Callable[..., Engine], bucket: Any, tmp_path: Path
) -> None:
    engine = make_engine(products=PutOptions("STANDARD_IA", (("a", "b"),)))
    files = {}
    for name in ("x/out.txt", "workflow.log", "upload_manifest.json"):
        files[name] = str(tmp_path / Path(name).name)
        Path(files[name]).write_text(name)
    publish(PublishRequest("/run", bucket.uri("run/"), files, EnvironSettings({}), CAREFUL), engine)
    heads = {name: bucket.client.head_object(Bucket=bucket.name, Key=f"run/{name}") for name in files}
    assert [name for name, head in heads.items() if "StorageClass" in head] == ["x/out.txt"]
    for name in files:
        assert bucket.client.get_object_tagging(Bucket=bucket.name, Key=f"run/{name}")["TagSet"]


def test_the_early_check_asks_for_the_same(recorded: Any, make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(
        protection=Protection("aws:kms", "k", bucket_key=True), products=PutOptions("GLACIER_IR", (("a", "b"),))
    )
    check_writable(engine, "s3://bucket/x/")
    ((_, headers),) = [request for request in recorded.seen if request[0] == "START"]
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "k"
    assert headers["x-amz-server-side-encryption-bucket-key-enabled"].lower() == "true"
    assert headers["x-amz-storage-class"] == "GLACIER_IR"
    assert headers["x-amz-tagging"] == "a=b"


class TestChecksums:
    """123456789 has the CRC64NVME 0xAE8B14860A799888, says https://reveng.sourceforge.io/crc-catalogue/17plus.htm."""

    NVME = "rosUhgp5mIg="

    def test_it_goes_along(self, recorded: Any, make_engine: Callable[..., Engine], big: Path) -> None:
        engine = make_engine(protection=Protection(checksum="crc64nvme"))
        recorded.described.update(Size="9", **{"x-amz-checksum-crc64nvme": self.NVME})
        assert Sender(engine).put_bytes(S3Uri("bucket", "key"), b"123456789") is Check.CRC64NVME
        (headers,) = [headers for operation, headers in recorded.seen if operation == "PUT"]
        assert headers["x-amz-checksum-crc64nvme"] == self.NVME
        with big.open("rb") as file:
            recorded.described.update({"Size": str(BIG), "x-amz-checksum-crc64nvme": crc_of_file(file)})
        assert Sender(engine).put(S3Uri("bucket", "key"), big, BIG) is Check.CRC64NVME
        parts = [headers for operation, headers in recorded.seen if operation == "PART"]
        assert len(parts) == 3
        assert all(headers.get("x-amz-checksum-crc64nvme") for headers in parts)

    def test_what_a_server_keeps_of_its_own_accord_proves_nothing(
        self, recorded: Any, make_engine: Callable[..., Engine]
    ) -> None:
        recorded.described.update(Size="9", **{"x-amz-checksum-crc64nvme": self.NVME})
        assert Sender(make_engine()).put_bytes(S3Uri("bucket", "key"), b"123456789") is Check.SIZE

    def test_a_server_that_keeps_none(self, recorded: Any, make_engine: Callable[..., Engine], big: Path) -> None:
        engine = make_engine(protection=Protection(checksum="crc64nvme"))
        recorded.described["Size"] = "9"
        assert Sender(engine).put_bytes(S3Uri("bucket", "key"), b"123456789") is Check.SIZE
        recorded.described["Size"] = str(BIG)
        assert Sender(engine).put(S3Uri("bucket", "key"), big, BIG) is Check.SIZE

    def test_a_server_that_finds_it_wrong(self, recorded: Any, make_engine: Callable[..., Engine]) -> None:
        engine = make_engine(protection=Protection(checksum="crc64nvme"))
        recorded.answers["PUT"] = (400, b"<Error><Code>BadDigest</Code><Message>It did not match.</Message></Error>")
        with pytest.raises(TransferError, match="can't write s3://bucket/key"):
            Sender(engine).put_bytes(S3Uri("bucket", "key"), b"123456789")

    @pytest.mark.parametrize("size", [BIG, BIG - 1])
    @pytest.mark.parametrize("kept", ["another checksum", "no checksum"])
    def test_a_large_object_that_is_not_what_was_sent(
        self, recorded: Any, make_engine: Callable[..., Engine], big: Path, kept: str, size: int
    ) -> None:
        engine = make_engine(protection=Protection(checksum="crc64nvme"))
        recorded.described["Size"] = str(size)
        if kept == "another checksum":
            recorded.described["x-amz-checksum-crc64nvme"] = self.NVME
        else:
            tag = f"<CompleteMultipartUploadResult><ETag>{'0' * 32}-3</ETag></CompleteMultipartUploadResult>"
            recorded.answers["COMPLETE"] = (200, tag.encode())
        with pytest.raises(TransferError, match="arrived damaged"):
            Sender(engine).put(S3Uri("bucket", "key"), big, BIG)

    def test_real_servers_take_it(self, make_engine: Callable[..., Engine], bucket: Any, big: Path) -> None:
        sender = Sender(make_engine(protection=Protection(checksum="crc64nvme")))
        assert sender.put_bytes(S3Uri(bucket.name, "small"), b"data") is Check.MD5, "what we can compare ourselves"
        assert sender.put(S3Uri(bucket.name, "big"), big, BIG) is Check.CRC64NVME
        assert bucket["big"] == big.read_bytes()

    @pytest.mark.parametrize("size", [8, 10])
    def test_another_size_is_damage(self, recorded: Any, make_engine: Callable[..., Engine], size: int) -> None:
        recorded.described["Size"] = str(size)
        with pytest.raises(TransferError, match="arrived damaged"):
            Sender(make_engine()).put_bytes(S3Uri("bucket", "key"), b"123456789")


class TestNoOverwrite:
    @pytest.fixture
    def sender(self, engine: Engine) -> Sender:
        return Sender(engine, options=PutOptions(replace=False))

    @pytest.fixture(params=KEYS)
    def uri(self, request: pytest.FixtureRequest, bucket: Any) -> S3Uri:
        return S3Uri(bucket.name, request.param)

    @pytest.fixture(params=["in one piece", "in parts"])
    def source(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        path = tmp_path / "source"
        path.write_bytes(os.urandom(100 if request.param == "in one piece" else BIG))
        return path

    def test_new_object(self, sender: Sender, bucket: Any, uri: S3Uri, source: Path) -> None:
        assert sender.put(uri, source, source.stat().st_size) is Check.MD5
        assert bucket[uri.key] == source.read_bytes()

    def test_the_same_object_again(self, sender: Sender, uri: S3Uri, source: Path) -> None:
        sender.put(uri, source, source.stat().st_size)
        assert sender.put(uri, source, source.stat().st_size) is Check.MD5

    def test_another_object_stays(self, sender: Sender, bucket: Any, uri: S3Uri, source: Path) -> None:
        bucket[uri.key] = b"somebody's"
        with pytest.raises(TransferError, match=r"there is another object already, which --no-overwrite protects"):
            sender.put(uri, source, source.stat().st_size)
        assert bucket[uri.key] == b"somebody's"

    def test_an_object_that_somebody_writes_meanwhile_stays(
        self, sender: Sender, bucket: Any, uri: S3Uri, source: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original, looks = sender.engine.find, []

        def find(uri: S3Uri) -> Any:
            """See nothing, and let somebody write just after."""
            found = original(uri)
            looks.append(found)
            if len(looks) == 1:
                bucket[uri.key] = b"somebody's"
            return found

        monkeypatch.setattr(sender.engine, "find", find)
        with pytest.raises(TransferError, match="there is another object already"):
            sender.put(uri, source, source.stat().st_size)
        assert bucket[uri.key] == b"somebody's"
        assert len(looks) == 2
        assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)

    def test_a_server_that_does_not_offer_it(
        self, recorded: Any, make_engine: Callable[..., Engine], big: Path
    ) -> None:
        refusal = b"<Error><Code>NotImplemented</Code><Message>A header implies more.</Message></Error>"
        recorded.answers.update(HEAD=(404, b""), PUT=(501, refusal), COMPLETE=(501, refusal))
        sender = Sender(make_engine(), options=PutOptions(replace=False))
        for key in KEYS:
            with pytest.raises(TransferError, match="does not offer the conditional writes that --no-overwrite needs"):
                sender.put_bytes(S3Uri("bucket", key), b"data")
        with pytest.raises(TransferError, match="does not offer the conditional writes that --no-overwrite needs"):
            sender.put(S3Uri("bucket", "key"), big, BIG)
        assert [operation for operation, _ in recorded.seen][-1] == "ABORT"

    def test_where_nothing_may_be_read_the_server_still_decides(
        self, recorded: Any, make_engine: Callable[..., Engine]
    ) -> None:
        recorded.answers.update(HEAD=(403, b""), PUT=(412, b"<Error><Code>PreconditionFailed</Code></Error>"))
        sender = Sender(make_engine(), options=PutOptions(replace=False))
        with pytest.raises(TransferError, match="somebody else changed it meanwhile"):
            sender.put_bytes(S3Uri("bucket", "key"), b"data")


CAREFUL = PublishOptions(overwrite=False)


def publish_carefully(engine: Engine, bucket: Any, tmp_path: Path, text: str, *names: str) -> Any:
    files = {}
    for name in names:
        files[name] = str(tmp_path / name.replace("/", "-"))
        Path(files[name]).write_text(text)
    return publish(PublishRequest("/run", bucket.uri("run/"), files, EnvironSettings({}), CAREFUL), engine)


class TestNoOverwriteOfRuns:
    def test_a_broken_off_upload_is_completed(self, engine: Engine, bucket: Any, tmp_path: Path) -> None:
        publish_carefully(engine, bucket, tmp_path, "mine", "x/1", "empty/")
        report = publish_carefully(engine, bucket, tmp_path, "mine", "x/1", "x/2", "empty/")
        assert report.failed == {}
        assert report.checks == dict.fromkeys(("x/1", "x/2", "empty/"), "md5")

    def test_what_differs_is_named_and_stays(self, engine: Engine, bucket: Any, tmp_path: Path) -> None:
        bucket["run/x/1"] = b"somebody's"
        report = publish_carefully(engine, bucket, tmp_path, "mine", "x/1", "x/2")
        assert set(report.failed) == {"x/1"}
        assert "--no-overwrite protects" in report.failed["x/1"]
        assert bucket["run/x/1"] == b"somebody's"

    def test_a_whole_run_stays(self, engine: Engine, bucket: Any, tmp_path: Path) -> None:
        bucket["run/outputs.json"] = b"{}"
        with pytest.raises(Exception, match=r"outputs\.json is there already, and --no-overwrite protects the run"):
            publish_carefully(engine, bucket, tmp_path, "mine", "x/1")
        assert bucket.keys() == ["run/outputs.json"]

    def test_a_whole_upload_again_is_nothing_to_do(self, engine: Engine, bucket: Any, tmp_path: Path) -> None:
        for _ in range(2):
            data = publish_carefully(engine, bucket, tmp_path, "mine", "x/1", "workflow.log")
            last = publish_carefully(engine, bucket, tmp_path, "mine", "outputs.json")
        assert (data.skipped, last.skipped, data.uploaded, last.uploaded) == (2, 1, 0, 0)
