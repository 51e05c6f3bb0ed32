"""Read back with the library, as an archive would."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rocrate.rocrate import ROCrate

from miniwdl_aws_hooks.errors import MissingPartError
from miniwdl_aws_run_report.model import Run, State
from miniwdl_aws_run_report.writing.rocrate import PROFILES, write_crate

if TYPE_CHECKING:
    from pathlib import Path

RUN = Run(
    name="20261127_120000_align",
    target="align",
    state=State.SUCCEEDED,
    began=1_795_800_000.0,
    ended=1_795_800_090.0,
    source="../align.wdl",
    job_id="job-1",
    command="miniwdl-aws rerun job-1",
    miniwdl="1.16.0",
    inputs={
        "align.reads": ["s3://b/x 1.fq", "s3://b/x2.fq"],
        "align.again": "s3://b/x2.fq",
        "align.depth": 30,
        "align.reference": "s3://b/hg38/",
        "align.options": {"fast": True},
    },
    outputs={"align.bam": "/mnt/fsx/r/out/bam/x.bam", "align.note": "fine"},
)


@pytest.fixture
def read(tmp_path: Path) -> ROCrate:
    return read_back(RUN, tmp_path)


def read_back(run: Run, folder: Path) -> ROCrate:
    (folder / "ro-crate-metadata.json").write_text(write_crate(run))
    return ROCrate(folder)


def test_the_run_is_an_action_whose_instrument_is_the_workflow(read: ROCrate) -> None:
    (action,) = read.get_by_type("CreateAction")
    assert (action.id, action["startTime"], action["endTime"]) == (
        "#job-1", "2026-11-27T17:20:00+00:00", "2026-11-27T17:21:30+00:00",
    )  # fmt: skip
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert read.root_dataset["mentions"] == action
    assert action["instrument"] == read.mainEntity
    assert read.mainEntity.id == "align.wdl"
    assert set(read.mainEntity.type) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert read.mainEntity["programmingLanguage"]["name"] == "WDL"
    assert read.mainEntity["runtimePlatform"] == "miniwdl 1.16.0"


def test_it_conforms_to_the_profiles(read: ROCrate) -> None:
    assert {item.id for item in read.root_dataset["conformsTo"]} == set(PROFILES)


def test_each_value_says_of_which_parameter_it_is(read: ROCrate) -> None:
    (action,) = read.get_by_type("CreateAction")
    told = {item.id: item for item in [*action["object"], *action["result"]]}
    assert set(told) == {
        "s3://b/x%201.fq", "s3://b/x2.fq", "#input-align.depth-value", "#input-align.options-value", "s3://b/hg38/",
        "file:///mnt/fsx/r/out/bam/x.bam", "#output-align.note-value",
    }  # fmt: skip
    assert [item["name"] for item in told["s3://b/x2.fq"]["exampleOfWork"]] == ["reads", "again"]
    assert told["s3://b/hg38/"].type == "Dataset"
    assert told["#input-align.options-value"]["value"] == '{"fast": true}'
    parameters = {item["name"]: item["additionalType"] for item in read.mainEntity["input"]}
    assert parameters == {
        "reads": "File",
        "again": "File",
        "depth": "Integer",
        "reference": "File",
        "options": "PropertyValue",
    }


def test_the_same_run_is_written_alike(read: ROCrate) -> None:
    assert read.root_dataset["datePublished"] == "2026-11-27T17:21:30+00:00"
    assert write_crate(RUN) == write_crate(RUN)


def test_a_failed_run_with_hostile_texts(failed_run: Run, hostile: str, tmp_path: Path) -> None:
    crate = read_back(failed_run, tmp_path)
    (action,) = crate.get_by_type("CreateAction")
    assert action["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert action["error"].startswith("it failed with exit code 3 </script>")
    assert "\\u001b" not in write_crate(failed_run)
    assert read_back(replace(failed_run, source=f"https://x/{hostile}"), tmp_path).mainEntity.id.startswith(
        "https://x/"
    )


def test_a_run_of_which_little_is_known(tmp_path: Path) -> None:
    crate = read_back(Run("r", "", State.RUNNING, read_at=1.0), tmp_path)
    told = crate.get_by_type("CreateAction")[0].properties()
    assert "endTime" not in told
    assert told["actionStatus"] == "http://schema.org/ActiveActionStatus"


def test_without_the_library_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "rocrate"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rocrate", None)
    with pytest.raises(MissingPartError, match=r"--format ro-crate needs .*: pip install .*\[ro-crate\]"):
        write_crate(RUN)
