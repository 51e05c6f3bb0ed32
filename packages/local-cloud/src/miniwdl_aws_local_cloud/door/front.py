"""
The door of the cloud: knows callers, counts requests, does what the fault plan says, hands on to moto or to our Batch.

Only callers with this cloud's access key get in. The server runs commands for whoever may submit jobs, and the loopback
interface is open to every user of the machine and to web pages in a browser; the key is random, in a file that only its
owner can read. Jobs have a key of their own, as they have a role of their own on AWS: it opens all services, not the
control endpoint.
"""

from __future__ import annotations

import hmac
import io
import logging
import threading
import time
from http.client import responses
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, unquote

from miniwdl_aws_local_cloud.door.faults import Fault, FaultKind
from miniwdl_aws_local_cloud.door.protocols import ApiError, Caller, Reply, caller_of, error_reply, operation_of
from miniwdl_aws_local_cloud.door.rates import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from miniwdl_aws_local_cloud.door.control import Control
    from miniwdl_aws_local_cloud.door.counts import CallCounts
    from miniwdl_aws_local_cloud.door.faults import FaultPlan

__all__ = ["Front"]

logger = logging.getLogger(__name__)

CONTROL_PREFIX = "/local-cloud/"
_THROTTLED = {
    "batch": ("TooManyRequestsException", "Too Many Requests", 429),
    "logs": ("ThrottlingException", "Rate exceeded", 400),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
}
_OTHER_THROTTLED = ("ThrottlingException", "Rate exceeded", 400)
_STRANGER = {
    "s3": ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
    "batch": ("UnrecognizedClientException", "The security token included in the request is invalid."),
}


class Service(Protocol):
    """What a room of the cloud answers in moto's place."""

    @property
    def operations(self) -> Mapping[str, Callable[[bytes], Reply]]:
        """Takes the body of a request, by the operation's name."""
        ...


class Jobs(Service, Protocol):
    """The service whose jobs run here, while moto keeps their definitions and tags."""

    def check_definition(self, body: bytes) -> None:
        """Refuse a definition that AWS would refuse."""
        ...

    def check_tagging(self, arn: str, body: bytes) -> None:
        """Refuse tags that AWS would refuse."""
        ...

    def retagged(self, arn: str) -> None:
        """Learn that moto has changed the tags of something."""
        ...


