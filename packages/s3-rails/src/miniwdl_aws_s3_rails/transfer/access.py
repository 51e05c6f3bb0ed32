"""
S3 within reach of this process: clients, regions and stores. The only module that creates AWS clients.

obstore moves the data. botocore does the requests that are not about bulk data; nothing is created before it is needed.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import botocore.exceptions

from miniwdl_aws_core.aws.surprises import in_words, lacks_credentials
from miniwdl_aws_s3_rails.errors import AccessError, RailsError
from miniwdl_aws_s3_rails.transfer.surroundings import FALLBACK_REGION, Surroundings, ask_botocore, read_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client
    from obstore.store import ClientConfig, S3Store

    from miniwdl_aws_s3_rails.transfer.options import Options

__all__ = ["S3Access", "explain", "explained", "without_credentials"]

REGION_HEADER = "x-amz-bucket-region"

NOT_FOUND = 404

REGION_TIMEOUT = 20
"""Seconds to wait for AWS to name a bucket's region."""

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
    Turn whatever a request raised into one sentence.

    What is none of botocore's own exceptions may pass, as an outage does.

    :param doing: what failed, to begin the sentence with: ``cannot write to s3://b/f/``.
    """
    if isinstance(exc, botocore.exceptions.CredentialRetrievalError) or lacks_credentials(exc):
        return without_credentials(doing, in_words(exc))
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
    if isinstance(exc, botocore.exceptions.BotoCoreError):
        return AccessError(f"{doing}: {exc}")
    return AccessError(
        f"{doing}: no usable answer ({in_words(exc)})",
        hint="a proxy or a portal may have answered in its place: check the network, and AWS_ENDPOINT_URL if it is set",
        retryable=True,
    )


def without_credentials(doing: str, words: str) -> AccessError:
    """Say that no credentials could be had at the moment."""
    return AccessError(
        f"{doing}: no AWS credentials could be had ({words})",
        hint="log in to AWS again, or choose another profile: AWS_PROFILE",
        retryable=True,
    )


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn whatever is raised inside the block into one sentence, a name that an answer lacks included."""
    try:
        yield
    except RailsError:
        raise
    except Exception as exc:
        raise explain(exc, doing) from exc


