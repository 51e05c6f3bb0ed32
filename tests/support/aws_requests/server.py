"""What arrives at moto's server and at the local cloud, from this process and from others."""

from __future__ import annotations

import io
import re
import sys
from functools import cache, wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from .client import NOTED
from .model import invalid
from .recorder import MODEL, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.model import OperationModel

    from .recorder import Recorder

__all__ = ["watch_servers"]

_APPLICATIONS = (
    ("miniwdl_aws_local_cloud.door.front", "Front"),
    ("moto.moto_server.werkzeug_app", "DomainDispatcherApplication"),
)
_SCOPE = re.compile(r"Credential=(?P<key>[^/,&]+)/[0-9]{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
_OWN = ("/local-cloud/", "/moto-api/")
"""Paths that are no service of AWS's."""
_SEEN = "tests.noted"
_BIG = {"PutObject", "UploadPart"}
"""Operations whose body is the data itself."""

_SIGNED = {"servicequotas": "service-quotas"}
"""Services by the name with which requests are signed, where botocore has another one."""

Caller = tuple[str, str]
"""Service and access key."""


def watch_servers(recorder: Recorder, check: Callable[[Any, str, OperationModel, dict[str, Any]], list[Fault]]) -> None:
    """
    Note what comes to the servers of this process, as soon as their modules are there.

    :param check: what else is to be asked of a request: of the application, the access key, the operation.
    """
    for module, name in _APPLICATIONS:
        found = getattr(sys.modules.get(module), name, None)
        if found is not None and not hasattr(found.__call__, "__wrapped__"):
            found.__call__ = _watched(found.__call__, recorder, check)


def _watched(call: Any, recorder: Recorder, check: Any) -> Any:
    @wraps(call)
    def answer(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        if _SEEN not in environ:
            environ[_SEEN] = True
            if "HTTP_" + NOTED.upper().replace("-", "_") not in environ and not environ["PATH_INFO"].startswith(_OWN):
                _note(self, environ, recorder, check)
        return call(self, environ, start_response)

    return answer


def _note(application: Any, environ: dict[str, Any], recorder: Recorder, check: Any) -> None:
    from werkzeug.exceptions import ClientDisconnected

    what = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
    try:
        service, key = _caller(environ)
        operation, parameters = _read(service, environ)
        if report := invalid(operation, parameters):
            recorder.blame(Fault(MODEL, f"{service}:{operation.name}: {report} [{MODEL}] ({what})"))
        else:
            recorder.note(operation, parameters, check(application, key, operation, parameters))
    except ClientDisconnected:
        pass  # who sent it was killed amidst it: that is half of a request, and nothing that AWS would refuse
    except Exception as exc:  # noqa: BLE001 - the server answers all the same, and the test says what happened here
        recorder.blame(Fault(MODEL, f"{what} can't be read: {exc!r} [{MODEL}]"))


def _caller(environ: Mapping[str, Any]) -> Caller:
    written = environ.get("HTTP_AUTHORIZATION", "")
    if not written:
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        written = "Credential=" + query.get("X-Amz-Credential", "")
    found = _SCOPE.search(written)
    if not found:
        return "s3", ""
    service = found["service"].lower()
    return _SIGNED.get(service, service), found["key"]


def _read(service: str, environ: dict[str, Any]) -> tuple[OperationModel, dict[str, Any]]:
    """Take a request apart by moto's own parsers."""
    from moto.core.parse import PROTOCOL_PARSERS
    from moto.core.utils import get_service_model
    from werkzeug.datastructures import EnvironHeaders, MultiDict

    model = get_service_model(service)
    query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    protocol = model.metadata["protocol"]
    labels: dict[str, str] = {}
    if protocol.startswith("rest"):
        name, labels = _route(service, environ, dict(query))
        body = b"" if name in _BIG else _body(environ)
    elif protocol == "json":
        name, body = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], _body(environ)
    else:
        body = _body(environ)
        query += parse_qsl(body.decode(), keep_blank_values=True)
        name = dict(query)["Action"]
    operation = model.operation_model(name)
    parsed = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": environ["REQUEST_METHOD"],
            "values": MultiDict(query),
            "headers": EnvironHeaders(environ),
            "body": body,
            "url_path": environ["PATH_INFO"],
            "url_params": labels,
        }
    )
    return operation, {name: value for name, value in parsed.items() if value is not None and value != {}}


def _body(environ: dict[str, Any]) -> bytes:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _route(service: str, environ: Mapping[str, Any], query: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Find the operation of a REST request: the one that wants the most of what it has."""
    path = environ["PATH_INFO"].encode("latin-1", "replace").decode("utf-8", "replace")
    best: tuple[int, str, dict[str, str]] = (-1, "", {})
    for method, pattern, literals, names, headers, name in _routes(service):
        if method != environ["REQUEST_METHOD"] or not (found := pattern.fullmatch(path)):
            continue
        present = all(query.get(key) == value for key, value in literals) and names <= query.keys()
        if present and all(f"HTTP_{header.upper().replace('-', '_')}" in environ for header in headers):
            best = max(
                best, (2 * len(literals) + len(names) + len(headers), name, found.groupdict()), key=lambda it: it[0]
            )
    if best[0] < 0:
        raise LookupError(f"{service} has no such operation")
    return best[1], {key: unquote(value) if service != "s3" else value for key, value in best[2].items()}


Route = tuple[str, "re.Pattern[str]", list[tuple[str, str]], set[str], set[str], str]


@cache
def _routes(service: str) -> list[Route]:
    from moto.core.utils import get_service_model

    return list(_made_routes(get_service_model(service)))


def _made_routes(model: Any) -> Iterator[Route]:
    # A bucket has no slash in it; elsewhere the server has already decoded those of ARNs.
    label = "[^/]+" if model.service_name == "s3" else ".+"
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, literal = operation.http["requestUri"].partition("?")
        # botocore takes the bucket out of the paths of operations that it has called, in data that moto reads, too.
        path = operation.http.get("authPath", path).rstrip("/")
        pattern = re.sub(
            r"\\\{(\w+)\\\}", rf"(?P<\1>{label})", re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", re.escape(path))
        )
        members = operation.input_shape.members if operation.input_shape else {}
        required = operation.input_shape.required_members if operation.input_shape else ()
        where = {"querystring": set(), "header": set()}
        for member in required:
            said = members[member].serialization
            where.get(said.get("location"), set()).add(said.get("name", member))
        literals = [pair for pair in parse_qsl(literal, keep_blank_values=True) if pair[0] != "x-id"]
        yield (
            operation.http["method"], re.compile(pattern + "/?", re.DOTALL), literals, where["querystring"],
            where["header"], name,
        )  # fmt: skip
