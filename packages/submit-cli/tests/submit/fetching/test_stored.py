"""WDL and inputs in a store that a plugin knows; here, a folder."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_hooks import ConfigurationError, FetchReport, FetchRequest, hookimpl
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.fetching.addresses import joined
from miniwdl_aws_submit_cli.submit.fetching.sources import MAX_FILE

MAIN = """version 1.0
import "lib/tasks.wdl" as lib
import "./lib/../lib/tasks.wdl" as again
workflow w { input { Int n }
 call lib.t { input: n = n } }
"""
TASKS = "version 1.0\ntask t { input { Int n }\n command { echo ~{n} } }\n"

Submitted = Callable[..., dict[str, str]]


class Store:
    """Has objects, and remembers what was asked for; keeps to no limit."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.asked: list[FetchRequest] = []

    @hookimpl
    def miniwdl_aws_fetch(self, request: FetchRequest) -> FetchReport | None:
        ((uri, name),) = request.files.items()
        if not uri.startswith("s3://"):
            return None
        self.asked.append(request)
        if uri not in self.objects:
            raise ConfigurationError(f"{uri} does not exist", hint="look again")
        Path(request.folder, name).write_text(self.objects[uri])
        return FetchReport(1, 0, len(self.objects[uri]))


@pytest.fixture
def store(manager: Any) -> Iterator[Store]:
    found = Store()
    manager.register(found)
    yield found
    manager.unregister(found)


def test_a_wdl_comes_with_its_imports_and_inputs_each_asked_for_once(store: Store, submitted: Submitted) -> None:
    store.objects = {
        "s3://lab/flows/main.wdl": MAIN,
        "s3://lab/flows/lib/tasks.wdl": TASKS,
        "s3://lab/in.json": '{"w.n": 3}',
    }
    files = submitted("s3://lab/flows/main.wdl", "-i", "s3://lab/in.json")
    assert files["lib/tasks.wdl"].strip() == TASKS.strip()
    assert set(files) == {"main.wdl", "lib/tasks.wdl", "default_input.json", "MANIFEST.json"}
    assert json.loads(files["default_input.json"]) == {"w.n": 3}
    assert [list(request.files) for request in store.asked] == [[uri] for uri in store.objects]
    assert store.asked[0].limit == MAX_FILE


def test_a_wdl_of_this_machine_may_import_from_there(store: Store, here: Path, submitted: Submitted) -> None:
    (here / "main.wdl").write_text('version 1.0\nimport "s3://lab/tasks.wdl" as lib\nworkflow w { call lib.t }\n')
    store.objects = {"s3://lab/tasks.wdl": TASKS}
    assert any(name.endswith("lab/tasks.wdl") for name in submitted("main.wdl", "t.n=1"))


@pytest.mark.parametrize(
    ("uri", "text", "says"),
    [
        ("s3://lab/gone.wdl", "", "the WDL s3://lab/gone.wdl can't be read: s3://lab/gone.wdl does not exist"),
        ("s3://lab/", "", "its address names no file"),
        ("s3://lab", "", "its address names no file"),
        ("s3://lab/x.wdl", "#" * (MAX_FILE + 1), "it has more than 4.0 MiB"),
        ("s3://lab/x.wdl", 'version 1.0\nimport "gone.wdl"\n', "s3://lab/gone.wdl does not exist"),
        ("s3://lab/x.wdl", 'version 1.0\nimport "/etc/x.wdl"\n', "a WDL from s3:// imports by URI or relative path"),
        ("s3://lab/x.wdl", 'version 1.0\nimport "file:///etc/x.wdl"\n', "no plugin here reads file://"),
        ("s3://lab/x.wdl", 'version 1.0\nimport "../x.wdl"\n', "../x.wdl leads out of s3://lab/"),
    ],
)
def test_what_can_not_be_had_is_one_sentence(
    store: Store, submitted: Submitted, uri: str, text: str, says: str
) -> None:
    store.objects = {"s3://lab/x.wdl": text}
    with pytest.raises(WorkflowError) as error:
        submitted(uri)
    assert says in error.value.message


def test_without_the_part_that_reads_s3_it_is_named(manager: Any, submitted: Submitted) -> None:
    with pytest.raises(WorkflowError, match="pip install miniwdl-aws-s3-rails"):
        submitted("s3://lab/main.wdl")


@pytest.mark.parametrize(
    ("importer", "uri", "found"),
    [
        ("s3://lab/a/m.wdl", "t.wdl", "s3://lab/a/t.wdl"),
        ("s3://lab/a/m.wdl", "../b/./t.wdl", "s3://lab/b/t.wdl"),
        ("s3://lab/a?b/m#1.wdl", "t%20.wdl?x", "s3://lab/a?b/t%20.wdl?x"),
        ("s3://lab/m.wdl", "https://example.org/t.wdl", "https://example.org/t.wdl"),
        ("https://example.org/a/m.wdl", "../t.wdl", "https://example.org/t.wdl"),
        ("trs://example.org/i%2Fd/v1/a/m.wdl", "../t.wdl", "trs://example.org/i%2Fd/v1/t.wdl"),
        ("trs://example.org/i%2Fd/v1/a/m.wdl", "https://other.org/t.wdl", "https://other.org/t.wdl"),
    ],
)
def test_where_an_import_leads(importer: str, uri: str, found: str) -> None:
    assert joined(importer, uri) == found


@pytest.mark.parametrize("importer", ["https://example.org/m.wdl", "trs://example.org/id/v1/m.wdl"])
def test_a_wdl_from_the_web_names_no_object_of_yours(importer: str) -> None:
    with pytest.raises(PermissionError, match="imports by URL or relative path, not s3://lab"):
        joined(importer, "s3://lab/t.wdl")
