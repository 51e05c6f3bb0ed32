"""Files that a WDL names by URI itself are looked at like inputs."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_hooks import InputFinding, RemoteInput
from miniwdl_aws_submit_cli.submit.command import main
from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.workflow_source import read_source

WDL = """version 1.2
workflow w {
    input {
        File ref = "s3://lab/ref.fa"
        Directory? panel = "s3://lab/panel/"
        Array[File] known = ["s3://lab/1.vcf", "https://lab.org/2.vcf", "beside.vcf"]
        String text = "s3://lab/no-file"
        Boolean more = false
    }
    File worked_out = "s3://lab/~{text}"
    File chosen = if more then "s3://lab/a" else "s3://lab/b"
    if (more) { File maybe = "s3://lab/maybe" }
    scatter (i in range(2)) { call t as each { input: given = "s3://lab/each" } }
    call t { input: given = "s3://lab/given" }
    call u { input: replaced = worked_out }
}
task u {
    input { File replaced = "s3://lab/replaced" }
    command {}
}
task t {
    input {
        File given
        File adapters = "s3://lab/adapters"
    }
    File fixed = "s3://lab/fixed"
    command {}
}
"""


@pytest.fixture
def found(here: Path) -> Callable[..., dict[str, RemoteInput]]:
    """Find the files of a WDL by URI, by their names without the bucket."""
    (here / "w.wdl").write_text(WDL)

    def find(*words: str) -> dict[str, RemoteInput]:
        with ExitStack() as stack:
            source = read_source(read_arguments(["w.wdl", *words], [], "/mnt/fsx", {}), "/mnt/fsx", stack)
        return {item.uri.partition("://")[2].partition("/")[2]: item for item in source.remote_inputs}

    return find


def test_what_every_run_reads_is_found_by_its_name(found: Callable[..., dict[str, RemoteInput]]) -> None:
    files = found()
    assert {key: item.name for key, item in files.items()} == {
        "ref.fa": "ref",
        "panel/": "panel",
        "1.vcf": "known",
        "2.vcf": "known",
        "given": "t.given",
        "adapters": "t.adapters",
        "fixed": "t.fixed",
    }
    assert [key for key, item in files.items() if item.directory] == ["panel/"]


def test_what_an_input_takes_the_place_of_is_not(found: Callable[..., dict[str, RemoteInput]]) -> None:
    files = found("ref=s3://mine/other.fa", "--none", "panel", "known=s3://mine/k", "t.adapters=s3://mine/x")
    assert set(files) == {"other.fa", "k", "x", "given", "fixed"}
    assert files["x"].name == "t.adapters"


def test_one_that_is_gone_is_refused_by_its_name(
    aws: Any, parts: Any, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "w.wdl").write_text(WDL)
    parts.findings = [InputFinding("s3://lab/adapters", problem="it is gone")]
    assert main(["--workflow-queue", "workflow", "w.wdl"]) == 64
    assert "input t.adapters: it is gone" in capsys.readouterr().err
