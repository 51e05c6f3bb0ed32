"""
Who we are and where S3 is: credentials, region and endpoint.

botocore knows, but takes longer to start than a small upload takes altogether; so where the environment alone settles
everything, as core's rule and botocore would see it, botocore isn't asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from miniwdl_aws_core.aws.session import region_in
from miniwdl_aws_core.aws.surprises import in_words
from miniwdl_aws_s3_rails.errors import CredentialsError
from miniwdl_aws_s3_rails.transfer.reach.addresses import Addressing, is_amazon, is_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import botocore.session
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Credential

__all__ = ["Surroundings", "ask_botocore", "read_environment"]

FALLBACK_REGION = "us-east-1"
"""Where nothing names a region: S3 alone needs none, since each bucket's own is asked for."""

CREDENTIAL_LIFE = timedelta(minutes=10)
"""obstore asks again after this; botocore refreshes in time whatever expires."""

UNSETTLED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
"""Variables that make it more than reading a few others."""


@dataclass(frozen=True)
class Surroundings:
    """Everything that a request needs to know of its sender."""

    region: str
    addressing: Addressing
    credentials: Callable[[], S3Credential] | None
    """Gives the credentials of the moment; ``None`` when there are none."""
    ca_bundle: str | None = None
    """File of certificates to trust instead of the system's: AWS_CA_BUNDLE."""

    @property
    def is_aws(self) -> bool:
        """Whether S3 is AWS's own, and no other server."""
        endpoint = self.addressing.endpoint
        return endpoint is None or is_amazon(endpoint, self.region)


def read_environment(environ: Mapping[str, str]) -> Surroundings | None:
    """Read the environment, and return ``None`` unless it settles everything."""
    key, secret, region = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY"), region_in(environ)
    if not key or not secret or not region or any(environ.get(name) for name in UNSETTLED):
        return None
    config = environ.get("AWS_CONFIG_FILE") or "~/.aws/config"
    if Path(config).expanduser().exists():
        return None
    credential: S3Credential = {
        "access_key_id": key,
        "secret_access_key": secret,
        "token": environ.get("AWS_SESSION_TOKEN") or environ.get("AWS_SECURITY_TOKEN"),
        "expires_at": None,
    }
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
    if endpoint and not urlsplit(endpoint).hostname:
        return None  # botocore says what is wrong with it
    if endpoint and is_amazon(endpoint, region):
        return None  # it may be the one that S3 has anyway
    return Surroundings(region, Addressing(endpoint), lambda: credential, environ.get("AWS_CA_BUNDLE") or None)


def ask_botocore(session: botocore.session.Session, client: S3Client) -> Surroundings:
    """
    Let botocore find out: profiles, roles, container and instance metadata, configured endpoints.

    :param client: a client made by that session.
    """
    url = client.meta.endpoint_url
    config: Any = client.meta.config
    of_s3: Mapping[str, Any] = config.s3 or {}
    return Surroundings(
        client.meta.region_name,
        Addressing(
            None if is_regular(url) else url,
            of_s3.get("addressing_style"),
            bool(config.use_fips_endpoint),
            bool(of_s3.get("use_dualstack_endpoint")),
        ),
        _provider(session),
        session.get_config_variable("ca_bundle"),
    )


def _provider(session: botocore.session.Session) -> Callable[[], S3Credential] | None:
    # obstore.auth.boto3 does the same, but needs Python 3.11 and the whole of boto3.
    credentials = session.get_credentials()
    if credentials is None:
        return None

    def provide() -> S3Credential:
        try:
            frozen = credentials.get_frozen_credentials()
        except Exception as exc:
            # obstore makes a text of it, by which the engine knows it again.
            raise CredentialsError(in_words(exc)) from exc
        return {
            "access_key_id": frozen.access_key or "",
            "secret_access_key": frozen.secret_key or "",
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + CREDENTIAL_LIFE,
        }

    return provide
