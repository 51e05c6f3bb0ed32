"""
What names of errors mean: AWS's codes, botocore's exceptions, and the permissions behind operations. Data.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, and each service's API reference.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXCEPTIONS", "HINTS", "LASTING", "NOT_SENT", "Kind", "is_bare", "kind_of", "permission_for"]


class Kind(Enum):
    """What is wrong, as far as it makes a difference to whoever asked."""

    THROTTLED = "too many requests at the moment"
    DENIED = "a permission is missing"
    CREDENTIALS = "there are no credentials, or AWS does not accept them"
    NOT_CONFIGURED = "a setting of AWS's, as the region, the profile or an endpoint, is missing or wrong"
    UNREACHABLE = "no answer, or one that says that the service has trouble"
    NOT_AWS = "an answer, or an exception, that can't be AWS's"
    MALFORMED = "the request is not as the service's model wants it; it was not sent"
    MISSING = "what the request names does not exist"
    REFUSED = "AWS refuses for any other reason"


_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "Forbidden", "UnauthorizedOperation"}
)
_TROUBLE = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_STATUS = {403: Kind.DENIED, 404: Kind.MISSING}
"""What answers without a body mean, by HTTP status."""

EXCEPTIONS: Mapping[str, Kind] = {
    "ApiVersionNotFoundError": Kind.NOT_CONFIGURED,
    "BaseEndpointResolverError": Kind.NOT_CONFIGURED,
    "ConfigNotFound": Kind.NOT_CONFIGURED,
    "ConfigParseError": Kind.NOT_CONFIGURED,
    "DataNotFoundError": Kind.NOT_CONFIGURED,
    "EndpointProviderError": Kind.NOT_CONFIGURED,
    "InvalidChecksumConfigError": Kind.NOT_CONFIGURED,
    "InvalidConfigError": Kind.NOT_CONFIGURED,
    "InvalidDefaultsMode": Kind.NOT_CONFIGURED,
    "InvalidEndpointConfigurationError": Kind.NOT_CONFIGURED,
    "InvalidEndpointDiscoveryConfigurationError": Kind.NOT_CONFIGURED,
    "InvalidIMDSEndpointError": Kind.NOT_CONFIGURED,
    "InvalidIMDSEndpointModeError": Kind.NOT_CONFIGURED,
    "InvalidProxiesConfigError": Kind.NOT_CONFIGURED,
    "InvalidRegionError": Kind.NOT_CONFIGURED,
    "InvalidRetryConfigurationError": Kind.NOT_CONFIGURED,
    "InvalidS3AddressingStyleError": Kind.NOT_CONFIGURED,
    "InvalidS3UsEast1RegionalEndpointConfigError": Kind.NOT_CONFIGURED,
    "InvalidSTSRegionalEndpointsConfigError": Kind.NOT_CONFIGURED,
    "MissingDependencyException": Kind.NOT_CONFIGURED,
    "ProfileNotFound": Kind.NOT_CONFIGURED,
    "ServiceNotInRegionError": Kind.NOT_CONFIGURED,
    "UnknownRegionError": Kind.NOT_CONFIGURED,
    "UnknownServiceStyle": Kind.NOT_CONFIGURED,
    "UnknownSignatureVersionError": Kind.NOT_CONFIGURED,
    "UnknownTokenProviderError": Kind.NOT_CONFIGURED,
    "UnsupportedS3AccesspointConfigurationError": Kind.NOT_CONFIGURED,
    "UnsupportedS3ConfigurationError": Kind.NOT_CONFIGURED,
    "UnsupportedS3ControlConfigurationError": Kind.NOT_CONFIGURED,
    "UnsupportedServiceProtocolsError": Kind.NOT_CONFIGURED,
    "UnsupportedSignatureVersionError": Kind.NOT_CONFIGURED,
    "CredentialRetrievalError": Kind.CREDENTIALS,
    "LoginError": Kind.CREDENTIALS,
    "MetadataRetrievalError": Kind.CREDENTIALS,
    "NoAuthTokenError": Kind.CREDENTIALS,
    "NoCredentialsError": Kind.CREDENTIALS,
    "PartialCredentialsError": Kind.CREDENTIALS,
    "RefreshWithMFAUnsupportedError": Kind.CREDENTIALS,
    "SSOError": Kind.CREDENTIALS,
    "TokenRetrievalError": Kind.CREDENTIALS,
    "UnknownCredentialError": Kind.CREDENTIALS,
    "InvalidDNSNameError": Kind.MALFORMED,
    "InvalidHostLabelError": Kind.MALFORMED,
    "MissingParametersError": Kind.MALFORMED,
    "ParamValidationError": Kind.MALFORMED,
    "UnsupportedOutpostResourceError": Kind.MALFORMED,
    "UnsupportedS3ArnError": Kind.MALFORMED,
    "UnsupportedS3ControlArnError": Kind.MALFORMED,
    "ValidationError": Kind.MALFORMED,
    "AwsChunkedWrapperError": Kind.REFUSED,
    "InvalidExpressionError": Kind.REFUSED,
    "MD5UnavailableError": Kind.REFUSED,
    "OperationNotPageableError": Kind.REFUSED,
    "PaginationError": Kind.REFUSED,
    "UnknownClientMethodError": Kind.REFUSED,
    "UnseekableStreamError": Kind.REFUSED,
    "WaiterConfigError": Kind.REFUSED,
    "WaiterError": Kind.REFUSED,
    "ChecksumError": Kind.UNREACHABLE,
    "ConnectionError": Kind.UNREACHABLE,
    "FlexibleChecksumError": Kind.UNREACHABLE,
    "HTTPClientError": Kind.UNREACHABLE,
    "IncompleteReadError": Kind.UNREACHABLE,
}
"""What botocore's own exceptions mean, by the name of their class or of a base; of the others nothing is known."""

