"""Text of all kinds comes to the workflow job as it was."""

import io
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import WDL
import WDL.CLI
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from WDL import Zip

from miniwdl_aws_submit_cli.json_texts import readable_json
from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.workflow_source import read_source

SOURCE = """version 1.2
struct Gene {
  String name
}
workflow wf {
  input {
    String text = ""
    File? file
    Array[File] files = []
    Map[String, String] map = {}
    Gene? gene
  }
}
"""

GENE = "gene \U0001f9ec \U0001d4b3 \u00fc \\ud83e\\uddec \x7f"


def seen_by_the_job(*words: str) -> dict[str, Any]:
    """Read a submission's inputs, then those of its payload as miniwdl reads them."""
    with ExitStack() as stack:
        source = read_source(read_arguments(words, (), "/mnt/fsx", {}), "/mnt/fsx", stack)
        payload = source.build({item.path: f"s3://staging/{Path(item.path).name}" for item in source.local_files})
        assert payload is not None
        Path("payload.zip").write_bytes(payload.data)
        unpacked = stack.enter_context(Zip.unpack("payload.zip"))
        document = WDL.load(unpacked.main_wdl)
        _, inputs, _ = WDL.CLI.runner_input(
            document, [], unpacked.input_file, [], [], downloadable=lambda _path, _directory: True
        )
        return dict(WDL.values_to_json(inputs))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("wf.wdl").write_text(SOURCE)
    return tmp_path


@pytest.mark.parametrize("escaped", [True, False])
def test_letters_beyond_the_first_plane(here: Path, escaped: bool) -> None:
    name = "reads \U0001f9ec.fq"
    Path(name).touch()
    values = {
        "wf.text": GENE,
        "wf.map": {GENE: GENE},
        "wf.gene": {"name": GENE},
        "wf.files": [name, f"s3://bucket/{name}"],
    }
    Path("inputs.json").write_text(json.dumps(values, ensure_ascii=escaped).replace("\x7f", "\\u007f"))
    found = seen_by_the_job("wf.wdl", "-i", "inputs.json", f"file={name}")
    assert found == {
        "text": GENE,
        "map": {GENE: GENE},
        "gene": {"name": GENE},
        "files": [f"s3://staging/{name}", f"s3://bucket/{name}"],
        "file": f"s3://staging/{name}",
    }


def test_in_a_source_archive_and_its_name(here: Path) -> None:
    folder = here / "flow \U0001f9ec"
    folder.mkdir()
    (here / "wf.wdl").rename(folder / "wf \U0001f9ec.wdl")
    (folder / "MANIFEST.json").write_text(json.dumps({"mainWorkflowURL": "wf \U0001f9ec.wdl"}))
    assert seen_by_the_job(str(folder), f"text={GENE}") == {"text": GENE}


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))
def test_yaml_reads_it_as_json_does(values: object) -> None:
    text = readable_json({"x": values})
    assert json.loads(text) == {"x": values}
    assert YAML(typ="safe", pure=True).load(io.StringIO(text)) == {"x": values}


def test_a_backslash_before_what_looks_like_half_a_letter() -> None:
    """The other half stands for a byte in the name of a file that is not UTF-8."""
    text = "\\ud83e\udce9"
    assert json.loads(readable_json(text)) == text
