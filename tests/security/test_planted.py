"""What a task plants where a run's own files are brings nothing of others to S3, and changes nothing of theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_hooks import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from promises import Promise

    from .conftest import Traces

SECRET = "canary-of-another-run"
MINE = "what the task made itself"

WDL = """version 1.1
workflow planting {
    input { Array[String] plants  String secrets }
    scatter (plant in plants) { call work { input: plant = plant, secrets = secrets } }
    output { Array[File] made = work.made }
}
task work {
    input { String plant  String secrets }
    command <<<
        run=${PWD%/jobs/*} secrets="~{secrets}"
        touch "$run/planted"
        echo "MINE" > made
        ~{plant}
    >>>
    output { File made = "made" }
}
""".replace("MINE", MINE)

OUTPUTS = {
    "an output that is a link out of the run": "ln -sf $secrets/secret.txt made",
    "the same by way of ..": "ln -sf ../../../../others/secret.txt made",
    "an output in a folder that is a link": "rm made; ln -s $secrets folder; ln -s folder/secret.txt made",
    "a folder of outputs that is a link": "ln -sfn $secrets $run/out",
    "a chain of links": "ln -s $secrets/secret.txt one; ln -s one two; ln -sf two made",
}
"""Plants of which each lets its task fail, or gives a broken output: what they lead to is no task's."""

BESIDE = {
    "links in the place of the streams": "for name in stdout.txt stderr.txt; do"
    " ln -sf $secrets/$name ../$name; ln -sf $secrets/$name $(dirname $(realpath .))/$name; done",
    "a link in the place of the run's log": "ln -sf $secrets/workflow.log $run/workflow.log",
    "links in the place of what the run ends with": "for name in outputs.json error.json; do"
    " ln -sf $secrets/$name $run/$name; done",
    "a link in the place of the inputs": "ln -sf $secrets/inputs.json $run/inputs.json",
    "a link among the task's files": "ln -s $secrets/secret.txt other; ln -s $secrets folder",
    "records that are links": "mkdir -p $run/.miniwdl-aws;"
    " for name in jobs hosts calls; do ln -sf $secrets/secret.txt $run/batch_$name.jsonl; done",
    "a report that is a link": "for name in report.html report.json trace.tsv; do"
    " ln -sf $secrets/secret.txt $run/$name; done",
    "a second name of a file": "ln $secrets/secret.txt second; ln -f $secrets/stderr.txt ../stderr2.txt",
}
"""Plants beside the outputs."""


@pytest.fixture
def others(root: Path) -> Path:
    """Another run's folder on the same file system, with files that are named like a run's own."""
    folder = root / "others"
    folder.mkdir(exist_ok=True)
    names = ("secret.txt", "stdout.txt", "stderr.txt", "workflow.log", "outputs.json", "error.json", "inputs.json")
    for name in names:
        (folder / name).write_text(SECRET)
    return folder


@pytest.mark.parametrize("kind", ["outputs", "beside"])
def test_nothing_of_others_leaves_by_what_a_task_plants(
    kind: str, shell: Any, root: Path, tmp_path: Path, others: Path, folder: str, traces: Traces, promise: Promise
) -> None:
    before = {path.parent for path in root.glob("miniwdl_run/2*/planted")}
    plants = OUTPUTS if kind == "outputs" else BESIDE
    (tmp_path / "planting.wdl").write_text(WDL)
    words = [f"plants={plant}" for plant in plants.values()]
    done = shell.submit(
        "planting.wdl", *words, f"secrets={others}", "--s3upload", f"{folder}/", "--follow", "--no-cache",
        env={"MINIWDL__SCHEDULER__FAIL_FAST": "false"},
    )  # fmt: skip
    (run_dir,) = {path.parent for path in root.glob("miniwdl_run/2*/planted")} - before
    assert (run_dir / "workflow.log").exists(), "it was planted where the run's files are"
    places = {re.sub(r"^(\w+) .*?([^/]*/[^/]*)$", r"\1 \2", place) for place in traces.find(SECRET)}
    assert {place for place in places if not place.startswith("file ")} == set(), done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert {path.read_text() for path in others.iterdir()} == {SECRET}, "nothing was written through a link"
    names = {key.rpartition("/")[2] for key in shell.keys("demo", folder.removeprefix("s3://demo/"))}
    if kind == "outputs":
        assert done.code not in (0, ExitCode.UPLOAD_FAILED), done.stderr
        assert "outputs.json" not in names
    promise(
        f"a task plants {'outputs that lead elsewhere' if kind == 'outputs' else 'links where the files of a run are'}",
        load="; ".join(plants),
        holds="nothing of another run is in S3, a log or on the terminal, and nothing was written there",
        seen=f"exit code {done.code}",
    )
