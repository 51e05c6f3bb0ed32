import io
import json
import os
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from WDL import Zip

from miniwdl_aws_hooks import RemoteInput
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.workflow_source import RunSource, read_source

NESTED = """version 1.2
struct Sample { String name
  Array[File] reads }
workflow nested {
  input { Sample s
    Map[String, Pair[Int, File]] m = {}
    Directory? d
    File? f }
}
"""


def load(*words: str, mount: str = "/mnt/fsx", uris: dict[str, str] | None = None) -> tuple[RunSource, dict[str, Any]]:
    """Read a source and unpack what its payload holds: names of files with their content."""
    with ExitStack() as stack:
        source = read_source(read_arguments(words, (), mount, {}), mount, stack)
        payload = source.build(uris or {})
    if payload is None:
        return source, {}
    if not payload.name.endswith(".zip"):
        return source, {payload.name: payload.data.decode()}
    with zipfile.ZipFile(io.BytesIO(payload.data)) as archive:
        return source, {name: archive.read(name).decode() for name in archive.namelist()}


def inputs_of(files: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files["default_input.json"])
    return found


def failure(*words: str) -> str:
    with pytest.raises(WorkflowError) as caught:
        load(*words)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_inputs_travel_inside_the_archive(here: Path) -> None:
    source, files = load("hello.wdl", "n=3", "--verbose", "greeting=hi there")
    assert source.name == "hello"
    assert source.arguments == ("@payload", "--verbose")
    assert files["hello.wdl"].startswith("version 1.0")
    assert inputs_of(files) == {"hello.n": 3, "hello.greeting": "hi there"}


def test_the_archive_is_one_that_miniwdl_opens_and_reproducible(here: Path) -> None:
    with ExitStack() as stack:
        arguments = read_arguments(["hello.wdl", "n=3"], (), "/mnt/fsx", {})
        source = read_source(arguments, "/mnt/fsx", stack)
        first, second = source.build({}), source.build({})
        assert first == second
        assert first is not None
        (here / first.name).write_bytes(first.data)
    with Zip.unpack(str(here / first.name)) as unpacked:
        assert Path(unpacked.main_wdl).name == "hello.wdl"


