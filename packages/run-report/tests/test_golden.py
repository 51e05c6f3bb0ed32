"""
Runs of the local cloud as they were, read as they should be: an example, and one with a lost host and a failure.

``MINIWDL_AWS_WRITE_GOLDEN=1 pytest ...`` writes what is expected anew.
"""

from __future__ import annotations

import os
from datetime import UTC
from pathlib import Path

import pytest

from miniwdl_aws_core.records.folding import folded
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_run_report.reading.bucket import Bucket, read_bucket
from miniwdl_aws_run_report.reading.folder import read_folder
from miniwdl_aws_run_report.totals import totals_of_run
from miniwdl_aws_run_report.words import outcome
from miniwdl_aws_run_report.writing.page import write_page
from miniwdl_aws_run_report.writing.trace import write_trace

GOLDEN = Path(__file__).with_name("golden")
NOW = 1_800_000_000.0


@pytest.mark.parametrize("name", ["genome_stats", "lossy"])
def test_a_run_is_read_as_it_should_be(name: str) -> None:
    run = read_folder(GOLDEN / name, now=NOW, zone=UTC)
    told = [outcome(run, totals_of_run(run)), *write_trace(run)]
    if run.failure:
        told.append(f"{run.failure.call}: {run.failure.failure_class}: {run.failure.message}")
    text = "\n".join(told) + "\n"
    expected = GOLDEN / name / "expected.txt"
    if os.environ.get("MINIWDL_AWS_WRITE_GOLDEN"):
        expected.write_text(text)
    assert text == expected.read_text()
    assert run.name in write_page(run)


@pytest.mark.parametrize("name", ["genome_stats", "lossy"])
def test_from_s3_its_calls_are_read_alike(name: str) -> None:
    run = GOLDEN / name
    files = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    files |= {name: text.encode() for name, text in folded(run).items()}

    class Objects(Bucket):
        def read(self, uri: S3Uri, limit: int) -> bytes | None:
            return files.get(uri.basename)

    folder = S3Uri("results", f"{name}/")
    assert read_bucket(folder, Objects(object()), now=NOW).calls == read_folder(run, now=NOW, zone=UTC).calls
