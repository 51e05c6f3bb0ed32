"""WDL zips and folders, some of them from people who mean harm: the whole command, and what it must not touch."""

import io
import json
import os
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.command import main
from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.source import source_copy
from miniwdl_aws_submit_cli.submit.source.source_archive import open_archive
from miniwdl_aws_submit_cli.submit.workflow_errors import wdl_errors
from miniwdl_aws_submit_cli.submit.workflow_source import read_source

WDL = "version 1.0\nworkflow w { input { Int n = 1 } }\n"
GOOD: dict[str, Any] = {"mainWorkflowURL": "main.wdl"}
FILE, LINK, PIPE = (kind | 0o644 for kind in (stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO))

Entry = tuple[str, str, int]


@pytest.fixture
def secret(here: Path) -> Iterator[Path]:
    """A file beside everything else, which stays as it is."""
    found = here / "secret"
    found.write_text("keep me")
    yield found
    assert found.read_text() == "keep me"


@pytest.fixture
def refusal(secret: Path) -> Callable[..., str]:
    """Read a source, which must be refused, and nothing changed; gives the sentence."""

    def run(*words: str) -> str:
        before = list_files(secret.parent)
        with pytest.raises(WorkflowError) as caught:
            packed(*words)
        assert "\n" not in caught.value.message
        assert list_files(secret.parent) == before
        return caught.value.message

    return run


def list_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def make_zip(*entries: Entry, manifest: object = GOOD, name: str = "flow.zip", wdl: str = WDL) -> str:
    with zipfile.ZipFile(name, "w") as archive:
        for entry, text, mode in (("MANIFEST.json", json.dumps(manifest), FILE), ("main.wdl", wdl, FILE), *entries):
            info = zipfile.ZipInfo()
            info.filename = entry  # zipfile would cut it at a NUL
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return name


def make_folder(manifest: object = GOOD, wdl: str = WDL) -> Path:
    folder = Path("flow")
    folder.mkdir()
    (folder / "main.wdl").write_text(wdl)
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    return folder


