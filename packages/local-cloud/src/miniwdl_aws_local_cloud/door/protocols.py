"""Which AWS operation an HTTP request is, and how each service's protocol says that it failed. Pure."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ApiError", "Caller", "Reply", "caller_of", "error_reply", "json_reply", "operation_of"]

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,&]+)/[0-9]{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")

_BATCH_OPERATIONS = {
    name.lower(): name
    for name in (
        "CancelJob",
        "CancelJobs",
        "CreateComputeEnvironment",
        "CreateJobQueue",
        "CreateSchedulingPolicy",
        "DeleteComputeEnvironment",
        "DeleteJobQueue",
        "DeleteSchedulingPolicy",
        "DeregisterJobDefinition",
        "DescribeComputeEnvironments",
        "DescribeJobDefinitions",
        "DescribeJobQueues",
        "DescribeJobs",
        "DescribeSchedulingPolicies",
        "GetJobQueueSnapshot",
        "ListJobs",
        "ListSchedulingPolicies",
        "RegisterJobDefinition",
        "SubmitJob",
        "TerminateJob",
        "TerminateJobs",
        "UpdateComputeEnvironment",
        "UpdateJobQueue",
        "UpdateSchedulingPolicy",
    )
}
_TAG_OPERATIONS = {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}
_JSON_SERVICES = frozenset({"fsx", "logs"})


class ApiError(Exception):
    """A request that is refused, with AWS's error code and words."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep what the client will see."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Caller:
    """Who sends a request, and to which service."""

    access_key: str
    region: str
    service: str


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def caller_of(environ: Mapping[str, Any]) -> Caller | None:
    """Read who calls from a signature of version 4, in the header or in the query of a presigned URL."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if not found:
        presigned = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
        found = _CREDENTIAL.search("Credential=" + presigned)
    return Caller(found["key"], found["region"], found["service"].lower()) if found else None


def operation_of(service: str, environ: Mapping[str, Any]) -> str:
    """Name the operation as the service's API reference does."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target).rpartition(".")[2]
    method = str(environ["REQUEST_METHOD"])
    path = str(environ["PATH_INFO"])
    if service == "batch":
        if path.startswith("/v1/tags/"):
            return _TAG_OPERATIONS.get(method, method)
        name = path.rpartition("/")[2]
        return _BATCH_OPERATIONS.get(name, name)
    if service == "s3":
        return _s3_operation(method, path, environ)
    # The query protocol of EC2, IAM and STS names its operation in the body, which only moto reads.
    return method


def _s3_operation(method: str, path: str, environ: Mapping[str, Any]) -> str:
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    _, _, key = path.lstrip("/").partition("/")
    if "uploadId" in query:
        names = {
            "PUT": "UploadPart",
            "POST": "CompleteMultipartUpload",
            "DELETE": "AbortMultipartUpload",
            "GET": "ListParts",
        }
        return names.get(method, method)
    for parameter, name in (
        ("uploads", "CreateMultipartUpload" if method == "POST" else "ListMultipartUploads"),
        ("delete", "DeleteObjects"),
        ("list-type", "ListObjectsV2"),
        ("versions", "ListObjectVersions"),
    ):
        if parameter in query:
            return name
    what = "Object" if key else "Bucket" if path.strip("/") else "Buckets"
    for parameter in ("tagging", "acl", "location", "versioning", "policy", "lifecycle", "encryption"):
        if parameter in query:
            return f"{method.capitalize()}{what}{parameter.capitalize()}"
    if method == "GET" and what != "Object":
        return "ListObjects" if what == "Bucket" else "ListBuckets"
    if method == "PUT" and what == "Bucket":
        return "CreateBucket"
    if method == "PUT" and "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return "CopyObject"
    return f"{method.capitalize()}{what}"


def json_reply(document: object) -> Reply:
    """Answer with a JSON document, as Batch does."""
    return Reply(200, {"Content-Type": "application/json"}, json.dumps(document).encode())


def error_reply(service: str, error: ApiError) -> Reply:
    """Refuse a request in the form that the clients of the service understand."""
    request_id = str(uuid.uuid4())
    if service == "batch" or service in _JSON_SERVICES:
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        headers = {
            "Content-Type": "application/json",
            "x-amzn-ErrorType": error.code,
            "x-amzn-RequestId": request_id,
        }
        return Reply(error.status, headers, body)
    fields = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if service == "s3":
        text = f"<Error>{fields}<RequestId>{request_id}</RequestId></Error>"
    elif service == "ec2":
        text = f"<Response><Errors><Error>{fields}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    else:
        text = f"<ErrorResponse><Error>{fields}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    return Reply(error.status, {"Content-Type": "text/xml"}, f'<?xml version="1.0"?>{text}'.encode())
