"""
What requests to AWS raise, as errors of ours: the one place that reads botocore's exceptions.

A part says in an :class:`ErrorFamily` by which classes its callers tell errors apart, and what only it knows about a
service. What it asks AWS for, it does within :func:`translated`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.codes import EXCEPTIONS, HINTS, LASTING, NOT_SENT, Kind, kind_of, permission_for
from miniwdl_aws_core.aws.surprises import NOT_AWS, in_words, lacks_credentials
from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CHECK_SETTINGS",
    "AwsError",
    "Case",
    "ErrorFamily",
    "Kind",
    "NotConfiguredError",
    "error_of",
    "is_of_botocore",
    "no_credentials",
    "no_region",
    "translated",
    "unusable",
    "without_credentials",
]

LOG_IN = "log in to AWS again (`aws sso login`, `aws configure`), or choose another profile by AWS_PROFILE"

CHECK_SETTINGS = "check the AWS_* variables and the profile: see `aws configure list` and `aws configure list-profiles`"

SERVICE = "miniwdl-aws-service"
"""Key of an answer's metadata under which clients note IAM's prefix of their service."""


class AwsError(MiniwdlAwsError):
    """AWS refused a request, could not be reached, or gave no answer that can be used."""

    def __init__(
        self,
        message: str,
        *,
        kind: Kind = Kind.REFUSED,
        code: str = "",
        status: int | None = None,
        operation: str | None = None,
        ambiguous: bool = False,
        hint: str | None = None,
        more_info: dict[str, Any] | None = None,
        retryable: bool | None = None,
    ) -> None:
        """
        Keep what a caller decides by.

        :param code: AWS's error code, or the name of another exception.
        :param status: of HTTP, where there was an answer.
        :param operation: as AWS names it, where there was an answer: ``SubmitJob``.
        :param ambiguous: AWS may have done what it was asked for: the request was sent, and nobody knows.
        """
        super().__init__(message, hint=hint, more_info=more_info, retryable=retryable)
        self.kind = kind
        self.code = code
        self.status = status
        self.operation = operation
        self.ambiguous = ambiguous

    @property
    def lacks_permission(self) -> bool:
        """Whether all that is wrong is that whoever asked may not."""
        return self.kind is Kind.DENIED


class NotConfiguredError(AwsError, ConfigurationError):
    """A setting of AWS's, as the region, the profile or an endpoint, is missing or wrong."""


@dataclass(frozen=True)
class Case:
    """What a part knows about one code of one of its services."""

    code: str
    becomes: type[AwsError] | None = None
    says: str = ""
    """What the text must contain, in lower case, where the code alone does not tell."""
    hint: str | None = None
    retryable: bool = False


@dataclass(frozen=True)
class ErrorFamily:
    """The classes by which callers of a part tell errors apart."""

    refused: type[AwsError] = AwsError
    """Trying again doesn't help."""
    trouble: type[AwsError] | None = None
    """The same request may succeed later; as ``refused`` where nobody tells them apart."""
    throttled: type[AwsError] | None = None
    """The same, and more slowly; as ``trouble`` where nobody tells them apart."""
    unconfigured: type[AwsError] = NotConfiguredError
    cases: tuple[Case, ...] = ()

    def error(self, kind: Kind, message: str, *, text: str = "", **facts: Any) -> AwsError:
        """
        Make an error of the class that fits.

        :param text: what AWS says.
        :param facts: further arguments of :class:`AwsError`.
        """
        for case in self.cases:
            if case.code == facts.get("code") and case.says in text.lower():
                facts["hint"] = case.hint or facts.get("hint")
                facts["retryable"] = case.retryable or facts.get("retryable")
                if case.becomes:
                    return case.becomes(message, kind=kind, **facts)
        return self._class_of(kind, retryable=bool(facts.get("retryable")))(message, kind=kind, **facts)

    def _class_of(self, kind: Kind, *, retryable: bool) -> type[AwsError]:
        if kind is Kind.NOT_CONFIGURED:
            return self.unconfigured
        trouble = self.trouble or self.refused
        if kind is Kind.THROTTLED:
            return self.throttled or trouble
        return trouble if retryable else self.refused


PLAIN = ErrorFamily()


@contextmanager
def translated(action: str, family: ErrorFamily = PLAIN) -> Iterator[None]:
    """
    Turn whatever is raised inside the block into errors of ours, a name that an answer lacks included.

    botocore lets anything through that happens on the way: what is none of its own exceptions, or none that is known,
    may pass, as an outage does, and leaves it open whether AWS acted on the request.

    :param action: what is attempted, completing "can't ...".
    :raises AwsError: of the class that fits; errors of ours pass.
    """
    try:
        yield
    except MiniwdlAwsError:
        raise
    except Exception as exc:
        raise error_of(exc, action, family) from exc


