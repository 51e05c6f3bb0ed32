"""
Looks into images in a private registry of ECR, for ``miniwdl-aws doctor``: what AWS Batch can't override shows there.

An image's configuration is a blob of its repository, as its layers are. It needs ``ecr:BatchGetImage`` and
``ecr:GetDownloadUrlForLayer``; images of other registries are not looked at.
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import AwsError, translated, unusable
from miniwdl_aws_core.aws.session import connect
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_hooks import Check, CheckState
from miniwdl_aws_hooks.findings import not_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["EcrImage", "check_image", "parse"]

MAX_CONFIG = 1 << 20
"""Bytes of an image's configuration that are read; they are some KiB."""
TIMEOUT = 20
"""Seconds for that."""

_MEDIA_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[a-z0-9._/-]+?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class EcrImage:
    """An image of a private registry of ECR, by its name."""

    account: str
    region: str
    repository: str
    wanted: Mapping[str, str]
    """As ECR's ``ImageIdentifier``."""


def parse(image: str) -> EcrImage | None:
    """Take a name apart; ``None`` when it isn't one of ECR's private registries."""
    found = _IMAGE.fullmatch(image)
    if found is None:
        return None
    wanted = {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
    return EcrImage(found["account"], found["region"], found["repository"], wanted)


def check_image(
    subject: str,
    image: str,
    connect: Callable[..., Any] = connect,
    fetch: Callable[[str], bytes] | None = None,
) -> list[Check]:
    """
    Look at one image.

    :param connect: makes the client, given the service and the region.
    :param fetch: reads what is at a URL.
    :return: nothing for images of other registries.
    """
    name = parse(image)
    if name is None:
        return []
    try:
        return [_judge(subject, config) for config in _configs(connect("ecr", name.region), name, fetch or _fetch)]
    except AwsError as exc:
        return [not_checked(subject, exc, CheckState.WARNING)]


def _judge(subject: str, config: Mapping[str, Any]) -> Check:
    platform = f"{config.get('os', 'linux')}/{config.get('architecture', 'unknown')}"
    entrypoint = (config.get("config") or {}).get("Entrypoint")
    if not entrypoint:
        return Check(subject, CheckState.OK, f"it is for {platform} and has no ENTRYPOINT")
    return Check(
        subject,
        CheckState.WARNING,
        f"it is for {platform} and has the ENTRYPOINT {json.dumps(entrypoint)}, which AWS Batch can't override: it gets"
        " the job's command as its arguments",
        hint="that works if it runs its arguments, as `tini --` does; else name an image made from it with `ENTRYPOINT"
        " []`",
    )


def _configs(client: Any, image: EcrImage, fetch: Callable[[str], bytes]) -> list[Mapping[str, Any]]:
    """Get the configuration of an image, or of each platform of an image that is for several."""
    action = f"look into image {image.repository}"
    manifest = _manifest(client, image, image.wanted, action)
    if "manifests" not in manifest:
        return [_config(client, image, manifest, fetch, action)]
    # Attestations of how an image was built stand there, too, under a platform that is none.
    entries = [item for item in manifest["manifests"] if item.get("platform", {}).get("os") != "unknown"]
    manifests = [_manifest(client, image, {"imageDigest": item["digest"]}, action) for item in entries]
    return [_config(client, image, item, fetch, action) for item in manifests]


def _manifest(client: Any, image: EcrImage, wanted: Mapping[str, str], action: str) -> Mapping[str, Any]:
    with translated(action):
        answer = client.batch_get_image(
            registryId=image.account,
            repositoryName=image.repository,
            imageIds=[wanted],
            acceptedMediaTypes=list(_MEDIA_TYPES),
        )
    if not answer["images"]:
        reasons = [item.get("failureReason", "") for item in answer.get("failures", ())]
        raise AwsError(f"can't {action}: {'; '.join(filter(None, reasons)) or 'it is not there'}")
    return _json(answer["images"][0]["imageManifest"], action)


def _config(
    client: Any, image: EcrImage, manifest: Mapping[str, Any], fetch: Callable[[str], bytes], action: str
) -> Mapping[str, Any]:
    with translated(action):
        url = client.get_download_url_for_layer(
            registryId=image.account, repositoryName=image.repository, layerDigest=manifest["config"]["digest"]
        )["downloadUrl"]
        return _json(fetch(url), action)


def _json(text: str | bytes, action: str) -> Mapping[str, Any]:
    try:
        found = read_json(text)
    except ValueError as exc:
        raise unusable(action, "no JSON") from exc
    if not isinstance(found, dict):
        raise unusable(action, "no JSON object")
    return found


def _fetch(url: str) -> bytes:
    if not url.startswith("https://"):
        raise unusable("look into an image", "its address is not https")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 - https, as was made sure
            return bytes(answer.read(MAX_CONFIG))
    except urllib.error.HTTPError as exc:
        exc.close()  # it is an open answer
        raise
