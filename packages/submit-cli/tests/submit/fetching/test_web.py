"""WDL from a web server of this machine."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.fetching import sources
from miniwdl_aws_submit_cli.submit.fetching.sources import MAX_FILE, Sources
from miniwdl_aws_submit_cli.submit.fetching.web import WebReader

MAIN = 'version 1.0\nimport "lib/tasks.wdl" as lib\nworkflow w { input { Int n }\n call lib.t { input: n = n } }\n'
TASKS = "version 1.0\ntask t { input { Int n }\n command { echo ~{n} } }\n"


def test_a_wdl_is_fetched_with_its_imports_and_submitted_as_it_was(
    server: Any, submitted: Callable[..., dict[str, str]]
) -> None:
    server.bodies = {"/flows/main.wdl": MAIN.encode(), "/flows/lib/tasks.wdl": TASKS.encode()}
    files = submitted(f"{server.address}/flows/main.wdl", "n=1")
    assert TASKS.strip() in files["lib/tasks.wdl"]
    assert '"w.n": 1' in files["default_input.json"]
    assert not any({"authorization", "cookie"} & set(headers) for headers in server.headers)
    with pytest.raises(WorkflowError, match="input n must be Int, not 'x'"):
        submitted(f"{server.address}/flows/main.wdl", "n=x")


@pytest.mark.parametrize("uri", ["/etc/passwd", "file:///etc/passwd", "//127.0.0.1:9/x.wdl"])
def test_a_wdl_from_the_web_reads_nothing_of_this_machine(
    server: Any, submitted: Callable[..., dict[str, str]], uri: str
) -> None:
    server.bodies = {"/main.wdl": f'version 1.0\nimport "{uri}" as lib\nworkflow w {{}}\n'.encode()}
    with pytest.raises(WorkflowError, match="a WDL from the web imports by URL or relative path, not"):
        submitted(f"{server.address}/main.wdl")
    assert len(server.headers) == 1


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("gone.wdl", "the server answers 404"),
        ("large.wdl", "it has more than 4.0 MiB"),
        ("odd.wdl", "it is not text in UTF-8"),
        ("elsewhere.wdl", "the server redirects from http:// to ftp://127.0.0.1"),
        ("round.wdl", "the server answers 302"),
        ("", "its address names no file"),
    ],
)
def test_what_can_not_be_had_is_one_sentence(
    server: Any, submitted: Callable[..., dict[str, str]], path: str, says: str
) -> None:
    server.bodies = {"/large.wdl": b"#" * (MAX_FILE + 1), "/odd.wdl": b"\xff"}
    server.moved = {"/elsewhere.wdl": "ftp://127.0.0.1/x.wdl", "/round.wdl": "/round.wdl"}
    with pytest.raises(WorkflowError, match=says) as error:
        submitted(f"{server.address}/{path}")
    assert f"{server.address}/{path}" in error.value.message


def test_a_redirection_on_the_same_server_is_followed(server: Any) -> None:
    server.bodies, server.moved = {"/new.wdl": b"x"}, {"/old.wdl": "/new.wdl"}
    assert Sources().wdl(f"{server.address}/old.wdl") == "x"


def test_no_password_is_sent(server: Any) -> None:
    with pytest.raises(OSError, match="must not hold a user or password"):
        Sources().wdl(server.address.replace("//", "//me:secret@") + "/x.wdl")
    assert server.headers == []


def test_a_server_that_takes_for_ever_is_given_up(server: Any) -> None:
    server.bodies = {"/x.wdl": b"x"}
    times = iter([0.0, 1000.0])
    with pytest.raises(OSError, match="did not come within 120 seconds"):
        WebReader(clock=lambda: next(times)).read(f"{server.address}/x.wdl", 1)


def test_a_submission_has_so_many_files_elsewhere_and_fetches_each_once(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.bodies = {"/x.wdl": b"x", "/y.wdl": b"y"}
    monkeypatch.setattr(sources, "MAX_FILES", 1)
    found = Sources()
    assert found.wdl(f"{server.address}/x.wdl") == "x"
    server.bodies["/x.wdl"] = b"another"
    assert found.wdl(f"{server.address}/x.wdl") == "x"
    with pytest.raises(OSError, match="more than 1 files"):
        found.wdl(f"{server.address}/y.wdl")
    assert len(server.headers) == 1


def zipped(inputs: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("main.wdl", "version 1.0\nworkflow w { input { Int n\n File? f } }\n")
        archive.writestr("in.json", inputs)
        archive.writestr("MANIFEST.json", '{"mainWorkflowURL": "main.wdl", "inputFileURLs": ["in.json"]}')
    return data.getvalue()


def test_a_source_zip_travels_as_it_was_with_its_own_inputs_or_others(
    server: Any, submitted: Callable[..., dict[str, str]]
) -> None:
    server.bodies = {"/flow.zip": zipped('{"w.n": 5}'), "/in.json": b'{"w.n": 6}'}
    flow = f"{server.address}/flow.zip"
    assert json.loads(submitted(flow)["default_input.json"]) == {"w.n": 5}
    assert json.loads(submitted(flow, "-i", f"{server.address}/in.json")["default_input.json"]) == {"w.n": 6}
    server.bodies["/flow.zip"] = zipped("{")
    with pytest.raises(WorkflowError, match=f"-i {flow}/in.json: not valid JSON"):
        submitted(flow)
    server.bodies["/flow.zip"] = b"<html>log in</html>"
    with pytest.raises(WorkflowError, match=f"{flow} can't be unpacked as a zip"):
        submitted(flow)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>log in</html>", "check JSON input"),
        (b"{", "not valid JSON"),
        (b"\xff", "it is not text in UTF-8"),
        (b"[" * 5000, "nested more than"),
        (b'{"w.n": "x"}', "check JSON input"),
    ],
)
def test_inputs_that_are_none_are_one_sentence(
    server: Any, submitted: Callable[..., dict[str, str]], body: bytes, says: str
) -> None:
    server.bodies = {"/main.wdl": MAIN.encode(), "/lib/tasks.wdl": TASKS.encode(), "/in.json": body}
    with pytest.raises(WorkflowError, match=says):
        submitted(f"{server.address}/main.wdl", "-i", f"{server.address}/in.json")


def test_inputs_from_elsewhere_get_no_file_of_this_machine(
    server: Any, submitted: Callable[..., dict[str, str]], here: Path
) -> None:
    (here / "secret").write_text("keep me")
    (here / "main.wdl").write_text("version 1.0\nworkflow w { input { Int n = 1\n File f } }\n")
    server.bodies = {"/in.json": f'{{"w.f": "{here}/secret"}}'.encode()}
    given = ("main.wdl", "-i", f"{server.address}/in.json")
    with pytest.raises(WorkflowError, match=f"-i {given[2]} asks for '{here}/secret', which lies on this machine"):
        submitted(*given)
    assert "secret" in submitted(*given, "f=secret")["default_input.json"]