def packed(*words: str, mount: str = "/mnt/fsx") -> dict[str, str]:
    """Content of the archive for the workflow job."""
    with ExitStack() as stack:
        source = read_source(read_arguments(words, (), mount, {}), mount, stack)
        payload, again = source.build({}), source.build({})
    assert payload == again
    assert payload is not None
    with zipfile.ZipFile(io.BytesIO(payload.data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def opened(uri: str) -> tuple[str, str]:
    """Open an archive and pack it again: all that was read, or the sentence that refuses it."""
    try:
        with wdl_errors(uri), open_archive(uri, uri) as archive:
            inputs = Path(archive.input_file).read_text() if archive.input_file else ""
            with zipfile.ZipFile(io.BytesIO(archive.pack({"w.n": 1}, "flow.zip"))) as packed_again:
                texts = [packed_again.read(name).decode(errors="replace") for name in packed_again.namelist()]
    except WorkflowError as exc:
        return "", exc.message
    return "".join([inputs, *texts]), ""


def make(source: str, manifest: object, wdl: str = WDL) -> str:
    """A zip or a folder with inputs."""
    if source == "zip":
        return make_zip(("in.json", "{}", FILE), manifest=manifest, wdl=wdl)
    folder = make_folder(manifest, wdl)
    (folder / "in.json").write_text("{}")
    return str(folder)


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize("source", ["zip", "folder"])
def test_what_is_wrong_with_a_source_is_a_usage_error(
    aws: Any, parts: Any, secret: Path, capsys: pytest.CaptureFixture[str], source: str, more: list[str]
) -> None:
    name = make(source, {**GOOD, "inputFileURLs": ["in.json", str(secret)]})
    assert main(["--workflow-queue", "workflow", "--staging", "s3://bucket/st", name, *more]) == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"miniwdl-aws-submit: MANIFEST.json of {name} names '{secret}' in inputFileURLs, which lies")
    assert parts.staged == []
    found = aws.list_jobs(jobQueue="workflow", filters=[{"name": "AFTER_CREATED_AT", "values": ["0"]}])
    assert found["jobSummaryList"] == []


@pytest.mark.parametrize("source", ["zip", "folder"])
@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({**GOOD, "inputFileURLs": ["in.json", "SECRET"]}, "names 'SECRET' in inputFileURLs, which lies elsewhere"),
        ({**GOOD, "inputFileURLs": ["in.json", "../secret"]}, "names '../secret' in inputFileURLs, which lies else"),
        ({**GOOD, "inputFileURLs": ["SECRET"]}, "names 'SECRET' in inputFileURLs, which lies elsewhere"),
        ({"mainWorkflowURL": "SECRET"}, "names 'SECRET' in mainWorkflowURL, which lies elsewhere"),
        ({"mainWorkflowURL": "../secret"}, "names '../secret' in mainWorkflowURL, which lies elsewhere"),
        ({"mainWorkflowURL": "no.wdl"}, "names 'no.wdl' in mainWorkflowURL, and there is no such file in it"),
        ({"mainWorkflowURL": "x" * 5000}, "and there is no such file in it"),
        ({"mainWorkflowURL": "MANIFEST.json"}, "names 'MANIFEST.json' in mainWorkflowURL, which is the manifest"),
        ({**GOOD, "inputFileURLs": ["in.json", "no.json"]}, "names 'no.json' in inputFileURLs, and there is no such"),
        ({**GOOD, "inputFileURLs": ["in.json", "a\0b"]}, "names 'a\\x00b' in inputFileURLs, and there is no such"),
        ({**GOOD, "inputFileURLs": ["in.json", "."]}, "names '.' in inputFileURLs, and there is no such"),
        ({**GOOD, "inputFileURLs": ["in.json", "./main.wdl"]}, "names './main.wdl' in inputFileURLs, which is the WDL"),
        ({**GOOD, "inputFileURLs": ["in.json", "MANIFEST.json"]}, "in inputFileURLs, which is the manifest itself"),
        ({**GOOD, "inputFileURLs": "in.json"}, "inputFileURLs in MANIFEST.json of flow"),
        ({**GOOD, "inputFileURLs": ["in.json", 7]}, "must be a list of file names"),
        ({"mainWorkflowURL": ["main.wdl"]}, "Missing or invalid MANIFEST.json"),
        ([], "Missing or invalid MANIFEST.json"),
    ],
)  # fmt: skip
def test_each_file_that_a_manifest_names_lies_inside(
    refusal: Callable[..., str], secret: Path, source: str, manifest: object, message: str
) -> None:
    manifest = json.loads(json.dumps(manifest).replace("SECRET", str(secret)))
    assert message.replace("SECRET", str(secret)) in refusal(make(source, manifest))


PIECES = st.sampled_from(
    ["..", ".", "", "/", "in.json", "main.wdl", "sub", "secret", "SECRET", "\0", "\\", "é", "\ud800"]
)
NAMES = st.lists(PIECES, max_size=5).map("/".join) | st.text(max_size=5)


