import dataclasses
import json

import pytest

from miniwdl_aws_core.options.kinds import GIB
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings
from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.writing import Protection, PutOptions


def read(**options: str) -> Options:
    return Options.read(EnvironSettings({f"MINIWDL__S3_RAILS__{key.upper()}": text for key, text in options.items()}))


def test_nothing_set_leaves_all_to_the_bucket() -> None:
    options = read()
    assert options.protection.parameters() == {}
    assert options.protection.store_config(aws=False) == {}
    assert options.products == PutOptions()
    assert options.products.parameters() == options.products.condition() == options.products.store_arguments() == {}
    assert not options.requester_pays
    assert options.confirm_above == 10 * GIB


def test_encryption() -> None:
    protection = read(encryption="AWS:KMS", kms_key="alias/x", bucket_key="true", checksum="none").protection
    assert protection == Protection("aws:kms", "alias/x", bucket_key=True, checksum="none")
    assert protection.parameters() == {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "alias/x",
        "BucketKeyEnabled": True,
    }
    assert protection.store_config(aws=True) == {
        "server_side_encryption": "aws:kms",
        "sse_kms_key_id": "alias/x",
        "sse_bucket_key_enabled": True,
    }


@pytest.mark.parametrize(
    ("choice", "aws", "sent"),
    [("auto", True, True), ("auto", False, False), ("crc64nvme", False, True), ("none", True, False)],
)
def test_checksum_goes_to_servers_that_know_it(choice: str, aws: bool, sent: bool) -> None:
    protection = read(checksum=choice).protection
    assert protection.sends_checksum(aws=aws) is sent
    assert (protection.store_config(aws=aws) == {"checksum_algorithm": "CRC64NVME"}) is sent


def test_products() -> None:
    products = read(storage_class="STANDARD_IA", object_tags='{"project": "a b", "x": ""}').products
    assert products.condition() == {}
    products = dataclasses.replace(products, replace=False)
    assert products == PutOptions("STANDARD_IA", (("project", "a b"), ("x", "")), replace=False)
    assert products.parameters() == {"StorageClass": "STANDARD_IA", "Tagging": "project=a+b&x="}
    assert products.condition() == {"IfNoneMatch": "*"}
    assert products.store_arguments() == {
        "mode": "create",
        "attributes": {"Storage-Class": "STANDARD_IA"},
        "tags": {"project": "a b", "x": ""},
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"requester_pays": "perhaps"}, "requester_pays must be true or false, not 'perhaps'"),
        ({"encryption": "rot13"}, "encryption must be AES256, aws:kms or aws:kms:dsse, not 'rot13'"),
        ({"kms_key": "k"}, "kms_key needs encryption = aws:kms"),
        ({"kms_key": "k", "encryption": "AES256"}, "kms_key needs encryption = aws:kms"),
        ({"bucket_key": "true"}, "bucket_key needs encryption = aws:kms"),
        ({"bucket_key": "true", "encryption": "aws:kms:dsse"}, "bucket_key needs encryption = aws:kms"),
        ({"checksum": "md4"}, "checksum must be auto, crc64nvme or none"),
        ({"storage_class": "standard ia"}, "storage_class must be one such as STANDARD_IA"),
        ({"object_tags": "x=y"}, "object_tags must be a JSON object"),
        ({"object_tags": '["x"]'}, "object_tags must be a JSON object"),
        ({"object_tags": '{"x": 1}'}, "object_tags must be a JSON object"),
        ({"object_tags": json.dumps({str(i): "" for i in range(11)})}, "S3 allows 10 tags, and these are 11"),
        ({"object_tags": json.dumps({"k" * 129: ""})}, "is not possible"),
        ({"object_tags": json.dumps({"k": "v" * 257})}, "'k' is not possible"),
        ({"object_tags": '{"": ""}'}, "is not possible"),
        ({"object_tags": '{"AWS:x": ""}'}, "'AWS:x' is not possible"),
        ({"object_tags": '{"x": "a;b"}'}, "'x' has characters that S3 does not allow"),
        ({"confirm_above": "a lot"}, "confirm_above must be a size"),
    ],
)
def test_each_mistake_is_one_sentence(options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^\[s3_rails\] ") as caught:
        read(**options)
    assert message in caught.value.message
