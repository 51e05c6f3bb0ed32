"""
Where S3 is and who we are: sessions, endpoints, regions and stores. The only module that creates AWS clients.

botocore gives credentials (its whole chain), the endpoint and the requests that are not about bulk data; obstore moves
the data. Nothing is asked of AWS before it is needed.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import botocore.exceptions
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from miniwdl_aws_s3_rails.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import Credentials
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Credential, S3Store

    from miniwdl_aws_s3_rails.options import Options

__all__ = ["S3Access", "explain"]

CREDENTIAL_LIFE = timedelta(minutes=10)
"""obstore asks again after this; botocore refreshes in time whatever expires."""

FALLBACK_REGION = "us-east-1"

REGION_HEADER = "x-amz-bucket-region"

HINTS = {
    "NoSuchBucket": "create the bucket, or correct its name",
    "AccessDenied": "the identity in use lacks a permission on this bucket (s3:PutObject, s3:GetObject, s3:ListBucket)",
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID or the profile in use",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY or the profile in use",
    "ExpiredToken": "log in again: the session's credentials have expired",
    "RequestTimeTooSkewed": "set this machine's clock",
    "AllAccessDisabled": "the bucket's owner has disabled all access",
}
SAME = {
    "404": "NoSuchBucket",
    "403": "AccessDenied",
    "Forbidden": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
}


def explain(exc: Exception, doing: str) -> AccessError:
    """
    Turn whatever botocore raises into one sentence.

    :param doing: what failed, to begin the sentence with: ``cannot write to s3://b/f/``.
    """
    if isinstance(exc, botocore.exceptions.ClientError):
        error = exc.response.get("Error", {})
        code = SAME.get(str(error.get("Code")), str(error.get("Code")))
        return AccessError(f"{doing}: {error.get('Message') or code} ({code})", hint=HINTS.get(code))
    if isinstance(exc, (botocore.exceptions.NoCredentialsError, botocore.exceptions.PartialCredentialsError)):
        return AccessError(f"{doing}: there are no AWS credentials", hint="set AWS_PROFILE, or run `aws configure`")
    if isinstance(exc, (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError)):
        return AccessError(
            f"{doing}: the S3 endpoint cannot be reached ({exc})",
            hint="check the network, and AWS_ENDPOINT_URL if it is set",
            retryable=True,
        )
    return AccessError(f"{doing}: {exc}")


class S3Access:
    """S3 as this process sees it; safe to share between threads."""

    def __init__(self, options: Options, session: botocore.session.Session | None = None) -> None:
        """
        Remember how to reach S3.

        :param session: botocore's default session when ``None``.
        """
        self._options = options
        self._session = session or botocore.session.get_session()
        self._lock = threading.RLock()
        self._regions: dict[str, str] = {}
        self._stores: dict[tuple[str, bool], S3Store] = {}

    @cached_property
    def client(self) -> S3Client:
        """Client for single requests: permissions, listings, keys that obstore can't express."""
        return self._create_client(signed=True)

    @cached_property
    def anonymous_client(self) -> S3Client:
        """The same without credentials, for public buckets."""
        return self._create_client(signed=False)

    def _create_client(self, *, signed: bool) -> S3Client:
        config = Config(
            retries={"mode": "standard", "max_attempts": self._options.attempts},
            max_pool_connections=16,
            user_agent_extra="miniwdl-aws-s3-rails",
            signature_version=None if signed else UNSIGNED,
        )
        with self._lock:  # botocore's sessions are not safe to share while a client is made
            try:
                region = self._session.get_config_variable("region") or FALLBACK_REGION
                client: Any = self._session.create_client("s3", region_name=region, config=config)
            except (botocore.exceptions.BotoCoreError, ValueError) as exc:
                raise explain(exc, "cannot reach S3") from exc
        return cast("S3Client", client)

    @cached_property
    def endpoint(self) -> str | None:
        """URL of the S3 server when it is not AWS's own: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile's."""
        url = self.client.meta.endpoint_url
        host = urlsplit(url).hostname or ""
        return None if host.endswith((".amazonaws.com", ".amazonaws.com.cn")) else url

    def region_of(self, bucket: str) -> str:
        """Region of a bucket, asked for once; other servers than AWS's have the configured one for all buckets."""
        with self._lock:
            if bucket not in self._regions:
                self._regions[bucket] = self.client.meta.region_name if self.endpoint else self._ask_for_region(bucket)
            return self._regions[bucket]

    def _ask_for_region(self, bucket: str) -> str:
        # AWS names the region in a header even where it refuses the request itself. Asked without a signature, it
        # needs no permission, and no region to sign for.
        try:
            headers = self.anonymous_client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
        except botocore.exceptions.ClientError as exc:
            headers = exc.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            if REGION_HEADER not in headers:
                raise explain(exc, f"cannot use bucket {bucket}") from exc
        except botocore.exceptions.BotoCoreError as exc:
            raise explain(exc, f"cannot use bucket {bucket}") from exc
        return headers.get(REGION_HEADER, self.client.meta.region_name)

    def store(self, bucket: str, *, signed: bool = True) -> S3Store:
        """Store for the data of a bucket."""
        region = self.region_of(bucket)
        with self._lock:
            if (bucket, signed) not in self._stores:
                self._stores[bucket, signed] = self._create_store(bucket, region, signed=signed)
            return self._stores[bucket, signed]

    def _create_store(self, bucket: str, region: str, *, signed: bool) -> S3Store:
        from obstore.store import S3Store

        settings: dict[str, Any] = {}
        if signed:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise explain(botocore.exceptions.NoCredentialsError(), f"cannot use bucket {bucket}")
            settings["credential_provider"] = _provider(credentials)
        else:
            settings["skip_signature"] = True
        if self.endpoint:
            settings["endpoint"] = self.endpoint
        return S3Store(
            bucket,
            region=region,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": (self.endpoint or "").startswith("http:"),
                "connect_timeout": timedelta(seconds=10),
                # Of one request, body included: a part must get through the slowest line that is worth using.
                "timeout": timedelta(minutes=10),
                "user_agent": "miniwdl-aws-s3-rails",
            },
            retry_config={
                "max_retries": self._options.attempts,
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=10),
                    "base": 2,
                },
                "retry_timeout": timedelta(minutes=3),
            },
            **settings,
        )

    def can_sign(self) -> bool:
        """Whether there are credentials at all."""
        with self._lock:
            return self._session.get_credentials() is not None


def _provider(credentials: Credentials) -> Callable[[], S3Credential]:
    # obstore.auth.boto3 does the same, but needs Python 3.11 and the whole of boto3.
    def provide() -> S3Credential:
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key or "",
            "secret_access_key": frozen.secret_key or "",
            "token": frozen.token,
            "expires_at": datetime.now(timezone.utc) + CREDENTIAL_LIFE,
        }

    return provide
