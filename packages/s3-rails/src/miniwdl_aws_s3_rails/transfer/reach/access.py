"""
S3 within reach of this process: clients, regions and stores. The only module that makes any.

obstore sends the data, readers of our own get it, and botocore does the requests that are not about bulk data. Nothing
is created before it is needed.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import urllib.error
import urllib.request
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from miniwdl_aws_core.aws.errors import Kind, no_credentials
from miniwdl_aws_core.aws.session import connect, open_session
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.transfer.reach.connections import Connections
from miniwdl_aws_s3_rails.transfer.reach.reader import Reader
from miniwdl_aws_s3_rails.transfer.reach.surroundings import (
    FALLBACK_REGION,
    Surroundings,
    ask_botocore,
    read_environment,
)
from miniwdl_aws_s3_rails.transfer.refusals import NO_BUCKET, S3_ERRORS, explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client
    from obstore.store import ClientConfig, S3Credential, S3Store

    from miniwdl_aws_s3_rails.transfer.options import Options

__all__ = ["S3Access", "distance"]

REGION_HEADER = "x-amz-bucket-region"

USER_AGENT = "miniwdl-aws-s3-rails"

NOT_FOUND = 404

REGION_TIMEOUT = 20
"""Seconds to wait for AWS to name a bucket's region."""


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
        self._readers: dict[tuple[str, bool], Reader] = {}

    @cached_property
    def _session(self) -> Session:
        return self._given_session or open_session()

    @cached_property
    def surroundings(self) -> Surroundings:
        """Credentials, region and addresses."""
        with self._lock:
            settled = read_environment(os.environ) if self._given_session is None else None
            if settled:
                return settled
            with explained("reach S3"):
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
        more: dict[str, Any] = {}
        if not signed:
            from botocore import UNSIGNED

            more["signature_version"] = UNSIGNED
        # botocore's sessions are not safe to share while a client is made.
        with self._lock:
            client: Any = connect(
                "s3",
                session=self._session,
                fallback_region=FALLBACK_REGION,
                attempts=self._options.attempts,
                connections=16,
                read_timeout=60,
                family=S3_ERRORS,
                **more,
            )
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
        return self.surroundings.is_aws

    def can_sign(self) -> bool:
        """Whether there are credentials at all."""
        return self.surroundings.credentials is not None

    def region_of(self, bucket: str) -> str:
        """Region of a bucket, asked for once; other servers than AWS's have the configured one for all buckets."""
        with self._lock:
            if bucket not in self._regions:
                here = self.surroundings
                url = here.addressing.locate(bucket, here.region).url
                self._regions[bucket] = (
                    here.region
                    if here.addressing.endpoint
                    else ask_region(bucket, here.region, url, ca_bundle=here.ca_bundle)
                )
            return self._regions[bucket]

    def _credentials(self, bucket: str) -> Callable[[], S3Credential]:
        credentials = self.surroundings.credentials
        if credentials is None:
            raise no_credentials(f"use bucket {bucket}", S3_ERRORS)
        return credentials

    @cached_property
    def _connections(self) -> Connections:
        return Connections(self.surroundings.ca_bundle)

    def reader(self, bucket: str, *, signed: bool = True) -> Reader:
        """Reader of the objects of a bucket."""
        region = self.region_of(bucket)
        with self._lock:
            if (bucket, signed) not in self._readers:
                url = self.surroundings.addressing.locate(bucket, region).url
                more = {"user-agent": USER_AGENT}
                if self._options.requester_pays:
                    more["x-amz-request-payer"] = "requester"
                credentials = self._credentials(bucket) if signed else None
                self._readers[bucket, signed] = Reader(url, region, self._connections, credentials, more)
            return self._readers[bucket, signed]

    def store(self, bucket: str, *, signed: bool = True) -> S3Store:
        """Store for sending the data of a bucket, and for plain listings."""
        region = self.region_of(bucket)
        with self._lock:
            if (bucket, signed) not in self._stores:
                self._stores[bucket, signed] = self._create_store(bucket, region, signed=signed)
            return self._stores[bucket, signed]

    def _create_store(self, bucket: str, region: str, *, signed: bool) -> S3Store:
        from obstore.store import S3Store

        settings = self._options.protection.store_config(aws=self.is_aws)
        located = self.surroundings.addressing.locate(bucket, region)
        if not signed:
            settings["skip_signature"] = True
        else:
            settings["credential_provider"] = self._credentials(bucket)
        if self._options.requester_pays:
            settings["request_payer"] = True
        client_options: ClientConfig = {
            "allow_http": located.server.startswith("http:"),
            "connect_timeout": timedelta(seconds=10),
            # Of one request, body included: a part must get through the slowest line that is worth using.
            "timeout": timedelta(minutes=10),
            "user_agent": USER_AGENT,
        }
        if self.surroundings.ca_bundle:
            client_options["root_certificate"] = Path(self.surroundings.ca_bundle).read_bytes()
        return S3Store(
            bucket,
            region=region,
            # Not "endpoint", over which obstore lets AWS_ENDPOINT_URL_S3 win even where that one is to be ignored.
            aws_endpoint_url_s3=located.server,
            virtual_hosted_style_request=located.in_host,
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


def distance(access: S3Access, bucket: str, what: str) -> str | None:
    """
    Say of a bucket that it is far away.

    :param what: what is done with it: ``read``, ``write``.
    :return: ``None`` when it is in the region of this process.
    """
    here, there = access.surroundings.region, access.region_of(bucket)
    return f"bucket {bucket} is in {there}, so each {what} from {here} is slow and costs" if here != there else None


def ask_region(bucket: str, region: str, url: str, *, ca_bundle: str | None = None) -> str:
    """
    Ask AWS for the region of a bucket: the answer to any request names it, even one that is refused.

    :param region: where the bucket is if the answer names none.
    :param url: of the bucket, in the region that is configured.
    """
    try:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the scheme is ours
        context = ssl.create_default_context(cafile=ca_bundle)
        with urllib.request.urlopen(request, timeout=REGION_TIMEOUT, context=context) as answer:  # noqa: S310 - the same
            headers = answer.headers
    except urllib.error.HTTPError as exc:
        exc.close()  # it is an open answer
        if exc.code == NOT_FOUND:
            raise AccessError(
                f"can't use bucket {bucket}: it does not exist", kind=Kind.MISSING, status=NOT_FOUND, hint=NO_BUCKET
            ) from exc
        headers = exc.headers
    except (OSError, http.client.HTTPException) as exc:
        raise AccessError(
            f"can't use bucket {bucket}: S3 can't be reached ({exc})",
            kind=Kind.UNREACHABLE,
            hint="check the network",
            retryable=True,
        ) from exc
    return headers.get(REGION_HEADER) or region
