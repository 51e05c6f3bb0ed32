"""
What comes unexpected out of botocore, in words that anybody may read.

botocore doesn't only raise its own exceptions. A credential process that prints nothing makes a ``JSONDecodeError``,
credentials that are still expired after a refresh a ``RuntimeError``, a proxy's page in place of AWS's answer an
``AttributeError`` or a ``UnicodeDecodeError``. Some of them quote what they stumbled over, and that may be a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["NOT_AWS", "in_words", "is_page", "lacks_credentials", "refusal"]

NOT_AWS = "a proxy or a portal may have answered in place of AWS: check the network, and AWS_ENDPOINT_URL if it is set"
"""Hint to an answer that is none of AWS's."""

LIMIT = 300
"""Characters of a foreign text that are shown."""

_LOOKING = frozenset({"botocore.credentials", "botocore.tokens"})


def in_words(exc: BaseException) -> str:
    """
    Say what an exception is, in one line without control characters, and without what may be secret.

    Left out are what a credential process printed, and all but the first line of a text: the others quote answers.
    """
    if isinstance(exc, MiniwdlAwsError):
        return exc.message
    if type(exc).__name__ == "CredentialRetrievalError" and "custom-process" in str(exc):
        return "the credential process failed; what it printed may be secret, and is shown only when it is run by hand"
    first = next((line for line in str(exc).splitlines() if line.strip()), "")
    text = "".join(char if char.isprintable() else " " for char in first).strip()
    text = text if len(text) <= LIMIT else f"{text[:LIMIT]}..."
    # botocore's own texts are sentences; others need their type to mean anything: "0", "'Version'".
    if text and type(exc).__module__ == "botocore.exceptions":
        return text
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def is_page(answer: Mapping[str, Any]) -> bool:
    """
    Whether an answer is a page in place of AWS's, of which botocore makes an empty one.

    Only needed where AWS's own answer is empty too, as TerminateJob's is; what has no body is no page, whatever its
    type: https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJob.html.

    :param answer: as a method of a boto3 client returns it.
    """
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return "html" in headers.get("content-type", "") and headers.get("content-length") != "0"


def lacks_credentials(exc: BaseException) -> bool:
    """Whether botocore was still looking for credentials: then the request that needed them was never sent."""
    trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") in _LOOKING:
            return True
        trace = trace.tb_next
    return False


def refusal(operation: str, error: Mapping[str, str], metadata: Mapping[str, Any]) -> Exception:
    """
    Make what botocore raises of a refusal, for who asks without botocore.

    :param error: ``Code`` and ``Message``, as AWS wrote them.
    :param metadata: ``HTTPStatusCode``, and more as in the answers of botocore's clients.
    """
    from botocore.exceptions import ClientError

    answer: Any = {"Error": error, "ResponseMetadata": metadata}
    return ClientError(answer, operation)
