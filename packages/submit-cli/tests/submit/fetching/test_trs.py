"""Workflows by their names in a registry, which is a web server of this machine."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.fetching.sources import MAX_FILE
from miniwdl_aws_submit_cli.submit.fetching.trs import Workflow, read_file

MAIN = """version 1.0
import "lib/tasks.wdl" as lib
import "../shared/more.wdl" as more
workflow w { input { Int n }
 call lib.t { input: n = n }
 call more.m }
"""
TASKS = 'version 1.0\nimport "../../shared/more.wdl" as more\ntask t { input { Int n }\n command { echo ~{n} } }\n'
MORE = "version 1.0\ntask m { command {} }\n"
FILES = [
    {"path": "lib/tasks.wdl", "file_type": "SECONDARY_DESCRIPTOR"},
    {"path": "main.wdl", "file_type": "PRIMARY_DESCRIPTOR"},
    {"path": "../shared/more.wdl", "file_type": "SECONDARY_DESCRIPTOR"},
    {"path": "test.json", "file_type": "TEST_FILE"},
]
ROOT = "/ga4gh/trs/v2/tools/%23workflow%2Flab%2Falign/versions/v1%2Fa/WDL"
Submitted = Callable[..., dict[str, str]]


@pytest.fixture
def name(server: Any) -> str:
    """Name of a workflow that the registry has."""
    contents = {"lib%2Ftasks.wdl": TASKS, "main.wdl": MAIN, "..%2Fshared%2Fmore.wdl": MORE}
    server.bodies = {f"{ROOT}/descriptor/{path}": wrapped(text) for path, text in contents.items()}
    server.bodies[f"{ROOT}/files"] = json.dumps(FILES).encode()
    return f"{server.address.replace('http', 'trs')}/%23workflow%2Flab%2Falign/v1%2Fa"


def wrapped(text: str) -> bytes:
    return json.dumps({"content": text, "url": "https://127.0.0.1:9/never-asked-for"}).encode()


def test_a_workflow_comes_with_its_imports_each_asked_for_once(server: Any, name: str, submitted: Submitted) -> None:
    files = submitted(name, "n=1")
    assert json.loads(files["MANIFEST.json"])["mainWorkflowURL"] == "main.wdl"
    assert any(path.endswith("shared/more.wdl") for path in files)
    assert json.loads(files["default_input.json"]) == {"w.n": 1}
    assert {headers["accept"] for headers in server.headers} == {"application/json"}
    assert len(server.headers) == 4


def test_all_forms_of_its_name_are_the_same(name: str, submitted: Submitted) -> None:
    server, _, _ = name.removeprefix("trs://").partition("/")
    for other in ("#workflow/lab/align/v1%2Fa", "%23workflow%2Flab/align/versions/v1/a"):
        assert submitted(f"trs://{server}/{other}", "n=1") == submitted(name, "n=1")


def test_paths_may_be_from_a_top_above_the_main_wdl(server: Any, name: str, submitted: Submitted) -> None:
    paths = {
        "main.wdl": "/flows/main.wdl",
        "lib/tasks.wdl": "/flows/lib/tasks.wdl",
        "../shared/more.wdl": "/shared/more.wdl",
    }
    listed = [{**item, "path": paths.get(item["path"], item["path"])} for item in FILES]
    texts = {"main.wdl": MAIN, "lib/tasks.wdl": TASKS, "../shared/more.wdl": MORE}
    before = submitted(name, "n=1")
    server.bodies = {
        f"{ROOT}/descriptor/{paths[path].replace('/', '%2F')}": wrapped(text) for path, text in texts.items()
    }
    server.bodies[f"{ROOT}/files"] = json.dumps(listed).encode()
    assert submitted(name, "n=1") == before


def test_content_may_lie_elsewhere_on_the_web(server: Any, name: str, submitted: Submitted) -> None:
    server.bodies["/raw/main.wdl"] = MAIN.encode()
    server.bodies[f"{ROOT}/descriptor/main.wdl"] = json.dumps({"url": f"{server.address}/raw/main.wdl"}).encode()
    assert MAIN.splitlines()[-1] in submitted(name, "n=1")["main.wdl"]


def test_a_registry_of_https_points_at_nothing_else() -> None:
    answers = {
        "https://r.org/x": b'{"url": "http://169.254.169.254/"}',
        "https://r.org/y": b'{"url": "https://o.org/"}',
    }

    def read(url: str, _limit: int) -> bytes:
        return answers.get(url, b"text")

    assert read_file("https://r.org/y", 9, read) == b"text"
    with pytest.raises(OSError, match="neither its content nor a URL of that"):
        read_file("https://r.org/x", 9, read)


HTML = b"<html><body>log in</body></html>"


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("files", None, "the server answers 404"),
        ("files", b"", "the registry has no such version of it in WDL"),
        ("files", HTML, "the registry's answer is no JSON, but begins with '<html>"),
        ("files", b"[" * 1000, "the registry's answer is no JSON"),
        ("files", b"\xff", "the registry's answer is no JSON"),
        ("files", b"[" + b" " * 2**20, "it has more than 1.0 MiB"),
        ("files", b'{"code": 404}', "the registry's answer is no list of files"),
        (
            "files",
            b'[1, {}, {"path": 2}, {"path": "x/", "file_type": "PRIMARY_DESCRIPTOR"}]',
            "names no main WDL for it",
        ),
        ("files", b'[{"path": "a\\u001b.wdl", "file_type": "PRIMARY_DESCRIPTOR"}]', "names no main WDL for it"),
        ("files", json.dumps(FILES[1:2]).encode(), "the registry has no such file of the workflow"),
        ("descriptor/main.wdl", None, "the server answers 404"),
        ("descriptor/main.wdl", HTML, "the registry's answer is no JSON"),
        ("descriptor/main.wdl", b"[]", "the registry's answer is no file"),
        ("descriptor/main.wdl", b"{}", "neither its content nor a URL of that"),
        ("descriptor/main.wdl", b'{"url": "file:///etc/passwd"}', "neither its content nor a URL of that"),
        ("descriptor/main.wdl", wrapped("\ud800"), "it is not text in UTF-8"),
        ("descriptor/main.wdl", wrapped("#" * (MAX_FILE + 1)), "it has more than 4.0 MiB"),
        ("descriptor/main.wdl", wrapped('version 1.0\nimport "s3://lab/x.wdl"\n'), "a WDL from the web imports by URL"),
        ("descriptor/main.wdl", wrapped('version 1.0\nimport "/etc/x.wdl"\n'), "a WDL from the web imports by URL"),
    ],
)
def test_what_a_registry_may_answer_is_one_sentence(
    server: Any, name: str, submitted: Submitted, path: str, body: bytes | None, says: str
) -> None:
    if body is None:
        del server.bodies[f"{ROOT}/{path}"]
    else:
        server.bodies[f"{ROOT}/{path}"] = body
    with pytest.raises(WorkflowError) as error:
        submitted(name, "n=1")
    assert says in error.value.message
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("trs://r.org/5/2", Workflow("r.org", "5", "2")),
        ("trs://r.org:8443/5/versions/2", Workflow("r.org:8443", "5", "2")),
        ("dockstore.org/workflows/github.com/o/r:v1", Workflow("dockstore.org", "#workflow/github.com/o/r", "v1")),
        (
            "https://dockstore.org/workflows/github.com/o/r/n:a%2Fb?tab=info#x",
            Workflow("dockstore.org", "#workflow/github.com/o/r/n", "a/b"),
        ),
        ("https://example.org/workflows/x.wdl", None),
        ("s3://dockstore.org/workflows/x.wdl", None),
        ("flow.wdl", None),
    ],
)
def test_names_of_workflows(text: str, found: Workflow | None) -> None:
    assert Workflow.parse(text) == found


def test_where_dockstore_has_its_interface() -> None:
    workflow = Workflow.parse("dockstore.org/workflows/github.com/o/r/n:v1")
    assert workflow
    root = "https://dockstore.org/api/ga4gh/trs/v2/tools/%23workflow%2Fgithub.com%2Fo%2Fr%2Fn/versions/v1/WDL"
    assert workflow.url("files") == f"{root}/files"
    assert workflow.url("descriptor", "../x y.wdl") == f"{root}/descriptor/..%2Fx%20y.wdl"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("trs://r.org", "it names no version of a workflow: the form is trs://SERVER/ID/versions/VERSION"),
        ("trs://r.org/5", "it names no version"),
        ("trs://r.org/5/", "it names no version"),
        ("trs://r.org/5/versions/", "it names no version"),
        ("trs://me:secret@r.org/5/2", "it is no name of a workflow in a registry"),
        ("trs:///5/2", "it is no name of a workflow in a registry"),
        ("trs://r.org/5/%1b", "it is no name of a workflow in a registry"),
        ("dockstore.org/workflows/github.com/o/r", "the form is dockstore.org/workflows/github.com/ORGANIZATION"),
    ],
)
def test_names_that_are_none_say_the_form(submitted: Submitted, text: str, says: str) -> None:
    with pytest.raises(WorkflowError) as error:
        submitted(text)
    assert says in error.value.message
    assert error.value.message.startswith(f"the WDL {text} can't be read")


@given(st.text(max_size=30))
def test_no_name_leads_to_another_server(rest: str) -> None:
    try:
        workflow = Workflow.parse(f"trs://r.org/{rest}")
    except OSError:
        return
    assert workflow
    assert workflow.url("files").startswith("https://r.org/ga4gh/trs/v2/tools/")
    assert workflow.url("files").count("/") == 11