def error_of(exc: Exception, action: str, family: ErrorFamily = PLAIN) -> AwsError:
    """Say what a request raised; see :func:`translated`."""
    names = _names(exc)
    code = type(exc).__name__
    kind = next((EXCEPTIONS[name] for name in names if name in EXCEPTIONS), None)
    lasting = any(name in LASTING for name in names)
    if code == "NoRegionError":
        return no_region(family)
    if code == "NoCredentialsError":
        return no_credentials(action, family)
    if kind is Kind.NOT_CONFIGURED:
        return family.error(
            kind, f"can't {action}: {_sentence(exc)}", code=code, retryable=False, hint=CHECK_SETTINGS,
        )  # fmt: skip
    if kind is Kind.MALFORMED:
        words = "; ".join(line.strip() for line in str(exc).splitlines())
        return family.error(kind, f"can't {action}: the request is malformed: {words}", code=code, retryable=False)
    if kind is Kind.CREDENTIALS or lacks_credentials(exc):
        return without_credentials(action, in_words(exc), family, code=code, retryable=not lasting)
    if "ClientError" in names:
        return _refused(exc, action, family)
    if kind is Kind.REFUSED:
        return family.error(kind, f"can't {action}: {_sentence(exc)}", code=code, retryable=False)
    if kind is Kind.UNREACHABLE:
        return family.error(
            kind, f"can't {action}: AWS can't be reached ({_sentence(exc)})", code=code, retryable=True,
            ambiguous=code not in NOT_SENT, hint="check the network, the region, and AWS_ENDPOINT_URL if it is set",
        )  # fmt: skip
    return unusable(action, in_words(exc), family, code=code)


def is_of_botocore(exc: BaseException) -> bool:
    """Whether botocore raised it, or something on botocore's way to credentials."""
    return bool(_names(exc)) or lacks_credentials(exc)


def _names(exc: BaseException) -> list[str]:
    """Names of its classes, as far as they are botocore's."""
    return [kind.__name__ for kind in type(exc).__mro__ if kind.__module__ == "botocore.exceptions"]


def _sentence(exc: Exception) -> str:
    return in_words(exc).rstrip(".")


def _refused(exc: Any, action: str, family: ErrorFamily) -> AwsError:
    """Say what AWS's own answer means."""
    error, metadata = exc.response.get("Error", {}), exc.response.get("ResponseMetadata", {})
    code, text = str(error.get("Code", "Unknown")), str(error.get("Message", "") or "").strip().rstrip(".")
    status, operation = int(metadata.get("HTTPStatusCode", 0)), str(exc.operation_name)
    kind = kind_of(code, status, operation)
    if kind is Kind.NOT_AWS:
        return unusable(action, f"HTTP status {code}", family, code=code)
    both = f"{code}: {text}" if text else code
    words, hint = {
        Kind.THROTTLED: (f"too many requests ({both})", None),
        Kind.CREDENTIALS: (f"AWS does not accept the credentials ({both})", LOG_IN),
        Kind.DENIED: (
            f"permission is missing ({both})",
            f"allow {permission_for(operation, metadata.get(SERVICE))} in the IAM policy of whoever asks",
        ),
        Kind.UNREACHABLE: (f"AWS has trouble ({both})", None),
    }.get(kind, (f"{text} ({code})" if text else code, None))
    info = {"code": code, "status": status, "requestId": metadata.get("RequestId")}
    return family.error(
        kind,
        f"can't {action}: {words}",
        text=text,
        code=code,
        status=status,
        operation=operation,
        ambiguous=kind is Kind.UNREACHABLE,
        retryable=kind in {Kind.THROTTLED, Kind.UNREACHABLE},
        hint=HINTS.get(code, hint),
        more_info={name: value for name, value in info.items() if value},
    )


def unusable(action: str, what: str, family: ErrorFamily = PLAIN, *, code: str = "MalformedAnswer") -> AwsError:
    """Say that there is an answer, but none of AWS's: nobody knows whether AWS acted on the request."""
    return family.error(
        Kind.NOT_AWS, f"can't {action}: no usable answer ({what})", code=code, ambiguous=True, retryable=True,
        hint=NOT_AWS,
    )  # fmt: skip


def no_credentials(action: str, family: ErrorFamily = PLAIN) -> AwsError:
    """Say that nothing gives credentials."""
    return family.error(
        Kind.CREDENTIALS, f"can't {action}: there are no AWS credentials", code="NoCredentialsError", retryable=False,
        hint=LOG_IN,
    )  # fmt: skip


def without_credentials(
    action: str,
    words: str,
    family: ErrorFamily = PLAIN,
    *,
    code: str = "CredentialRetrievalError",
    retryable: bool = True,
) -> AwsError:
    """Say why no credentials could be had, at the moment or until somebody logs in."""
    return family.error(
        Kind.CREDENTIALS, f"can't {action}: no AWS credentials could be had ({words})", code=code, retryable=retryable,
        hint=LOG_IN,
    )  # fmt: skip


def no_region(family: ErrorFamily = PLAIN) -> AwsError:
    """Say that nothing names a region."""
    return family.error(
        Kind.NOT_CONFIGURED, "no AWS region is configured", code="NoRegionError", retryable=False,
        hint="set AWS_REGION, or `aws configure set region REGION`; before them go --region, where there is such an "
        "option, and [aws] region (MINIWDL__AWS__REGION)",
    )  # fmt: skip
