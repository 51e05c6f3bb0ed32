from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from miniwdl_aws_local_cloud.door.protocols import ApiError, caller_of, error_reply, operation_of

SIGNATURE = "AWS4-HMAC-SHA256 Credential=KEY/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def request(method: str, path: str, query: str = "", **headers: str) -> dict[str, str]:
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **headers}


def test_caller_of_a_signed_request() -> None:
    caller = caller_of({"HTTP_AUTHORIZATION": SIGNATURE.format("batch")})
    assert caller is not None
    assert (caller.access_key, caller.region, caller.service) == ("KEY", "eu-west-1", "batch")


def test_caller_of_a_presigned_url() -> None:
    caller = caller_of({"QUERY_STRING": "X-Amz-Credential=KEY%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&x=1"})
    assert caller is not None
    assert caller.access_key == "KEY"


@pytest.mark.parametrize("environ", [{}, {"HTTP_AUTHORIZATION": "Basic abc"}, {"QUERY_STRING": "X-Amz-Credential=a/b"}])
def test_unsigned_requests(environ) -> None:
    assert caller_of(environ) is None


@pytest.mark.parametrize(
    ("service", "environ", "name"),
    [
        ("batch", request("POST", "/v1/submitjob"), "SubmitJob"),
        ("batch", request("POST", "/v1/somethingnew"), "somethingnew"),
        ("batch", request("POST", "/v1/tags/arn%3Aaws"), "TagResource"),
        ("logs", request("POST", "/", HTTP_X_AMZ_TARGET="Logs_20140328.GetLogEvents"), "GetLogEvents"),
        ("s3", request("GET", "/"), "ListBuckets"),
        ("s3", request("PUT", "/b"), "CreateBucket"),
        ("s3", request("HEAD", "/b"), "HeadBucket"),
        ("s3", request("GET", "/b", "list-type=2&prefix=x"), "ListObjectsV2"),
        ("s3", request("GET", "/b"), "ListObjects"),
        ("s3", request("POST", "/b", "delete"), "DeleteObjects"),
        ("s3", request("GET", "/b/k/l"), "GetObject"),
        ("s3", request("HEAD", "/b/k"), "HeadObject"),
        ("s3", request("PUT", "/b/k"), "PutObject"),
        ("s3", request("PUT", "/b/k", HTTP_X_AMZ_COPY_SOURCE="b/x"), "CopyObject"),
        ("s3", request("DELETE", "/b/k"), "DeleteObject"),
        ("s3", request("POST", "/b/k", "uploads"), "CreateMultipartUpload"),
        ("s3", request("PUT", "/b/k", "partNumber=1&uploadId=x"), "UploadPart"),
        ("s3", request("POST", "/b/k", "uploadId=x"), "CompleteMultipartUpload"),
        ("s3", request("DELETE", "/b/k", "uploadId=x"), "AbortMultipartUpload"),
        ("s3", request("PUT", "/b/k", "tagging"), "PutObjectTagging"),
    ],
)
def test_operations(service, environ, name) -> None:
    assert operation_of(service, environ) == name


def test_errors_in_json() -> None:
    reply = error_reply("batch", ApiError("ClientException", "no <such> queue"))
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (400, "ClientException")
    assert json.loads(reply.body)["message"] == "no <such> queue"


@pytest.mark.parametrize(("service", "root"), [("s3", "Error"), ("ec2", "Response"), ("sts", "ErrorResponse")])
def test_errors_in_xml(service, root) -> None:
    reply = error_reply(service, ApiError("Code", "a < b", 503))
    document = ElementTree.fromstring(reply.body)
    assert document.tag == root
    assert [element.text for element in document.iter() if element.tag == "Message"] == ["a < b"]
