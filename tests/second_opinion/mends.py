"""
A door before plain moto that mends single answers, where moto contradicts AWS's pages and the product needs AWS's.

Endpoints of single services (``AWS_ENDPOINT_URL_FSX``) lead here; everything else goes to moto itself. Whatever a mend
adds is here with the page of AWS's that says so. Nothing of moto is patched.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
    """Asks moto: takes a path and a request, gives the answer."""

MOUNT_NAME = "fsx"


def file_systems(ask: Ask, request: dict[str, Any]) -> dict[str, Any]:
    """
    Say of each file system that it is there, of which version, and by what name it is mounted.

    moto has none of it, and no request can give it: CreateFileSystem drops the version, and the rest is AWS's to say.
    https://docs.aws.amazon.com/fsx/latest/APIReference/API_FileSystem.html
    """
    answer = ask("/", request)
    for system in answer["FileSystems"]:
        system |= {"Lifecycle": "AVAILABLE", "FileSystemTypeVersion": "2.15"}
        system.setdefault("LustreConfiguration", {})["MountName"] = MOUNT_NAME
    return answer


def no_associations(_ask: Ask, _request: dict[str, Any]) -> dict[str, Any]:
    """
    Give the empty list of a file system without data repository associations; moto doesn't know the request.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_DescribeDataRepositoryAssociations.html
    """
    return {"Associations": []}


def exit_codes(ask: Ask, request: dict[str, Any]) -> dict[str, Any]:
    """
    Say with which exit code jobs ended: moto knows it, and tells it in ListJobs alone.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerDetail.html
    """
    answer = ask("/v1/describejobs", request)
    for job in answer["jobs"]:
        listed = ask("/v1/listjobs", {"jobQueue": job["jobQueue"], "jobStatus": job["status"]})["jobSummaryList"]
        (summary,) = (item for item in listed if item["jobId"] == job["jobId"])
        job["container"] |= summary.get("container", {})
    return answer


MENDS: dict[str, Callable[[Ask, dict[str, Any]], dict[str, Any]]] = {
    "DescribeFileSystems": file_systems,
    "DescribeDataRepositoryAssociations": no_associations,
    "describejobs": exit_codes,
}
"""By the operation's name in the header ``X-Amz-Target``, or in Batch's paths."""


@contextmanager
def mending_door(moto: str) -> Iterator[str]:
    """
    Open a door before a server.

    :return: its address.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers.get("X-Amz-Target", self.path).replace("/", ".").rpartition(".")[2]
            mend = MENDS.get(operation)
            answer = json.dumps(mend(self.ask, request) if mend else self.ask(self.path, request)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def ask(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
            asked = urllib.request.Request(moto + path, json.dumps(request).encode(), headers, method="POST")
            with urllib.request.urlopen(asked) as answer:
                found: dict[str, Any] = json.load(answer)
            return found

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
