from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_batch_backend.preflight.ecr_images import check_image, parse
from miniwdl_aws_hooks import Check, CheckState

REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
IMAGE = f"{REGISTRY}/lab/aligner:1.2"
DIGEST = "sha256:" + "a" * 64


class Ecr:
    """A registry with one repository: manifests by tag or digest, and blobs by digest."""

    def __init__(self, manifests: dict[str, Any]) -> None:
        self.manifests = manifests
        self.asked: list[dict[str, Any]] = []

    def batch_get_image(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        ((_kind, wanted),) = request["imageIds"][0].items()
        if wanted not in self.manifests:
            return {"images": [], "failures": [{"failureReason": "Requested image not found"}]}
        return {"images": [{"imageManifest": json.dumps(self.manifests[wanted])}]}

    def get_download_url_for_layer(self, **request: Any) -> dict[str, Any]:
        return {"downloadUrl": f"https://blobs/{request['layerDigest']}"}


def look(manifests: dict[str, Any], blobs: dict[str, Any], image: str = IMAGE) -> list[Check]:
    texts = {f"https://blobs/{digest}": json.dumps(blob).encode() for digest, blob in blobs.items()}
    return check_image(f"workflow image {image}", image, lambda _service, _region: Ecr(manifests), texts.__getitem__)


def config(architecture: str, entrypoint: list[str] | None = None) -> dict[str, Any]:
    return {"os": "linux", "architecture": architecture, "config": {"Entrypoint": entrypoint}}


def test_an_image_without_an_entrypoint() -> None:
    (found,) = look({"1.2": {"config": {"digest": "c"}}}, {"c": config("amd64")})
    assert found.state is CheckState.OK
    assert found.message == "it is for linux/amd64 and has no ENTRYPOINT"


def test_an_entrypoint_is_named() -> None:
    (found,) = look({"1.2": {"config": {"digest": "c"}}}, {"c": config("arm64", ["bwa", "mem"])})
    assert found.state is CheckState.WARNING
    assert 'linux/arm64 and has the ENTRYPOINT ["bwa", "mem"]' in found.message
    assert "ENTRYPOINT []" in (found.hint or "")


def test_an_image_for_several_platforms_is_looked_at_for_each() -> None:
    index = {
        "manifests": [
            {"digest": "m1", "platform": {"os": "linux", "architecture": "amd64"}},
            {"digest": "m2", "platform": {"os": "linux", "architecture": "arm64"}},
            {"digest": "m3", "platform": {"os": "unknown", "architecture": "unknown"}},
        ]
    }
    manifests = {"1.2": index, "m1": {"config": {"digest": "c1"}}, "m2": {"config": {"digest": "c2"}}}
    found = look(manifests, {"c1": config("amd64"), "c2": config("arm64")})
    assert [item.message.split()[3] for item in found] == ["linux/amd64", "linux/arm64"]


def test_a_missing_image_is_a_warning() -> None:
    (found,) = look({}, {})
    assert found.state is CheckState.WARNING
    assert "Requested image not found" in found.message


def test_a_missing_permission_is_no_fault_of_the_image() -> None:
    class Closed(Ecr):
        def batch_get_image(self, **_request: Any) -> dict[str, Any]:
            response = {"Error": {"Code": "AccessDeniedException", "Message": "no"}, "ResponseMetadata": {}}
            raise ClientError(response, "BatchGetImage")  # type: ignore[arg-type]

    (found,) = check_image("x", IMAGE, lambda _service, _region: Closed({}))
    assert found.state is CheckState.UNKNOWN
    assert "BatchGetImage" in (found.hint or "")


def test_what_is_no_json_is_a_warning() -> None:
    (found,) = check_image(
        "x", IMAGE, lambda _service, _region: Ecr({"1.2": {"config": {"digest": "c"}}}), lambda _url: b"<html>"
    )
    assert found.state is CheckState.WARNING


@pytest.mark.parametrize("image", ["ubuntu:22.04", "public.ecr.aws/docker/library/ubuntu:22.04", "quay.io/x/y:1", ""])
def test_images_elsewhere_are_not_looked_at(image: str) -> None:
    assert check_image("x", image, lambda *_names: pytest.fail("asked")) == []


def test_names() -> None:
    assert (found := parse(IMAGE))
    assert (found.account, found.region, found.repository) == ("123456789012", "eu-central-1", "lab/aligner")
    assert found.wanted == {"imageTag": "1.2"}
    assert (found := parse(f"{REGISTRY}/x"))
    assert found.wanted == {"imageTag": "latest"}
    assert (found := parse(f"{REGISTRY}/x:1@{DIGEST}"))
    assert found.wanted == {"imageDigest": DIGEST}
    assert (found := parse("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/x:1"))
    assert found.region == "cn-north-1"


@given(st.text())
def test_no_name_is_too_odd(text: str) -> None:
    parse(text)
    parse(f"{REGISTRY}/{text}")