@pytest.mark.parametrize("form", ["literal", "file", "stdin"])
def test_inputs_from_json_are_merged_with_words(here: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    text = '{"hello.n": 1, "greeting": "from json"}'
    (here / "in.json").write_text(text)
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    given = {"literal": text, "file": "in.json", "stdin": "-"}[form]
    _source, files = load("hello.wdl", "-i", given, "n=2")
    assert inputs_of(files) == {"hello.n": 2, "hello.greeting": "from json"}


def test_local_files_are_found_at_any_depth_and_rewritten(here: Path) -> None:
    (here / "nested.wdl").write_text(NESTED)
    for name in ("a.fq", "b.fq", "ref.fa"):
        (here / name).write_text(name)
    (here / "folder").mkdir()
    given = {
        "nested.s": {"name": "s1", "reads": ["a.fq", "b.fq", "s3://bucket/c.fq"]},
        "nested.m": {"k": {"left": 1, "right": "ref.fa"}},
        "nested.d": "folder",
    }
    uris = {str(here / name): f"s3://staging/{name}" for name in ("a.fq", "b.fq", "ref.fa")}
    uris[str(here / "folder")] = "s3://staging/folder/"
    source, files = load("nested.wdl", "-i", json.dumps(given), "f=/mnt/fsx/there.txt", uris=uris)
    assert {item.path: item.directory for item in source.local_files} == {
        str(here / "a.fq"): False,
        str(here / "b.fq"): False,
        str(here / "ref.fa"): False,
        str(here / "folder"): True,
    }
    assert inputs_of(files) == {
        "nested.s": {"name": "s1", "reads": ["s3://staging/a.fq", "s3://staging/b.fq", "s3://bucket/c.fq"]},
        "nested.m": {"k": {"left": 1, "right": "s3://staging/ref.fa"}},
        "nested.d": "s3://staging/folder",
        "nested.f": "/mnt/fsx/there.txt",
    }
    assert source.notices == ("input /mnt/fsx/there.txt: read by the job as named, not checked here",)
    assert source.remote_inputs == (RemoteInput("s3://bucket/c.fq", "s"),)


def test_compound_values_on_the_command_line_hold_files_too(here: Path) -> None:
    (here / "nested.wdl").write_text(NESTED)
    (here / "a.fq").write_text("a")
    source, files = load("nested.wdl", 's={"name": "n", "reads": ["a.fq"]}', uris={str(here / "a.fq"): "s3://b/a.fq"})
    assert [item.path for item in source.local_files] == [str(here / "a.fq")]
    assert inputs_of(files)["nested.s"]["reads"] == ["s3://b/a.fq"]


def test_a_file_on_the_mount_is_not_staged_even_where_it_can_be_seen(here: Path) -> None:
    mount = here / "fsx"
    mount.mkdir()
    (mount / "r.fq").write_text("r")
    source, files = load("hello.wdl", "n=1", "reads=fsx/r.fq", mount=str(mount))
    assert source.local_files == ()
    assert source.notices == ()
    assert inputs_of(files)["hello.reads"] == [str(mount / "r.fq")]


def test_imports_travel(here: Path) -> None:
    (here / "lib").mkdir()
    (here / "lib" / "tasks.wdl").write_text("version 1.0\ntask t { command {} }\n")
    (here / "main.wdl").write_text('version 1.0\nimport "tasks.wdl" as lib\nworkflow w { call lib.t }\n')
    source, files = load("main.wdl", "-p", "lib", "--no-cache")
    assert source.arguments == ("@payload", "--no-cache")
    assert any(name.endswith("tasks.wdl") for name in files)


def test_a_source_archive_keeps_its_files_and_gets_the_inputs(here: Path) -> None:
    with zipfile.ZipFile(here / "src.zip", "w") as archive:
        archive.write("hello.wdl")
        archive.writestr("data/table.txt", "kept")
        archive.writestr("in.json", '{"hello.n": 5, "hello.greeting": "zipped"}')
        archive.writestr("MANIFEST.json", '{"mainWorkflowURL": "hello.wdl", "inputFileURLs": ["in.json"]}')
    source, files = load("src.zip", "n=6")
    assert source.arguments == ("@payload",)
    assert inputs_of(files) == {"hello.n": 6, "hello.greeting": "zipped"}
    assert files["data/table.txt"] == "kept"
    assert "in.json" not in files


def test_task_is_chosen_here_and_there(here: Path) -> None:
    source, files = load("hello.wdl", "--task", "say", "i=1", "greeting=x")
    assert source.name == "say"
    assert source.arguments == ("@payload", "--task", "say")
    assert inputs_of(files) == {"i": 1, "greeting": "x"}


@pytest.mark.parametrize("uri", ["/mnt/fsx/flows/align.zip", "/mnt/fsx/flows/align.wdl"])
def test_a_wdl_that_only_the_job_sees_is_passed_on_and_said_so(here: Path, uri: str) -> None:
    source, files = load(uri, "n=x", "whatever=1", "--verbose")
    assert source.arguments == (uri, "n=x", "whatever=1", "--verbose")
    assert files == {}
    assert source.name == "align"
    assert source.notices == (f"{uri} is read by the workflow job: neither it nor its inputs are checked here",)


def test_its_local_inputs_travel_as_payload(here: Path) -> None:
    (here / "in.json").write_text('{"align.n": 1}')
    source, files = load("/mnt/fsx/align.wdl", "-i", "in.json", "--no-cache", "x=1")
    assert source.arguments == ("/mnt/fsx/align.wdl", "x=1", "--input", "@payload", "--no-cache")
    assert {name: json.loads(text) for name, text in files.items()} == {"align.inputs.json": {"align.n": 1}}


def test_inputs_that_only_the_job_sees(here: Path) -> None:
    source, files = load("hello.wdl", "-i", "/mnt/fsx/in.json", "greeting=hi")
    assert source.arguments == ("@payload", "greeting=hi", "--input", "/mnt/fsx/in.json")
    assert "default_input.json" not in files
    assert "-i /mnt/fsx/in.json" in source.notices[0]


def test_inputs_that_only_the_job_sees_go_with_no_local_file(here: Path) -> None:
    (here / "r.fq").write_text("r")
    assert "lies on this machine" in failure("hello.wdl", "-i", "/mnt/fsx/in.json", "reads=r.fq")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["empty.wdl"], "the WDL empty.wdl can't be read: there is no WDL in it"),
        (["missing.wdl"], "the WDL missing.wdl can't be read: No such file or directory"),
        (["hello.wdl"], "missing required inputs for hello: n"),
        (["hello.wdl", "n=many"], "input n must be Int, not 'many'"),
        (["hello.wdl", "n=1", "m=2"], "No such input to hello: m"),
        (["hello.wdl", "n=1", "reads=no.fq"], "File not found: no.fq"),
        (["hello.wdl", "n=1", "ref=."], "File not found: ."),
        (["hello.wdl", "n=1", "oops"], "Invalid input name=value pair: oops"),
        (["hello.wdl", "n=1", "n=2"], "non-array input n duplicated"),
        (["hello.wdl", "-i", '{"hello.n": "x y"}'], "check JSON input"),
        (["hello.wdl", "-i", '{"hello.n": 1, "hello.reads": ["no.fq"]}'], "File not found: no.fq"),
        (["hello.wdl", "-i", "[1]"], "-i [1] can't be read"),
        (["hello.wdl", "-i", "{"], "-i {: not valid JSON"),
        (["hello.wdl", "-i", "no.json"], "-i no.json can't be read: No such file or directory"),
        (["hello.wdl", "--task", "nope", "n=1"], "no such task nope"),
        (["file:///flow.wdl"], "the WDL file:///flow.wdl can't be read: no plugin here reads file://"),
        (
            ["hello.wdl", "-i", "gs://bucket/in.json"],
            "-i gs://bucket/in.json can't be read: no plugin here reads gs://",
        ),
        (["/mnt/fsx/a.wdl", "-i", "{]"], "an input has a value"),
        ([".", "n=1"], "Missing or invalid MANIFEST.json"),
    ],
)
def test_mistakes_are_one_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    (here / "empty.wdl").write_text("\n # nothing yet\n")
    assert message in failure(*words)
    assert capsys.readouterr().err == ""