@given(main_wdl=st.just("main.wdl") | NAMES, inputs=st.none() | NAMES | st.lists(NAMES | st.integers(), max_size=4))
def test_whatever_a_manifest_says_nothing_outside_is_touched(main_wdl: str, inputs: object) -> None:
    with tempfile.TemporaryDirectory() as outside:
        secret = Path(outside, "secret")
        secret.write_text('{"w.n": 77}')
        text = json.dumps({"mainWorkflowURL": main_wdl, "inputFileURLs": inputs}).replace("SECRET", str(secret))
        name = make_zip(
            ("in.json", "{}", FILE), ("sub/main.wdl", WDL, FILE), ("sub/in.json", "{}", FILE),
            manifest=json.loads(text), name=f"{outside}/flow.zip",
        )  # fmt: skip
        read, sentence = opened(name)
        assert "\n" not in sentence
        assert "77" not in read
        assert sorted(path.name for path in Path(outside).iterdir()) == ["flow.zip", "secret"]
        assert secret.read_text() == '{"w.n": 77}'


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (("../secret", "gone", FILE), "flow.zip has the entry '../secret', which would lie outside"),
        (("a/../../secret", "gone", FILE), "'a/../../secret', which would lie outside"),
        (("/tmp/x", "x", FILE), "'/tmp/x', which would lie outside"),
        (("link", "../secret", LINK), "'link', which is a symbolic link"),
        (("pipe", "", PIPE), "'pipe', which is no plain file or folder"),
        (("..\\secret", "x", FILE), "'..\\\\secret', whose name has a NUL or a backslash in it"),
        (("main.wdl\0", "x", FILE), "'main.wdl\\x00', whose name has a NUL or a backslash in it"),
        (("main.wdl", "x", FILE), "'main.wdl' more than once"),
        (("./main.wdl", "x", FILE), "'./main.wdl' more than once"),
        (("main.wdl/x", "x", FILE), "'main.wdl' as file and as folder"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_of_a_zip(refusal: Callable[..., str], entry: Entry, message: str) -> None:
    assert message in refusal(make_zip(entry))


def test_a_zip_that_unpacks_to_too_much(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    make_zip(("zeros", "0" * 4000, FILE))
    monkeypatch.setattr(source_copy, "MAX_SIZE", 4000)
    assert "flow.zip holds more than" in refusal("flow.zip")
    monkeypatch.setattr(source_copy, "MAX_SIZE", 5000)
    assert packed("flow.zip")["zeros"] == "0" * 4000
    monkeypatch.setattr(source_copy, "MAX_FILES", 2)
    assert "flow.zip holds more than" in refusal("flow.zip")


@given(st.data())
def test_a_damaged_zip_is_one_sentence(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(make_zip(("sub/x", "x" * 50, FILE), name=f"{folder}/flow.zip"))
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        assert "\n" not in opened(str(path))[1]
        assert [found.name for found in Path(folder).iterdir()] == ["flow.zip"]


def test_a_zip_that_is_none(refusal: Callable[..., str], here: Path) -> None:
    (here / "flow.zip").write_text("no zip")
    assert "flow.zip can't be unpacked as a zip: File is not a zip file" in refusal("flow.zip")
    assert "the WDL no.zip can't be read: No such file" in refusal("no.zip")


def test_links_that_stay_in_a_folder_become_what_they_lead_to(here: Path) -> None:
    folder = make_folder({**GOOD, "inputFileURLs": ["latest.json"]})
    (folder / "in.json").write_text('{"w.n": 5}')
    (folder / "latest.json").symlink_to("in.json")
    (folder / "lib").mkdir()
    (folder / "lib/tasks.wdl").write_text("version 1.0\ntask t { command {} }\n")
    (folder / "sub").mkdir()
    (folder / "sub/lib").symlink_to(here / "flow/lib")
    (folder / "main.wdl").write_text(WDL.replace("workflow", 'import "sub/lib/tasks.wdl" as lib\nworkflow'))
    files = packed("flow")
    assert json.loads(files["default_input.json"]) == {"w.n": 5}
    assert files["sub/lib/tasks.wdl"] == files["lib/tasks.wdl"]
    assert files["in.json"] == '{"w.n": 5}'
    assert "latest.json" not in files
    assert (folder / "latest.json").is_symlink()


def test_a_folder_that_is_itself_a_link(here: Path) -> None:
    make_folder()
    (here / "current").symlink_to("flow")
    assert packed("current")["main.wdl"] == WDL


@pytest.mark.parametrize("name", ["MANIFEST.json", "main.wdl", "in.json", "sub"])
@pytest.mark.parametrize("target", ["SECRET", "../secret", "..", "../gone"])
def test_a_link_that_leads_out_of_a_folder(refusal: Callable[..., str], secret: Path, name: str, target: str) -> None:
    folder = make_folder()
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(target.replace("SECRET", str(secret)))
    assert f"'flow/{name}' is a symbolic link that leads out of flow, to {secret.parent}" in refusal("flow")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("..", "that leads out of flow"),
        (".", "leads back to a folder above it"),
        ("link", "leads nowhere"),
        ("gone", "leads nowhere"),
        ("sub", "'flow/link/back' leads back to a folder above it"),
    ],
)
def test_a_link_without_an_end(refusal: Callable[..., str], target: str, message: str) -> None:
    folder = make_folder()
    (folder / "link").symlink_to(target)
    (folder / "sub").mkdir()
    if target == "sub":
        (folder / "sub/back").symlink_to("../sub")
    assert message in refusal("flow")


def test_links_that_multiply(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder()
    for depth in range(40):
        (folder / f"d{depth}").mkdir()
        for twin in ("a", "b"):
            (folder / f"d{depth}/{twin}").symlink_to(f"../d{depth + 1}")
    (folder / "d40").mkdir()
    monkeypatch.setattr(source_copy, "MAX_FILES", 500)
    assert "flow holds more than" in refusal("flow")


@pytest.mark.parametrize("name", ["MANIFEST.json", "main.wdl", "pipe"])
def test_a_pipe_in_a_folder_is_neither_read_nor_waited_for(refusal: Callable[..., str], name: str) -> None:
    folder = make_folder()
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    assert f"'flow/{name}' is no file or folder" in refusal("flow")


def test_a_name_that_no_zip_can_hold(refusal: Callable[..., str]) -> None:
    Path(os.fsdecode(os.fsencode(make_folder()) + b"/\xff")).write_text("x")
    assert "'flow/\\udcff' has a name that is not valid UTF-8" in refusal("flow")


@pytest.mark.parametrize("source", ["zip", "folder"])
@pytest.mark.parametrize("uri", ["lib.wdl", "HERE/lib.wdl", "file://HERE/lib.wdl"])
def test_what_is_imported_lies_inside(refusal: Callable[..., str], here: Path, source: str, uri: str) -> None:
    (here / "lib.wdl").write_text("version 1.0\ntask t { command {} }\n")
    uri = uri.replace("HERE", str(here))
    name = make(source, GOOD, wdl=f'version 1.0\nimport "{uri}" as lib\nworkflow w {{}}\n')
    assert (
        f"{name}/main.wdl, line 2, column 1: Failed to import {uri}: it lies outside {name}, which must hold all that"
        in refusal(name, "-p", str(here))
    )


def test_an_import_by_a_path_that_the_job_sees_too(here: Path) -> None:
    (here / "fsx").mkdir()
    (here / "fsx/lib.wdl").write_text("version 1.0\ntask t { command {} }\n")
    make_folder(wdl=f'version 1.0\nimport "{here}/fsx/lib.wdl" as lib\nworkflow w {{}}\n')
    assert "main.wdl" in packed("flow", mount=str(here / "fsx"))


def test_nothing_is_written_to_where_a_url_leads(refusal: Callable[..., str], here: Path) -> None:
    url = f"https://example.org/{'../' * 20}{here}/secret"
    (here / "main.wdl").write_text(f'version 1.0\nimport "{url}" as lib\nworkflow w {{}}\n')
    assert "its address must not have .. in it" in refusal("main.wdl")


FILES_WDL = "version 1.0\nworkflow w { input { File f\nArray[File] more = [] } }\n"


@pytest.mark.parametrize(
    "inputs", [{"w.f": "SECRET"}, {"w.f": "secret"}, {"w.f": "s3://bucket/x", "w.more": ["/mnt/fsx/x", "SECRET"]}]
)
def test_a_zip_gets_no_file_that_it_asks_for_by_itself(
    refusal: Callable[..., str], secret: Path, inputs: dict[str, Any]
) -> None:
    text = json.dumps(inputs).replace("SECRET", str(secret))
    name = make_zip(("in.json", text, FILE), manifest={**GOOD, "inputFileURLs": ["in.json"]}, wdl=FILES_WDL)
    assert refusal(name) == f"flow.zip asks for '{secret}', which lies on this machine, by inputs of its own"


@pytest.mark.parametrize("words", [["f=secret"], ["-i", "mine.json"], []])
def test_whom_the_user_lets_have_a_file(secret: Path, words: list[str]) -> None:
    manifest = {**GOOD, "inputFileURLs": ["in.json"]}
    text = json.dumps({"w.f": str(secret), "w.more": ["s3://bucket/x", "/mnt/fsx/x"]})
    Path("mine.json").write_text(text)
    if words:
        name = make_zip(("in.json", text, FILE), manifest=manifest, wdl=FILES_WDL)
    else:
        name = str(make_folder(manifest, FILES_WDL))
        Path(name, "in.json").write_text(text)
    assert json.loads(packed(name, *words)["default_input.json"])["w.f"] == str(secret)


def test_bad_inputs_are_named_by_where_they_came_from(refusal: Callable[..., str]) -> None:
    make_zip(("in.json", "{", FILE), manifest={**GOOD, "inputFileURLs": ["in.json"]})
    assert refusal("flow.zip").startswith("-i flow.zip/in.json: not valid JSON")