class Front:
    """A WSGI application before moto's."""

    def __init__(
        self,
        moto: Callable[..., Iterable[bytes]],
        batch: Jobs,
        fsx: Service,
        ecs: Service,
        faults: FaultPlan,
        control: Control,
        counts: CallCounts,
        *,
        access_key: str,
        job_key: str,
        account_id: str,
        region: str,
        submit_rate: float | None = None,
    ) -> None:
        """
        Connect the parts.

        :param moto: moto's WSGI application.
        :param submit_rate: SubmitJob requests a second that pass.
        """
        self.last_request = time.monotonic()
        self._moto = moto
        self._batch = batch
        self._others = {"fsx": fsx, "ecs": ecs}
        self._faults = faults
        self._control = control
        self._counts = counts
        self.access_key = access_key
        self.job_key = job_key
        self._account_id = account_id
        self._region = region
        self._submit_limit = RateLimit(submit_rate) if submit_rate else None
        self._submit_lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        self.last_request = time.monotonic()
        if environ["PATH_INFO"].startswith(CONTROL_PREFIX):
            return _send(self._controlled(environ), start_response)
        caller = caller_of(environ)
        service = caller.service if caller else "s3"
        try:
            return self._answer(caller, service, environ, start_response)
        except ApiError as error:
            return _send(error_reply(service, error), start_response)
        except Exception:
            # The server would close the connection, and clients would try again.
            logger.exception("%s %s failed", service, environ["PATH_INFO"])
            failure = ApiError("InternalFailure", "the local cloud failed; see its log", 500)
            return _send(error_reply(service, failure), start_response)

    def _answer(
        self, caller: Caller | None, service: str, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        caller = self._known(caller, service)
        operation = _action(environ) or operation_of(service, environ)
        self._counts.add(f"{service}:{operation}")
        self._spoil(service, operation)
        reply = self._ours(caller, operation, environ)
        if reply is not None:
            return _send(reply, start_response)
        # moto keeps accounts apart, so several clouds can live in one process.
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._account_id
        try:
            answer = self._moto(environ, start_response)
        except NotImplementedError:
            raise ApiError("UnsupportedOperation", f"the local cloud has no {service}:{operation}") from None
        if operation in {"TagResource", "UntagResource"} and service == "batch":
            self._batch.retagged(_tagged(environ))
        return answer

    def _known(self, caller: Caller | None, service: str) -> Caller:
        keys = (self.access_key, self.job_key)
        if caller is None or not any(hmac.compare_digest(caller.access_key, key) for key in keys):
            code, words = _STRANGER.get(service, ("InvalidClientTokenId", _STRANGER["batch"][1]))
            raise ApiError(code, f"{words} (This is a local cloud: use the variables that it gives.)", 403)
        return caller

    def _controlled(self, environ: dict[str, Any]) -> Reply:
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given, self.access_key):
            return Reply(403, {"Content-Type": "text/plain"}, b"the cloud's access key is needed as a bearer token\n")
        name = environ["PATH_INFO"].removeprefix(CONTROL_PREFIX)
        return self._control.answer(environ["REQUEST_METHOD"], name, _body(environ))

    def _spoil(self, service: str, operation: str) -> None:
        if operation == "SubmitJob" and self._submit_limit is not None:
            with self._submit_lock:
                if not self._submit_limit.take():
                    raise ApiError(*_THROTTLED["batch"])
        fault = self._faults.for_request(operation, service)
        if fault is None:
            return
        if fault.kind is FaultKind.DELAY:
            time.sleep(fault.seconds)
        else:
            raise _error_of(fault, service)

    def _ours(self, caller: Caller, operation: str, environ: dict[str, Any]) -> Reply | None:
        """Answer what moto doesn't, or not well; ``None`` leaves the request to moto."""
        other = self._others.get(caller.service)
        if other and caller.region == self._region and operation in other.operations:
            return other.operations[operation](_body(environ))
        if caller.service != "batch":
            return None
        if caller.region != self._region:
            raise ApiError("ClientException", f"this local cloud is in region {self._region}, not in {caller.region}")
        answer = self._batch.operations.get(operation)
        if answer is not None:
            return answer(_body(environ))
        if operation in {"RegisterJobDefinition", "TagResource"}:
            body = _body(environ)
            environ["wsgi.input"] = io.BytesIO(body)
            if operation == "TagResource":
                self._batch.check_tagging(_tagged(environ), body)
            else:
                self._batch.check_definition(body)
        return None


def _error_of(fault: Fault, service: str) -> ApiError:
    if fault.kind is FaultKind.THROTTLE:
        return ApiError(*_THROTTLED.get(service, _OTHER_THROTTLED))
    return ApiError(fault.text, "An internal error occurred (so says the fault plan).", 500)


def _tagged(environ: dict[str, Any]) -> str:
    """ARN of what a request about tags of Batch is about."""
    return unquote(environ["PATH_INFO"]).partition("/v1/tags/")[2]


def _body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read()
    return body


def _action(environ: dict[str, Any]) -> str | None:
    """Name the operation of a request in the query protocol (EC2, IAM, STS), whose body is a form."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return None
    body = _body(environ)
    environ["wsgi.input"] = io.BytesIO(body)
    return parse_qs(body.decode("utf-8", "replace")).get("Action", [None])[0]


def _send(reply: Reply, start_response: Callable[..., Any]) -> list[bytes]:
    headers = [*reply.headers.items(), ("Content-Length", str(len(reply.body)))]
    start_response(f"{reply.status} {responses.get(reply.status, '')}", headers)
    return [reply.body]