def test_a_file_of_inputs_that_is_missing_has_nothing_to_do_with_the_inputs_of_the_wdl(here: Path) -> None:
    with pytest.raises(WorkflowError) as caught:
        load("hello.wdl", "-i", "../wrong.json")
    assert caught.value.message == "-i ../wrong.json can't be read: No such file or directory"
    assert caught.value.hint == f"it would be {here.parent / 'wrong.json'}"
    with pytest.raises(WorkflowError) as caught:
        load("hello.wdl", "-i", "/nonexistent/wrong.json")
    assert caught.value.hint is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "version 1.0\nworkflow w {\n  input { Int x\n}\n",
            "bad.wdl, line 4, column 1: the file ends in the middle",
        ),
        (
            "version 1.1\nworkflow w {\n  scatter i in [1] {}\n}\n",
            "line 3, column 11: `i` makes no sense here",
        ),
        ("version 1.0\nworkflow w { call nope }\n", "bad.wdl, line 2, column 14: No such task/workflow: nope"),
        ("version 1.0\nworkflow w {\n  Int a = x\n  Int b = y\n}\n", "(and 1 more)"),
        ("version 1.1 workflow w {}\n", "bad.wdl: unknown WDL version 1.1 workflow w {}"),
        ('version 1.0\nimport "no.wdl"\nworkflow w {}\n', "line 2, column 1: Failed to import no.wdl: No such file"),
    ],
)
def test_errors_in_wdl_name_file_line_and_column(here: Path, text: str, message: str) -> None:
    (here / "bad.wdl").write_text(text)
    assert message in failure("bad.wdl")


def test_the_line_is_shown_with_a_caret_below_the_place(here: Path) -> None:
    for text, excerpt in {
        "version 1.1\nworkflow w {\n\tscatter i in [1] {}\n}\n": ("  3 |  scatter i in [1] {}", "    |          ^"),
        "version 1.0\nworkflow w { call nope }\n": ("  2 | workflow w { call nope }", "    |              ^"),
        "version 1.1 workflow w {}\n": (),
        "version 1.1\nworkflow w {" + " " * 300 + "scatter i\n}\n": (),
    }.items():
        (here / "bad.wdl").write_text(text)
        with pytest.raises(WorkflowError) as caught:
            load("bad.wdl")
        assert caught.value.excerpt == excerpt


def test_an_error_in_an_import_is_named_where_it_is(here: Path) -> None:
    (here / "lib.wdl").write_text("version 1.0\ntask t { command {} ")
    (here / "main.wdl").write_text('version 1.0\nimport "lib.wdl" as lib\nworkflow w { call lib.t }\n')
    assert failure("main.wdl").startswith("lib.wdl, line 2")


def test_a_wdl_that_is_no_text(here: Path) -> None:
    (here / "bad.wdl").write_bytes(b"\xff\xfe\x00")
    assert failure("bad.wdl") == "the WDL bad.wdl is not text in UTF-8"


def test_a_file_that_can_not_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "secret.fq").write_text("r")
    monkeypatch.setattr(os, "access", lambda path, _mode: not str(path).endswith("secret.fq"))
    assert failure("hello.wdl", "n=1", "reads=secret.fq") == "input reads: File can't be read: secret.fq"