class S3Access:
    """S3 as this process sees it; safe to share between threads."""

    def __init__(self, options: Options, session: Session | None = None, *, backoff: float = 0.1) -> None:
        """
        Remember how to reach S3.

        :param session: botocore's session to use; when ``None``, the environment is read first, and a default session
            only if that doesn't settle everything.
        :param backoff: seconds before obstore's own second try of a request; tests don't wait.
        """
        self._options = options
        self._given_session = session
        self._backoff = timedelta(seconds=backoff)
        self._lock = threading.RLock()
        self._regions: dict[str, str] = {}
        self._stores: dict[tuple[str, bool], S3Store] = {}

    @cached_property
    def _session(self) -> Session:
        import botocore.session

        return self._given_session or botocore.session.get_session()

    @cached_property
    def surroundings(self) -> Surroundings:
        """Credentials, region and endpoint."""
        with self._lock:
            settled = read_environment(os.environ) if self._given_session is None else None
            if settled:
                return settled
            with explained("cannot reach S3"):
                return ask_botocore(self._session, self.client)

    @cached_property
    def client(self) -> S3Client:
        """Client for single requests: permissions, exact listings, keys that obstore can't express."""
        return self._create_client(signed=True)

    @cached_property
    def anonymous_client(self) -> S3Client:
        """The same without credentials, for public buckets."""
        return self._create_client(signed=False)

    def _create_client(self, *, signed: bool) -> S3Client:
        from botocore import UNSIGNED
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "max_attempts": self._options.attempts},
            max_pool_connections=16,
            user_agent_extra="miniwdl-aws-s3-rails",
            signature_version=None if signed else UNSIGNED,
        )
        # botocore's sessions are not safe to share while a client is made.
        with self._lock, explained("cannot reach S3"):
            region = self._session.get_config_variable("region") or FALLBACK_REGION
            client: Any = self._session.create_client("s3", region_name=region, config=config)
        client.meta.events.register("provide-client-params.s3.*", self._complete)
        return cast("S3Client", client)

    def _complete(self, params: dict[str, Any], model: OperationModel, **_more: object) -> dict[str, Any]:
        """Give each request the parameters that all of its kind get, as the stores do on their side."""
        ours = self._options.protection.parameters()
        if self._options.requester_pays:
            ours["RequestPayer"] = "requester"
        members = model.input_shape.members if model.input_shape else {}
        return {**{name: value for name, value in ours.items() if name in members}, **params}

    @property
    def is_aws(self) -> bool:
        """Whether S3 is AWS's own, and no other server."""
        return self.surroundings.endpoint is None

    def can_sign(self) -> bool:
        """Whether there are credentials at all."""
        return self.surroundings.credentials is not None

    def region_of(self, bucket: str) -> str:
        """Region of a bucket, asked for once; other servers than AWS's have the configured one for all buckets."""
        with self._lock:
            if bucket not in self._regions:
                here = self.surroundings
                self._regions[bucket] = (
                    here.region if here.endpoint else ask_region(bucket, here.region, ca_bundle=here.ca_bundle)
                )
            return self._regions[bucket]

    def store(self, bucket: str, *, signed: bool = True) -> S3Store:
        """Store for the data of a bucket."""
        region = self.region_of(bucket)
        with self._lock:
            if (bucket, signed) not in self._stores:
                self._stores[bucket, signed] = self._create_store(bucket, region, signed=signed)
            return self._stores[bucket, signed]

    def _create_store(self, bucket: str, region: str, *, signed: bool) -> S3Store:
        from obstore.store import S3Store

        settings = self._options.protection.store_config(aws=self.is_aws)
        endpoint = self.surroundings.endpoint
        if not signed:
            settings["skip_signature"] = True
        elif self.surroundings.credentials is None:
            raise explain(botocore.exceptions.NoCredentialsError(), f"cannot use bucket {bucket}")
        else:
            settings["credential_provider"] = self.surroundings.credentials
        if endpoint:
            settings["endpoint"] = endpoint
        if self._options.requester_pays:
            settings["request_payer"] = True
        client_options: ClientConfig = {
            "allow_http": (endpoint or "").startswith("http:"),
            "connect_timeout": timedelta(seconds=10),
            # Of one request, body included: a part must get through the slowest line that is worth using.
            "timeout": timedelta(minutes=10),
            "user_agent": "miniwdl-aws-s3-rails",
        }
        if self.surroundings.ca_bundle:
            client_options["root_certificate"] = Path(self.surroundings.ca_bundle).read_bytes()
        return S3Store(
            bucket,
            region=region,
            virtual_hosted_style_request=False,
            client_options=client_options,
            retry_config={
                "max_retries": self._options.attempts,
                "backoff": {
                    "init_backoff": self._backoff,
                    "max_backoff": 100 * self._backoff,
                    "base": 2,
                },
                "retry_timeout": timedelta(minutes=3),
            },
            **settings,
        )


def ask_region(bucket: str, region: str, *, ca_bundle: str | None = None, base: str | None = None) -> str:
    """
    Ask AWS for the region of a bucket: the answer to any request names it, even one that is refused.

    :param region: where to ask.
    :param base: URL of the server, for tests.
    """
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    url = f"{base or f'https://s3.{region}.{suffix}'}/{bucket}"
    try:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the scheme is ours
        context = ssl.create_default_context(cafile=ca_bundle)
        with urllib.request.urlopen(request, timeout=REGION_TIMEOUT, context=context) as answer:  # noqa: S310 - the same
            headers = answer.headers
    except urllib.error.HTTPError as exc:
        if exc.code == NOT_FOUND:
            raise AccessError(f"cannot use bucket {bucket}: it does not exist", hint=HINTS["NoSuchBucket"]) from exc
        headers = exc.headers
    except (OSError, http.client.HTTPException) as exc:
        raise AccessError(
            f"cannot use bucket {bucket}: S3 cannot be reached ({exc})", hint="check the network", retryable=True
        ) from exc
    return headers.get(REGION_HEADER) or region