LASTING = frozenset(name for name, kind in EXCEPTIONS.items() if kind is Kind.CREDENTIALS) - {
    "CredentialRetrievalError",
    "MetadataRetrievalError",
}
"""Those for lack of credentials that go on until the user does something about it; a source may fail now and then."""

NOT_SENT = frozenset({"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"})
"""botocore's exceptions for requests that never left."""

HINTS: Mapping[str, str] = {
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID or the profile in use",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY or the profile in use",
    "InvalidSignatureException": "check AWS_SECRET_ACCESS_KEY or the profile in use, and this machine's clock",
    "RequestTimeTooSkewed": "set this machine's clock",
}
"""What to do about single codes of AWS, better than what their kind says."""

_PERMISSIONS: Mapping[str, str] = {
    "CompleteMultipartUpload": "s3:PutObject",
    "CopyObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "DeleteObjects": "s3:DeleteObject",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectsV2": "s3:ListBucket",
    "ListParts": "s3:ListMultipartUploadParts",
    "UploadPart": "s3:PutObject",
    "UploadPartCopy": "s3:PutObject",
}
"""Operations whose permission is not named like them: https://docs.aws.amazon.com/service-authorization/"""


def is_bare(code: str, operation: str) -> bool:
    """
    Whether an answer has a bare HTTP status in place of a code.

    AWS gives its errors names, where an answer can have a text; a page for its text is somebody else's.
    """
    return code.isdigit() and not operation.startswith("Head")


def kind_of(code: str, status: int, operation: str) -> Kind:
    """
    Tell what an error of AWS's means.

    :param code: AWS's, or an HTTP status where the answer has no body.
    """
    if code in _THROTTLED or status == 429:
        return Kind.THROTTLED
    if is_bare(code, operation):
        return Kind.NOT_AWS
    if code in _CREDENTIALS:
        return Kind.CREDENTIALS
    if code in _DENIED:
        return Kind.DENIED
    if code in _TROUBLE or status >= 500:
        return Kind.UNREACHABLE
    if code.isdigit():
        return _STATUS.get(int(code), Kind.UNREACHABLE if int(code) >= 500 else Kind.REFUSED)
    missing = code.startswith("NoSuch") or "NotFound" in code
    return Kind.MISSING if missing else Kind.REFUSED


def permission_for(operation: str, service: str | None) -> str:
    """
    Name what an IAM policy has to allow.

    :param operation: ``SubmitJob``, for instance.
    :param service: IAM's prefix of the service, ``batch``, where it is known.
    """
    return _PERMISSIONS.get(operation) or (f"{service}:{operation}" if service else operation)
