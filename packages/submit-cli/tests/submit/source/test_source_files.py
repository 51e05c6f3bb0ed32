"""Files that a WDL names relative to itself."""

import io
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.source import source_files
from miniwdl_aws_submit_cli.submit.workflow_source import read_source

MAIN = """version 1.2
import "../lib/tasks.wdl" as lib
struct Panel {
  File names
  String title
}
workflow wf {
  input {
    File names = "data/names.txt"
    Array[Directory] folders = ["data/folder"]
    Panel panel = Panel { names: "data/in struct.txt", title: "a title" }
    File? missing = "data/missing"
    File elsewhere = "s3://bucket/x"
    String text = "data/title"
  }
  call lib.t { input: f = "data/of call.txt" }
  Array[String] read = read_lines("data/read [1].txt")
}
"""
LIB = """version 1.2
task t {
  input {
    File f
    File own = "data/own.txt"
  }
  File later = "data/later.txt"
  command {}
  output { File out = "data/out.txt" }
}
"""
TRAVEL = {
    "data/names.txt", "data/folder/a", "data/folder/deep/b", "data/in struct.txt", "data/of call.txt",
    "data/read [1].txt", "default_input.json",
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [*TRAVEL, "data/title"]:
        (tmp_path / "main" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "main" / name).write_text(name)
    for name in ("own.txt", "later.txt", "out.txt"):
        (tmp_path / "lib" / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib" / "data" / name).write_text(f"lib {name}")
    (tmp_path / "main" / "wf.wdl").write_text(MAIN)
    (tmp_path / "lib" / "tasks.wdl").write_text(LIB)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def packed(*words: str) -> dict[str, str]:
    with ExitStack() as stack:
        source = read_source(read_arguments(["main/wf.wdl", *words], (), "/mnt/fsx", {}), "/mnt/fsx", stack)
        payload = source.build({})
    assert payload is not None
    with zipfile.ZipFile(io.BytesIO(payload.data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_they_travel_with_the_wdl_that_names_them(here: Path) -> None:
    (here / "main/default_input.json").unlink()
    files = packed()
    ours = {name: text for name, text in files.items() if "outside" not in name}
    assert set(ours) == TRAVEL - {"default_input.json"} | {"wf.wdl", "MANIFEST.json"}
    assert all(ours[name] == name for name in TRAVEL - {"default_input.json"})
    theirs = {name.rpartition("/lib/")[2]: text for name, text in files.items() if "outside" in name}
    assert set(theirs) == {"tasks.wdl", "data/own.txt", "data/later.txt"}
    assert theirs["data/own.txt"] == "lib own.txt"


def test_before_wdl_1_2_such_a_path_means_nothing(here: Path) -> None:
    (here / "main/wf.wdl").write_text('version 1.1\nworkflow wf { input { File names = "data/names.txt" } }\n')
    assert set(packed()) == {"wf.wdl", "MANIFEST.json"}


def test_the_inputs_of_a_run_take_the_name_of_none_of_them(here: Path) -> None:
    (here / "main/wf.wdl").write_text(MAIN.replace("data/names.txt", "default_input.json"))
    files = packed("text=x")
    assert files["default_input.json"] == "default_input.json"
    assert '"wf.text": "x"' in files["_default_input.json"]
    assert '"_default_input.json"' in files["MANIFEST.json"]


def test_a_link_that_leads_out_is_named(here: Path) -> None:
    (here / "secret").touch()
    (here / "main/data/names.txt").unlink()
    (here / "main/data/names.txt").symlink_to(here / "secret")
    with pytest.raises(WorkflowError, match=r"main/data/names\.txt"):
        packed()


def test_too_much(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "MAX_SIZE", 10)
    with pytest.raises(WorkflowError, match=r"wf\.wdl names beside itself"):
        packed()
