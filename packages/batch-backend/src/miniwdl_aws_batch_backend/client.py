"""
The edge to AWS: the one boto3 client of the process, and the one place that knows how requests fail.

Requests are repeated here and not by botocore, which would also repeat a SubmitJob that may have been carried out.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.errors import BatchRequestError
from miniwdl_aws_hooks import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_batch import BatchClient

__all__ = ["BatchApi", "connect", "translate"]

CONCURRENCY = 32
"""Requests in flight at once, and connections kept."""

_THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "ThrottledException"}
)
_FORBIDDEN = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_CREDENTIALS = frozenset(
    {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
     "InvalidSignatureException", "MissingAuthenticationTokenException"}
)  # fmt: skip
_NOT_SENT = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})
"""botocore's exceptions for requests that never left."""
_NOT_CONFIGURED = frozenset({"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "SSOError"})


def connect(region: str | None) -> BatchClient:
    """
    Make the client.

    :param region: from ``[aws] region``; when ``None``, that of the AWS configuration or of this instance.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session()
        region = region or session.region_name or _instance_region()
        if not region:
            raise ConfigurationError(
                "no AWS region is configured",
                hint="set [aws] region (MINIWDL__AWS__REGION), or AWS_DEFAULT_REGION, or a region in ~/.aws/config",
            )
        config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=10,
            read_timeout=30,
            max_pool_connections=CONCURRENCY,
            user_agent_extra="miniwdl-aws-batch-backend",
        )
        client: BatchClient = session.client("batch", region_name=region, config=config)
    except BotoCoreError as exc:
        raise translate(exc, "configuration") from exc
    return client


def _instance_region() -> str | None:
    from botocore.utils import InstanceMetadataRegionFetcher

    region: str | None = InstanceMetadataRegionFetcher(timeout=1, num_attempts=2).retrieve_region()
    return region


def translate(exc: Exception, operation: str) -> BatchRequestError:
    """Turn botocore's exception into ours."""
    response: Mapping[str, Any] | None = getattr(exc, "response", None)
    hint: str | None = None
    if response is None:
        name = type(exc).__name__
        if name == "ParamValidationError":
            hint = "see [aws] container_properties and plugins that add to jobs"
            return BatchRequestError(f"the request for {operation} is malformed: {exc}", code=name, hint=hint)
        if name in _NOT_CONFIGURED:
            hint = "configure credentials as for the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/"
        retryable = name not in _NOT_CONFIGURED
        ambiguous = retryable and name not in _NOT_SENT
        message = f"AWS Batch could not be reached for {operation}: {exc}"
        return BatchRequestError(message, code=name, hint=hint, ambiguous=ambiguous, retryable=retryable)
    code = response.get("Error", {}).get("Code", "Unknown")
    text = response.get("Error", {}).get("Message", "")
    metadata = response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    throttled = code in _THROTTLED or status == 429
    broken = status >= 500 and not throttled
    if code in _FORBIDDEN:
        hint = f"the role of this process needs the permission for batch:{operation.title().replace('_', '')}"
    elif code in _CREDENTIALS:
        hint = "the AWS credentials of this process are invalid or have expired"
    return BatchRequestError(
        f"AWS Batch refused {operation.title().replace('_', '')} ({code}): {text}",
        code=code,
        throttled=throttled,
        ambiguous=broken,
        retryable=throttled or broken,
        hint=hint,
        more_info={"requestId": metadata["RequestId"]} if "RequestId" in metadata else None,
    )


class BatchApi:
    """AWS Batch with translated errors, repeated requests and a limit on those in flight."""

    MAX_BACKOFF = 10.0

    def __init__(
        self,
        client: Any,
        attempts: int,
        *,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """
        Talk through a client.

        :param client: boto3's, or a fake with its methods.
        :param attempts: how often a request is tried, unless the caller does that itself.
        """
        self._client = client
        self._attempts = attempts
        self._sleep = sleep
        self._jitter = jitter
        self._slots = threading.BoundedSemaphore(CONCURRENCY)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """
        Send a request that does no harm when it is carried out twice.

        :param operation: method of the client, ``describe_jobs`` for instance.
        :raises BatchRequestError: when it was refused, or failed too often.
        """
        attempt = 1
        while True:
            try:
                return self.call_once(operation, **request)
            except BatchRequestError as exc:  # noqa: PERF203 - a request costs far more
                if not exc.retryable or attempt >= self._attempts:
                    raise
                self._sleep(min(self.MAX_BACKOFF, 0.25 * 2**attempt) * (0.5 + self._jitter() / 2))
                attempt += 1

    def call_once(self, operation: str, **request: Any) -> dict[str, Any]:
        """Send a request once."""
        from botocore.exceptions import BotoCoreError, ClientError

        with self._slots:
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**request)
            except (ClientError, BotoCoreError) as exc:
                raise translate(exc, operation) from exc
        return answer

    def describe(self, job_ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """JobDetails of at most 100 jobs; those unknown to AWS are absent."""
        jobs: Sequence[Mapping[str, Any]] = self.call("describe_jobs", jobs=list(job_ids))["jobs"]
        return jobs
